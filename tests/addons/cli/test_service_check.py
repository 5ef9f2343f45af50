"""What `penstock doctor` says of the service and its file of contexts."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.control.discovery import Announcement, announce, free_port, service_file, services_beside
from penstock.profiles.service import ServiceSettings
from penstock_addons.cli.check_result import CheckResult, Level
from penstock_addons.cli.service_check import service
from penstock_service.server import ServiceServer
from tests.addons.conftest import Start
from tests.road.proxy import wait_until


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "penstock.db"


@pytest.fixture
def up(store: Path) -> Iterator[ServiceServer]:
    """A service in this process that answers."""
    server = ServiceServer(store, ServiceSettings())
    server.start()
    wait_until(lambda: bool(services_beside(store)[0]), "it is announced")
    yield server
    server.stop()


def _ended_process() -> int:
    """The id of a process that is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_where_there_is_none_nothing_is_made(store: Path) -> None:
    found = service(store)
    assert (found.level, found.said) == (Level.OK, "none is up")
    assert not store.parent.exists()


def test_one_that_is_up_is_named_until_it_ends(up: ServiceServer, store: Path) -> None:
    with closing(Contexts.beside(store)) as contexts, contexts.write("default", "me") as writer:
        writer.put("a", NewContext(1))
    found = service(store)
    assert found.level is Level.OK, found
    assert f"up ({up.url} of process {os.getpid()})" in found.said
    assert f"1 context in {store.parent / 'contexts.db'}" in found.said
    up.stop()
    assert service(store).said.startswith("none is up")


@pytest.mark.parametrize("name", ["contexts.db", "jobs.db"])
def test_a_deleted_file_of_a_service_is_named(up: ServiceServer, store: Path, name: str) -> None:
    """With the service whose calls fail, and what to do."""
    file = store.parent / name
    file.unlink()
    found = service(store)
    assert found.level is Level.FAIL
    assert f"{file} was deleted under the service that is up ({up.url}" in found.said
    assert "start it again" in found.fix
    assert "penstock restore" in found.fix


def test_a_replaced_file_of_contexts_is_named(up: ServiceServer, store: Path) -> None:
    """A file that is sound, and not the one that the service has open."""
    file = store.parent / "contexts.db"
    for left in store.parent.glob("contexts.db*"):
        left.unlink()
    Contexts(file).close()
    found = service(store)
    assert found.level is Level.FAIL
    assert f"{up.url} of process {os.getpid()} cannot use its contexts (store" in found.said


@pytest.mark.parametrize("damage", ["no database", "a page", "empty"])
def test_a_damaged_file_of_contexts_fails_and_stays(store: Path, damage: str) -> None:
    with closing(Contexts.beside(store)) as contexts, contexts.write("default", "me") as writer:
        writer.put("a", NewContext("word " * 20_000))
    file = store.parent / "contexts.db"
    content = bytearray(file.read_bytes())
    if damage == "no database":
        content[:100] = b"x" * 100
    elif damage == "a page":
        content[4096:12_288] = b"x" * 8192
    else:
        content.clear()
    file.write_bytes(content)
    found = service(store)
    assert found.level is Level.FAIL
    assert str(file) in found.said
    assert "move the file away" in found.fix
    assert "\n" not in found.said
    assert file.read_bytes() == content


def test_a_full_disk_costs_no_file_of_contexts(store: Path) -> None:
    """SQLite says "disk I/O error" where it cannot make the file of its shared memory."""
    with closing(Contexts.beside(store)) as contexts, contexts.write("default", "me") as writer:
        writer.put("a", NewContext("word"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        found = service(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.level is Level.FAIL
    assert "Make room on its disk" in found.fix
    assert "move" not in found.fix


def test_one_that_was_killed_is_named(store: Path) -> None:
    """Until the next one starts, which removes what it left."""
    here = Announcement(_ended_process(), "127.0.0.1", free_port("127.0.0.1"), "", str(store), "", 1.0)
    service_file(store, here.pid).parent.mkdir(parents=True)
    service_file(store, here.pid).write_text(json.dumps(asdict(here)))
    found = service(store)
    assert found.level is Level.WARN
    assert f"{here.url()} of process {here.pid} ended without shutting down" in found.said
    assert "penstock serve" in found.fix
    announce(replace(here, pid=os.getpid()), service_file(store, os.getpid()))
    assert not service_file(store, here.pid).exists()


def test_one_that_does_not_accept_connections_is_named(store: Path) -> None:
    here = Announcement(os.getpid(), "127.0.0.1", free_port("127.0.0.1"), "", str(store), "", 1.0)
    announce(here, service_file(store, here.pid))
    found = service(store)
    assert (found.level, "accepts no connections" in found.said) == (Level.WARN, True)


def test_another_program_on_its_port_is_no_service(store: Path) -> None:
    """It closes each connection without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        here = Announcement(os.getpid(), "127.0.0.1", other.getsockname()[1], "", str(store), "", 1.0)
        announce(here, service_file(store, here.pid))
        found = _while_closing(other, lambda: service(store))
    assert (found.level, "does not answer" in found.said) == (Level.WARN, True)


def _while_closing(other: socket.socket, look: Callable[[], CheckResult]) -> CheckResult:
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        while not looking.done():
            other.settimeout(0.05)
            try:
                other.accept()[0].close()
            except TimeoutError:
                continue
        return looking.result()


@pytest.mark.slow
def test_serve_is_announced_until_it_ends(start: Start) -> None:
    """After Ctrl-C and SIGTERM nothing is left; after kill -9 what is left is told."""
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        program = start("serve", "--port", "0")
        program.wait_for("Ctrl-C ends it")
        assert service(paths.store_path()).said.startswith("up (")
        program.send(end)
        program.status()
        found = service(paths.store_path())
        assert ("ended without shutting down" in found.said) is (end == signal.SIGKILL), found
