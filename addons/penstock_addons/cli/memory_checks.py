"""`memory` and `embedder`: the checks of these names for `penstock doctor`: items, vector index and embedder of the
vectors, read from the memory's file or asked of the proxy that has it open. They raise `PenstockError` (`memory`
`sqlite3.Error`, too), which `checks.py` turns into findings. `remembers`: whether a profile needs them."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from penstock.base import paths
from penstock.base.errors import MemoryDown, PenstockError, PluginError, StoreError
from penstock.base.format import plural
from penstock.base.postgres import PostgresServer, why
from penstock.base.postgres_connection import CONNECT_S, deadline
from penstock.control.client import NoAnswer, NotUp, Refused, Remote
from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile
from penstock.store.lock import is_taken
from penstock_addons.cli.check_finding import Finding
from penstock_addons.cli.memory.client import open_memory
from penstock_addons.cli.memory.printing import process
from penstock_addons.cli.proxy_check import health_of

__all__ = ["FIX", "INSTALL", "embedder", "memory", "remembers"]

INSTALL = "pip install wordllama, or set `embedder` under `[memory]` in the profile"
FIX = (
    "Make room on its disk, and the folder yours to write. If it is damaged, stop the proxy and move the folder away: "
    "a new one is created."
)
_REINDEX = "`penstock memory reindex`, or the next start of a proxy, makes them again from the record"
_BEING_MADE = "The proxy makes them while it has time. If they stay, `penstock memory reindex` makes them"
_OPENED_S = 30.0
"""Seconds to wait for the state of a memory that may have to be opened first."""
_DELETED = (
    "Stop the proxy and start it again: it begins a new one. What was in this one is in a backup alone, which "
    "`penstock restore` brings back while the proxy is stopped."
)
_INDEXED = """SELECT total(has), total(CASE WHEN n > :exact THEN n - has ELSE bare END) FROM (
    SELECT count(*) AS n, total(indexed) AS has, total(vector IS NULL) AS bare
    FROM passages JOIN memories ON memories.id = passages.memory GROUP BY project)"""
"""Passages in the vector index, and those without a vector: see `penstock.memory.catalog.Counted.unindexed`."""


def remembers(profile: Profile) -> bool:
    """Whether a proxy with this profile has a memory."""
    return profile.memory.enabled and "memory" in profile.stages


def embedder(profile: Profile) -> str:
    """The embedder of this profile, in words. Raises `MemoryDown`, and `PluginError` if plugins cannot be loaded."""
    from penstock.memory.opening import embedder_of

    found = embedder_of(profile, Plugins.load().embedders())
    return f"{found.name}, {found.dimension} numbers a text"


def _name(profile: Profile) -> str:
    """The embedder's name; empty if there is none, or if plugins cannot be loaded."""
    from penstock.memory.opening import embedder_of

    try:
        return embedder_of(profile, Plugins.load().embedders()).name
    except (MemoryDown, PluginError):
        return ""


def memory(store: Path, profile: Profile, url: str = "") -> Finding:
    """The state of the memory that belongs to `store`, or is in the database at `url`. Raises `PenstockError`
    (`StoreError` where that cannot be read, `NoAnswer` where the proxy does not) and `sqlite3.Error`."""
    from penstock.memory.search import search

    if url:
        return _in_database(url)
    folder = paths.memory_dir(store)
    file = folder / "memory.db"
    if not file.exists():
        if _is_open(store) and not file.exists():  # still: to be asked may have it opened
            said = f"{file} was deleted under the proxy that is up: what is said from now on is not remembered"
            return Finding(said, _DELETED, is_fault=True)
        return Finding(f"none yet; the first turn through a proxy makes {folder}")
    if is_taken(file):
        with suppress(NotUp, Refused):
            health_of(store)  # raises `NoAnswer`, for which a command to the memory would wait for two minutes
        with open_memory(store) as owner:
            state = owner.do("status", {})
        if state.get("fault"):
            raise MemoryDown(f"{state['fault']}; {state['waiting']:,} writes wait in the proxy")
        faults = [f"vector index: {process(state.get('vectors', {}))}", *state["degraded"]]
        is_well = not state["degraded"] and not state["stale"]
        if state["stale"]:
            faults.append(
                f"vectors of {plural(len(state['stale']), 'project')} not by {state['embedder']}, which it uses"
            )
        said = "; ".join([f"open in a proxy that uses {state['embedder']}", *faults])
        return _found(folder, state["items"], state["unindexed"], said, not is_well, _BEING_MADE)
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=1)) as db:
        items = int(db.execute("SELECT count(*) FROM memories").fetchone()[0])
        indexed, unindexed = map(int, db.execute(_INDEXED, {"exact": search.EXACT}).fetchone())
        made_with = {row[0] for row in db.execute("SELECT DISTINCT embedder FROM projects")} - {""}
    name, by = _name(profile), ", ".join(sorted(made_with))
    is_stale = bool(name) and bool(made_with - {name})
    is_lost = bool(indexed) and not profile.memory.chroma and not (folder / "vectors" / "chroma.sqlite3").exists()
    return _found(
        folder,
        items,
        unindexed,
        f"vectors {'gone' if is_lost else 'there'}{f', by {by}' if by else ''}"
        + (f" and not by {name}, which this profile has: they are not compared" if is_stale else ""),
        is_lost or is_stale,
    )


def _is_open(store: Path) -> bool:
    """Whether a proxy that is up on this store has its memory open."""
    try:
        health_of(store)
        Remote(store).do("/memory/status", {}, _OPENED_S)
    except NoAnswer:
        raise
    except PenstockError:
        return False
    return True


def _in_database(url: str) -> Finding:
    """That of a store that other machines use, too; read without making or migrating its tables."""
    from penstock.memory.schema import memories, passages

    with closing(PostgresServer(url, 1)) as server:
        try:
            with deadline(CONNECT_S), server.engine.connect() as db:
                if not sa.inspect(db).has_table(memories.name):
                    return Finding("none yet; the first turn through a proxy makes its tables in the store's database")
                items = int(db.scalar(sa.select(sa.func.count()).select_from(memories)) or 0)
                bare = sa.select(sa.func.count()).select_from(passages).where(passages.c.vector.is_(None))
                unindexed = int(db.scalar(bare) or 0)
        except sa.exc.SQLAlchemyError as e:
            raise StoreError(f"{server.name} cannot be read: {why(e)}") from e
    waiting = f", {plural(unindexed, 'passage')} without a vector" if unindexed else ""
    return Finding(f"in the store's database, {plural(items, 'item')}{waiting}", _REINDEX if unindexed else "")


def _found(folder: Path, items: int, unindexed: int, said: str, is_wrong: bool, missing: str = _REINDEX) -> Finding:
    """`missing`: what to do about passages that have no vector."""
    waiting = f", {unindexed:,} passages without a vector" if unindexed else ""
    fix = _REINDEX if is_wrong else missing if unindexed else ""
    return Finding(f"{folder}, {items:,} items, {said}{waiting}", fix)
