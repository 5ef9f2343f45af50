"""`export`: writes the contexts of a workspace, the memory, or both, as lines of JSON. Sealed contexts are left out and
counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from penstock.base import paths
from penstock.base.keyfile import key_id
from penstock.base.store_url import url_in
from penstock.base.version import VERSION
from penstock.contexts.contexts import Contexts
from penstock.contexts.exporting import WholeContext, whole_contexts
from penstock.transfer.lines import FORMAT, Counts, ExportWhat
from penstock.transfer.memory_lines import memory_lines

__all__ = ["export"]


def export(
    out: BinaryIO,
    contexts: Contexts,
    store: Path,
    workspace: str,
    what: ExportWhat,
    progress: Callable[[int], None] = lambda _: None,
) -> Counts:
    """Write the lines described in `penstock.transfer.lines`, and return their counts. `store`: the file of the proxy's
    events, beside which the memory is. `progress` is called with the number of lines now and then. Contexts are of one
    state, and so is the memory; lines are streamed. Raises `StoreError`, `MemoryDown` and `OSError`."""
    counts = Counts()
    first = {"penstock_export": FORMAT, "version": VERSION, "at": contexts.clock.now(), "workspace": workspace}
    _write(out, first | {"what": what})
    if what != "memory":
        for context in whole_contexts(contexts, workspace):
            _write_context(out, context, counts)
            progress(counts.contexts + counts.versions)
    if what != "contexts":
        for kind, line in memory_lines(paths.memory_dir(store) / "memory.db", key_id(store.parent), url_in(store)):
            _write(out, {kind: line})
            counts.add(kind, line)
            progress(counts.contexts + counts.versions + counts.items)
    _write(out, {"end": counts.model_dump()})
    return counts


def _write_context(out: BinaryIO, context: WholeContext | str, counts: Counts) -> None:
    if isinstance(context, str):
        counts.left_out += 1
        return
    head = context.head
    times = {"created_at": head.created_at, "updated_at": head.updated_at, "expires_at": head.expires_at}
    marks = {"key": head.key, "tags": list(head.tags), "session": head.session, "agent": head.agent, "by": head.by}
    _write(out, {"context": {**marks, **times, "versions": context.count}})
    counts.contexts += 1
    for one in context.versions:
        line = {"version": one.line.version, "at": one.line.at, "by": one.line.by, "change": one.line.change}
        _write(out, {"version": {**line, "data": one.data}})
        counts.versions += 1


def _write(out: BinaryIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
    out.write(b"\n")
