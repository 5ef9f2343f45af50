"""Fixture `command`: runs a command of `penstock` against a running service, with its address and token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.cli.app import build
from tests.service.conftest import TOKEN, Service

Command = Callable[..., Result]


@pytest.fixture
def command(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `penstock` with these words, by the token and the address of the service."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    monkeypatch.setenv("PENSTOCK_SERVICE", service.url)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "service-token").write_text(TOKEN)

    def run(*words: str) -> Result:
        return CliRunner().invoke(build(), list(words))

    return run
