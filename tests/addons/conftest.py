"""Fixtures for tests of the commands and addons: a provider, a certificate authority, `penstock` in this process or as
processes on free ports, all in a home of their own and gone after the test."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.cli import build
from penstock.control.discovery import Announcement, announce, default_file
from penstock_addons.cli.certificate_authority import ROOT_VARIABLES, certificate, ensure
from penstock_addons.cli.child import ChildProxy
from tests.addons.cli.program import Program
from tests.road.provider import Provider

Run = Callable[..., Result]
Start = Callable[..., Program]


@pytest.fixture(autouse=True)
def _no_home_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No certificate, proxy or client setting of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("PROFILE", "UPSTREAM_PROXY", "PROXY_FILE"):
        monkeypatch.delenv(f"PENSTOCK_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "OLLAMA_HOST", *ROOT_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority; making one takes longer than most tests."""
    return ensure(tmp_path_factory.mktemp("authority")).parent


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """A provider on loopback."""
    provider = Provider()
    yield provider
    provider.close()
    assert not provider.faults


@pytest.fixture
def run() -> Run:
    """Runs `penstock` with these words behind it, in this process."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(build(), list(words), prog_name="penstock")

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `penstock` with these words behind it, as a process; what still runs after the test is stopped."""
    with ExitStack() as stack:

        def start(*words: str, **environ: str) -> Program:
            program = Program(words, {"TMPDIR": str(tmp_path), **environ})
            stack.callback(program.stop)
            return program

        yield start


@pytest.fixture
def up(start: Start, confdir: Path) -> Callable[..., Program]:
    """Starts a proxy and waits until it listens."""

    def up(*words: str, **environ: str) -> Program:
        program = start("up", "--port", "0", "--confdir", str(confdir), *words, **environ)
        program.wait_until_up()
        return program

    return up


@pytest.fixture
def pretended(confdir: Path) -> Iterator[Announcement]:
    """A proxy that is announced and answers, for tests that only ask what is made of it. It is this process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ca = str(certificate(confdir))
        here = Announcement(os.getpid(), "127.0.0.1", server.getsockname()[1], "default", "/s.db", ca, 1.0)
        announce(here, default_file())
        yield here


@pytest.fixture(scope="session")
def shared(provider: Provider, confdir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildProxy]:
    """A real proxy that reads what goes to `provider`. Tests find it by the variable that names its announcement."""
    home = tmp_path_factory.mktemp("shared")
    options = ["--port", "0", "--confdir", str(confdir), "--", "--set", f"penstock_hosts=127.0.0.1:{provider.port}"]
    with ChildProxy(options, {**os.environ, "HOME": str(home), "PENSTOCK_HOME": str(home)}) as child:
        yield child
