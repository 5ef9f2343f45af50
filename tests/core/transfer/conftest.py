"""Fixtures for tests of export and import: one installation with contexts and a real memory (`full`), and an empty
one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.base.keyfile import installation_key
from penstock.contexts.contexts import Contexts
from penstock.contexts.importing import Onto
from penstock.contexts.records import NewContext
from penstock.control.client import MemoryClient, open_client
from penstock.memory import Item, Kind
from penstock.profiles.profile import load
from penstock.transfer.exporting import export
from penstock.transfer.importing import import_export
from penstock.transfer.lines import ExportWhat


@dataclass
class Installation:
    """The files of one, in a folder of its own."""

    folder: Path
    contexts: Contexts

    @property
    def store(self) -> Path:
        return self.folder / "penstock.db"

    def memory(self) -> AbstractContextManager[MemoryClient]:
        return open_client(self.store, lambda: load("default"), embedder="trigrams-256")

    def export(self, what: ExportWhat = "all", workspace: str = "default") -> bytes:
        out = BytesIO()
        export(out, self.contexts, self.store, workspace, what)
        return out.getvalue()

    def take(self, exported: bytes, onto: Onto = "skip", workspace: str = "default", dry_run: bool = False) -> Any:
        with ExitStack() as stack:

            def memory(command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
                return opened().do(command, arguments)

            opened = cache(lambda: stack.enter_context(self.memory()))
            return import_export(BytesIO(exported), self.contexts, workspace, memory, onto, dry_run=dry_run)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000.123456)


@pytest.fixture
def full(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    contexts = Contexts(tmp_path / "full" / "contexts.db", clock)
    one = Installation(tmp_path / "full", contexts)
    for n in range(14):
        clock.advance(1.1)
        with contexts.write("default", f"agent {n}") as writer:
            writer.put("plan/api", NewContext({"step": n, "é": "x" * 2000}, 0, ("plan", "api"), "s1", "codex"))
    with contexts.write("default", "owner") as writer:
        writer.put("list", NewContext([1, 2.5, None, "ü"], 3600))
        writer.put("gone", NewContext("deleted"))
        writer.delete("gone")
    with contexts.write("other", "owner") as writer:
        writer.put("elsewhere", NewContext("not in the export of default"))
    yield one
    contexts.close()


@pytest.fixture
def empty(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    contexts = Contexts(tmp_path / "empty" / "contexts.db", clock)
    yield Installation(tmp_path / "empty", contexts)
    contexts.close()


def same_key(one: Installation, other: Installation) -> None:
    """Have both know accounts by the same names."""
    key = installation_key(one.folder)
    (other.folder / "key").write_bytes(key)


def remember(installation: Installation, *items: Item, owner: str = "") -> None:
    """Put items into its memory as they are."""
    from penstock.memory.embedders.trigrams import Trigrams
    from penstock.memory.memory import Memory

    memory = Memory(installation.folder / "memory", Trigrams())
    memory.add(items, owner=owner)
    memory.close()


ITEMS = (
    Item("kiln", "The kiln runs at 900 degrees.", "monday", "c1", 3, 0, 1_699_999_999.5, "assistant", helpful=2),
    Item("kiln", "diff --git a/vent b/vent\n+shut", "monday", seq=4, kind=Kind.DIFF, tags=("vent",), pinned=True),
    Item("shop", "The glaze is blue.", expires_at=1_800_000_000.25, wrong=1),
    Item("shop", "\n\n".join(f"Paragraph {n} tells of glaze number {n * 7}. " * 12 for n in range(12)), "long"),
)
