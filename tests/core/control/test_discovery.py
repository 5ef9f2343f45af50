"""How a proxy is found, and how it is not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from penstock.control import discovery
from penstock.control.discovery import (
    GATEWAY,
    Announcement,
    all_beside,
    announce,
    announced,
    answers,
    file_beside,
    free_port,
    gateway_port,
    is_free,
    read,
    renew,
    withdraw,
)

HERE = Announcement(os.getpid(), "127.0.0.1", 1, "default", "/store.db", "/ca.pem", 1.0, {"openai": "http://x/v1"})


def test_is_found_while_it_listens(tmp_path: Path) -> None:
    """A process that lives and a port that answers: both."""
    file = tmp_path / "state" / "proxy.json"
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = replace(HERE, port=server.getsockname()[1])
        announce(here, file)
        assert announced(file) == here
    assert announced(file) is None


def test_is_found_when_the_machine_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop gets one from the network it is in."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(socket, "gethostname", lambda: "of-this-network")
        discovery._place.cache_clear()
        here = replace(HERE, port=server.getsockname()[1], place=discovery._place())
        announce(here, tmp_path / "proxy.json")
        monkeypatch.setattr(socket, "gethostname", lambda: "of-another")
        discovery._place.cache_clear()
        assert announced(tmp_path / "proxy.json") == here


def test_is_not_found_when_its_process_is_gone(tmp_path: Path) -> None:
    """A proxy that was killed leaves its file behind, and another program may have its port by now."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with socket.create_server(("127.0.0.1", 0)) as server:
        announce(replace(HERE, pid=gone.pid, port=server.getsockname()[1]), tmp_path / "proxy.json")
        assert announced(tmp_path / "proxy.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', json.dumps(asdict(HERE) | {"more": 1})])
def test_a_file_that_says_something_else_is_no_proxy(tmp_path: Path, text: str) -> None:
    """Cut short, or written by another version: nothing is found, nothing raised."""
    (tmp_path / "proxy.json").write_text(text, encoding="utf-8")
    assert read(tmp_path / "proxy.json") is None
    assert announced(tmp_path / "proxy.json") is None


def test_the_port_of_a_running_gateway_is_found_by_its_store(tmp_path: Path) -> None:
    """That of a proxy that ended, or has no gateway, is none."""
    store = tmp_path / "penstock.db"
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = replace(HERE, port=server.getsockname()[1])
        announce(here, file_beside(store, os.getpid()))
        assert gateway_port(store) is None
        announce(replace(here, reverse={GATEWAY: "http://[::1]:8290"}), file_beside(store, os.getpid()))
        assert gateway_port(store) == 8290
    assert gateway_port(store) is None


def test_files_of_killed_proxies_go_when_another_is_announced(tmp_path: Path) -> None:
    """Beside the store. Those of living ones stay, whether they listen or not, and so does what is no announcement, and
    those of another container that shares the folder: its processes have numbers of their own."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    store = tmp_path / "penstock.db"
    left, living, other, elsewhere = (file_beside(store, pid) for pid in (gone.pid, os.getppid(), 1, 2))
    announce(replace(HERE, pid=gone.pid), left)
    announce(replace(HERE, pid=os.getppid()), living)
    announce(replace(HERE, pid=gone.pid, place="another container"), elsewhere)
    other.write_text("{}", encoding="utf-8")
    announce(HERE, file_beside(store, HERE.pid))
    assert sorted(other.parent.iterdir()) == sorted([living, other, elsewhere, file_beside(store, HERE.pid)])


@pytest.mark.parametrize("step", ["read", "_is_dead"])
def test_what_another_proxy_that_starts_deletes_first_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Of two that start at the same time, both find the file of a dead one: before its age is asked for, or after."""
    store = tmp_path / "penstock.db"
    left, own = file_beside(store, 2), file_beside(store, HERE.pid)
    announce(replace(HERE, place="another container"), left)
    os.utime(left, (0, 0))
    real: Callable[[Path], object] = getattr(discovery, step)

    def deleting(file: Path) -> object:
        found = real(file)
        if file == left:
            left.unlink()
        return found

    monkeypatch.setattr(discovery, step, deleting)
    announce(HERE, own)
    assert list(own.parent.iterdir()) == [own]


def test_files_of_another_container_go_when_they_were_not_renewed_for_a_week(tmp_path: Path) -> None:
    """Nobody else deletes those that a container leaves which is gone itself. One that still runs renews its own, or
    announces itself again."""
    store, elsewhere = tmp_path / "penstock.db", replace(HERE, place="another container")
    long_ago = time.time() - discovery.GONE_S - 60
    left, renewed = file_beside(store, 2), file_beside(store, 3)
    for file in (left, renewed):
        announce(elsewhere, file)
        os.utime(file, (long_ago, long_ago))
    renew(elsewhere, renewed)
    announce(HERE, file_beside(store, HERE.pid))
    assert (left.exists(), renewed.exists()) == (False, True)
    renew(elsewhere, left)
    assert read(left) == elsewhere


def test_a_proxy_in_another_container_is_none_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That shares the folder, and whose process has the same number. Neither replaces nor deletes what the other
    announced."""
    store = tmp_path / "penstock.db"
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = replace(HERE, port=server.getsockname()[1])
        announce(here, file_beside(store, HERE.pid))
        monkeypatch.setattr(discovery, "_place", lambda: "another container")
        there = replace(here, place="another container", started=2.0)
        announce(there, file_beside(store, HERE.pid))
        assert all_beside(store) == [there]
        withdraw(file_beside(store, HERE.pid), HERE.pid)
        monkeypatch.undo()
        assert all_beside(store) == [here]
        announce(there, tmp_path / "proxy.json")
        assert announced(tmp_path / "proxy.json") is None
        withdraw(tmp_path / "proxy.json", HERE.pid)
        assert read(tmp_path / "proxy.json") == there


def test_takes_back_its_own_only(tmp_path: Path) -> None:
    """A newer proxy may have announced itself meanwhile."""
    file = tmp_path / "proxy.json"
    announce(HERE, file)
    withdraw(file, HERE.pid + 1)
    assert file.exists()
    withdraw(file, HERE.pid)
    assert not file.exists()
    withdraw(file, HERE.pid)


@pytest.mark.parametrize(
    ("host", "user", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:80"),
        ("0.0.0.0", "", "http://127.0.0.1:80"),
        ("::", "", "http://[::1]:80"),
        ("::1", "", "http://[::1]:80"),
        # Clients made with Bun need a password beside the user.
        ("127.0.0.1", "codex", "http://codex:x@127.0.0.1:80"),
    ],
)
def test_gives_the_address_a_client_uses(host: str, user: str, url: str) -> None:
    """From this machine, whatever it listens on."""
    assert replace(HERE, host=host, port=80).url(user) == url


def test_a_port_that_is_listened_on_is_not_free() -> None:
    """And it answers; when the server is gone it is free again, at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        assert answers("127.0.0.1", port)
        socket.create_connection(("127.0.0.1", port)).close()
        server.accept()[0].close()
    assert is_free("127.0.0.1", port)
    assert not answers("127.0.0.1", port)


def test_any_port_is_free() -> None:
    """Port 0 asks the system for one."""
    assert is_free("127.0.0.1", 0)
    assert is_free("127.0.0.1", free_port("127.0.0.1"))


def test_an_address_of_another_machine_is_not_free() -> None:
    """Nobody here can listen on it."""
    assert not is_free("192.0.2.1", 0)
