"""The commands that change memories."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from penstock.cli import build
from tests.addons.conftest import Run


@pytest.mark.usefixtures("folder")
def test_a_text_in_another_encoding_is_refused(run: Run) -> None:
    """It was stored with `?` in place of each byte that is not UTF-8."""
    refused = CliRunner().invoke(build(), ["memory", "add", "-"], input="we met in the café".encode("latin1"))
    assert (refused.exit_code, "stdin is not UTF-8: byte 0xe9" in refused.output) == (2, True)
    assert "nothing is remembered" in run("memory", "list", "--all").output
