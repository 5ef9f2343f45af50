"""`penstock tui --web` as a person starts and ends it."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, CookieJar, WSMsgType

from tests.tui.logs import Log
from tests.tui.web.processes import children, needs_proc, said_of, wait_until_gone

pytestmark = [pytest.mark.slow, needs_proc]

COMMAND = (sys.executable, "-m", "penstock", "tui", "--web")


class Running:
    """The command, and the address it printed."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address

    @property
    def screens(self) -> list[int]:
        return children(self.process.pid)

    async def show(self, session: ClientSession) -> None:
        """Open a tab, and wait for what it draws first."""
        home = self.address.split("/?")[0]
        await session.get(self.address)
        tab = await session.ws_connect(f"{home}/ws?width=80&height=24", headers={"Origin": home})
        async with asyncio.timeout(60):
            assert (await tab.receive()).type is WSMsgType.BINARY


@pytest.fixture
async def running(log: Log) -> AsyncIterator[Running]:
    log.started()
    command = [*COMMAND, "--port", "0", "--store", str(log.path)]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    said = (await process.stdout.readline()).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", said)
    assert found, said
    yield Running(process, found[0])
    if process.returncode is None:
        process.kill()
        await process.wait()
    process._transport.close()  # type: ignore[attr-defined]


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_it_leaves_cleanly(running: Running, session: ClientSession, number: signal.Signals) -> None:
    """Told to end, it ends well, says nothing more, and leaves no screen behind."""
    await running.show(session)
    screens = running.screens
    assert len(screens) == 1
    running.process.send_signal(number)
    async with asyncio.timeout(30):
        said, errors = await running.process.communicate()
    assert (running.process.returncode, errors) == (0, b"")
    assert b"Traceback" not in said
    await asyncio.to_thread(wait_until_gone, screens)


async def test_a_killed_server_leaves_no_screen(running: Running, session: ClientSession) -> None:
    """It had no time for goodbyes: the screen sees that its pipe has ended."""
    await running.show(session)
    screens = running.screens
    running.process.kill()
    await running.process.wait()
    await asyncio.to_thread(wait_until_gone, screens)


async def test_no_token_on_a_command_line(running: Running, session: ClientSession) -> None:
    """Command lines and environments are read by others; what opens the screen is in neither."""
    await running.show(session)
    token = running.address.split("token=")[1].encode()
    for pid in (running.process.pid, *running.screens):
        assert token not in said_of(pid)


def test_a_taken_port_is_said(log: Log) -> None:
    """A sentence and an exit code."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port, "--store", str(log.path)], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr
