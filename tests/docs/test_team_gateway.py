"""What the how-to of the gateway shows is typed as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.cli import build
from penstock.gateway.base_urls import check_base_url
from penstock.gateway.provider_kinds import endpoint_of

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = (DOCS / "how-to" / "team-gateway.md").read_text(encoding="utf-8")


def test_its_commands_go_well_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for those that ask somebody, or stay. A credential comes from the environment, where a person is asked."""
    monkeypatch.setenv("CREDENTIAL", "sk-ant-none")
    monkeypatch.setattr(
        "penstock.gateway.providers.check_base_url", lambda url, **_: check_base_url(url, is_private_allowed=True)
    )
    lines = [line.split("#")[0] for line in re.findall(r"^penstock (.*)$", HOW_TO, re.M)]
    lines += [one.removeprefix("penstock ") for one in re.findall(r"`(penstock [a-z]+ (?:add|set) [^`]+)`", HOW_TO)]
    typed = 0
    for line in lines:
        words = shlex.split(line)
        if words[0] == "up" or words[:2] == ["providers", "models"]:
            continue
        more = {("providers", "add"): ["--credential-env", "CREDENTIAL"], ("keys", "revoke"): ["--yes"]}
        found = CliRunner().invoke(build(), [*words, *more.get((words[0], words[1]), [])], prog_name="penstock")
        assert found.exit_code == 0, (line, found.output)
        typed += 1
    assert typed >= 8


def test_the_paths_of_the_reference_are_those_it_takes() -> None:
    text = (DOCS / "reference" / "gateway.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `POST (.*?) \|", text, re.M)
    paths = [path.replace("NAME", "m") for row in rows for path in re.findall(r"/[\w/:]+", row)]
    assert len(paths) >= 9
    assert all(endpoint_of(path) for path in paths), paths
