"""The documented commands save a database while it is written, and bring it back on another server whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.gateway.database import GatewayStore
from penstock.gateway.keys import add_key, check_key
from penstock.jobs.jobs import Jobs
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.sealing.master_key import FILE_NAME as MASTER_KEY
from penstock.store.postgres import PostgresStore
from penstock.store.store_file import file_for
from tests.postgres import Server, programs

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "several-machines.md"
LANDED = Landed(1, Edit(Op.REPLACE, Place(b"k" * 16), "new", "trim", "why", "the original"))
NOW = 1_700_000_000.0


@pytest.fixture
def other_server(postgres_server: Server) -> Iterator[Server]:
    """A second one, whose transactions have other numbers."""
    folder, found = Path(tempfile.mkdtemp(prefix="penstock-postgres-")), programs()
    assert found is not None
    server = Server(found, folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def documented() -> list[str]:
    """The blocks of commands: how it is saved, and how it comes back."""
    section = PAGE.read_text("utf-8").split("## Backup and restore")[1]
    return re.findall(r"```\n(.*?)```", section, re.DOTALL)


def run(commands: str, server: Server, database: str, folder: Path) -> None:
    found = programs()
    assert found is not None
    where = {"PATH": f"{found}:{os.environ['PATH']}", "PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
    script = re.sub(r"\bpenstock$", database, re.sub(r"=penstock ", f"={database} ", commands), flags=re.MULTILINE)
    subprocess.run(
        ["sh", "-ec", script], cwd=folder, env={**os.environ, **where, "PGUSER": "penstock"}, check=True, timeout=120
    )


class Installation:
    """All that shares a database."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.file, self.url = file_for(url), url
        self.store = opened.enter_context(closing(PostgresStore(url, self.file)))
        self.memory = opened.enter_context(closing(Memory(self.file.parent / "memory", Trigrams(), url=url)))
        self.contexts = opened.enter_context(closing(Contexts.beside(self.file)))
        self.gateway = opened.enter_context(closing(GatewayStore.beside(self.file)))
        self.jobs = opened.enter_context(closing(Jobs.beside(self.file)))

    def fill(self) -> str:
        """Something of each kind. Returns the secret of a key."""
        self.store.add_events([Event(0, NOW + n, f"x{n}", EventKind.RECEIVED, {"n": n}) for n in range(30)])
        self.store.add_edits("talk", [LANDED], NOW)
        self.store.set_tip("talk", PrefixHash(0, b"t" * 16, 3), NOW)
        self.store.set_values("budget", {"day": {"spent": 1 / 7}})
        self.memory.add([Item("p", f"The kiln was opened {n} times.", session="s", seq=n, at=NOW) for n in range(9)])
        self.contexts.masters.make()
        with self.contexts.write("default", "test") as writer:
            writer.put("plan/api", NewContext({"port": 6543}))
            writer.put("plan/api", NewContext({"port": 7000}))
            writer.put("plan/secret", NewContext({"pin": 4711}, seal=True))
        self.jobs.add("prune", "prune", {"days": 7})
        return add_key(self.gateway, "default", "laptop", "test")[1]

    def answers(self, secret: str) -> dict[str, Any]:
        """What it says to whom asks."""
        self.memory.sync()
        return {
            "key": self.store.identity_key,
            "events": [(e.seq, e.at, e.exchange, e.payload) for e in self.store.events_after()],
            "edits": self.store.edits_of("talk"),
            "tip": self.store.tip_of("talk"),
            "originals": self.store.find_originals(),
            "values": self.store.values_of("budget"),
            "memory": [hit.item for hit in self.memory.search("kiln", "p").hits],
            "contexts": [self.contexts.get("default", key).data for key in ("plan/api", "plan/secret")],
            "versions": self.contexts.versions("default", "plan/api"),
            "found": [hit.head.key for hit in self.contexts.search("default", "port")],
            "jobs": self.jobs.page().items,
            "api key": check_key(self.gateway, secret).name,
        }


def test_the_documented_commands_bring_everything_back(
    postgres_server: Server, other_server: Server, postgres_url: str, tmp_path: Path
) -> None:
    save, restore = documented()
    with ExitStack() as opened:
        old = Installation(postgres_url, opened)
        secret = old.fill()
        expected = old.answers(secret)
        is_saved = threading.Event()

        def write() -> None:
            """A proxy goes on meanwhile, with what nobody asks for afterwards."""
            while not is_saved.is_set():
                old.store.set_values("meanwhile", {"n": {"n": 1}})

        writing = threading.Thread(target=write)
        writing.start()
        run(save, postgres_server, postgres_url.rpartition("/")[2], tmp_path)
        is_saved.set()
        writing.join()
        keys = (old.file.parent / MASTER_KEY).read_bytes()
    run(restore, other_server, "came_back", tmp_path)
    url = other_server.url("came_back")
    beside = file_for(url).parent / MASTER_KEY
    beside.write_bytes(keys)
    beside.chmod(0o600)
    with ExitStack() as opened:
        new = Installation(url, opened)
        assert new.answers(secret) == expected
        new.store.add_events([Event(0, NOW, "new", EventKind.RECEIVED, {})])
        assert [e.exchange for e in new.store.events_after()][-2:] == ["x29", "new"]
        assert new.jobs.add("q", "k", {})[0].id == 2
        with new.contexts.write("default", "test") as writer:
            assert writer.put("plan/api", NewContext({"port": 7001}))[0].version == 3
