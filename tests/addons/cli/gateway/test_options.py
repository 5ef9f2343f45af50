"""What the commands of the gateway share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addons.cli.gateway.conftest import Say


@pytest.mark.parametrize(
    "command", ["keys list", "providers list", "workspaces list", "quotas list", "usage", "keys list --json"]
)
def test_looking_begins_no_gateway(say: Say, penstock_home: Path, command: str) -> None:
    """One that is begun would have a tab on the screen, and a warning of `penstock doctor`."""
    say(*command.split())
    assert not list(penstock_home.rglob("*"))
