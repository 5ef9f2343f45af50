"""No file of another user is written through a link, run as a plugin, or left open for others to read."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import body_for
from tests.road.client import Road
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping
from tests.road.stages import COUNTING
from tests.road.test_start import refused

pytestmark = pytest.mark.slow

PATH = "/v1/messages"
PROGRAM = Path(sys.executable).with_name("penstock")


def environment_of(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "PENSTOCK_HOME": str(home), "HOME": str(home)}


def penstock(home: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What a person's command says."""
    environment = environment_of(home)
    return subprocess.run(
        [str(PROGRAM), *words], env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def home(start: Callable[..., Road], tmp_path: Path) -> Path:
    """Of a proxy that has stopped, with one exchange in its log."""
    road = start()
    road.post(PATH, body_for(PATH, "one turn"))
    road.proxy.wait_event(EventKind.ANSWERED)
    road.proxy.stop()
    return tmp_path


COMMANDS = {
    "export": ("export", "--output"),
    "report": ("report", "--force", "--output"),
    "screenshot": ("tui", "--screenshot"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_planted_link_is_not_written_through(home: Path, command: str) -> None:
    """At the name itself: what it leads to is whole afterwards, whatever became of the command."""
    shared, own = home / "shared", home / "precious"
    shared.mkdir()
    own.write_text("precious", encoding="utf-8")
    target = shared / "out.json"
    target.symlink_to(own)
    said = penstock(home, *COMMANDS[command], str(target))
    assert own.read_text(encoding="utf-8") == "precious"
    assert said.returncode != 0
    assert "is a link" in said.stderr + said.stdout
    assert [file.name for file in shared.iterdir()] == ["out.json"]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_that_can_be_guessed_is_written(home: Path, command: str, tmp_path: Path) -> None:
    """Nor at the name of what is written meanwhile: it is random, and must not be there yet. The process's number is
    the one thing that a stranger can foresee of it, so links stand at all that it may be."""
    shared, own = home / "shared", home / "precious"
    shared.mkdir()
    own.write_text("precious", encoding="utf-8")
    script = (
        "import os, sys, pathlib\n"
        "folder, own = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "for name in (f'out.svg.{os.getpid()}.part', f'out.svg.{os.getpid()}', 'out.svg.part', 'out.svg.tmp'):\n"
        "    (folder / name).symlink_to(own)\n"
        "os.execv(sys.argv[3], sys.argv[3:])\n"
    )
    environment = environment_of(home)
    words = [*COMMANDS[command], str(shared / "out.svg")]
    command_line = [sys.executable, "-c", script, str(shared), str(own), str(PROGRAM), *words]
    done = subprocess.run(command_line, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert own.read_text(encoding="utf-8") == "precious"
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((shared / "out.svg").stat().st_mode) == 0o600


def test_the_state_folder_is_its_owners(start: Callable[..., Road], tmp_path: Path) -> None:
    """Also where it was there before, open to others: it holds keys, events and what was said."""
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    road = start()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [f for f in road.proxy.setup.store.parent.iterdir() if f.is_file() and f.stat().st_mode & 0o077] == []


LOOSE = {
    "a folder that all may write": ("folder", 0o777),
    "a file that all may write": ("file", 0o666),
}


@pytest.mark.parametrize("how", LOOSE)
def test_a_plugin_that_others_can_write_is_refused(tmp_path: Path, how: str) -> None:
    """The proxy does not start, and says which path, why, and what to do; `doctor` says the same."""
    which, mode = LOOSE[how]
    setup = Setup(tmp_path, plugins={"mine": COUNTING})
    setup.write()
    path = setup.plugin_folder if which == "folder" else setup.plugin_folder / "mine.py"
    path.chmod(mode)
    output = refused(setup)
    assert str(path) in output
    assert "chmod" in output
    told = penstock(tmp_path, "doctor")
    assert str(path) in " ".join(told.stdout.split())
    assert told.returncode == 1


@pytest.mark.parametrize("command", ["pause", "settings show", "down --yes"])
def test_commands_work_while_the_upstream_is_down(provider: Provider, tmp_path: Path, command: str) -> None:
    """The port that answers a command stands for a provider that does not."""
    with stopping(Proxy(Setup(tmp_path, upstream=closed_port()))) as proxy:
        proxy.port()
        said = penstock(tmp_path, *command.split())
        assert said.returncode == 0, said.stderr


def test_commands_go_to_a_port_that_takes_them(provider: Provider, tmp_path: Path) -> None:
    """Where the first listener speaks another protocol, or none."""
    first = f"reverse:tcp://127.0.0.1:{closed_port()}@127.0.0.1:{closed_port()}"
    with stopping(Proxy(Setup(tmp_path, upstream=provider.port, first_mode=first))) as proxy:
        proxy.port()
        said = penstock(tmp_path, "settings", "show")
        assert said.returncode == 0, said.stderr


def test_a_client_hears_that_the_upstream_is_down(tmp_path: Path) -> None:
    """As an answer, not as a connection that ends."""
    with stopping(Proxy(Setup(tmp_path, upstream=closed_port()))) as proxy:
        road = Road(proxy, Provider())
        call = road.send(PATH, body_for(PATH, "anybody?"))
        assert call.response().status == 502
        assert call.wait(EventKind.FAILED).payload["why"] == "connection"
        road.provider.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
