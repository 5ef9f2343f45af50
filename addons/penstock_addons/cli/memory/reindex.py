"""`penstock memory reindex` (`reindex`): has the word index and the vectors rebuilt, for all projects or one, with the
profile's embedder or another. Shows the progress, and stops the rebuild on Ctrl-C; it can be run again. Raises
`PenstockError` with the rebuild's error. The rebuild itself is in `penstock.memory.indexer`."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock.cli.store_option import StoreOption
from penstock.profiles.profile import in_use
from penstock_addons.cli.memory.client import MemoryClient, chosen_project, open_memory
from penstock_addons.cli.memory.printing import only

__all__ = ["reindex"]

_POLL_S = 0.2
_SAID = {"words": "word index", "embedding": "embedding", "vectors": "vector index"}


def reindex(
    embedder: Annotated[
        str, typer.Option(help="Make the vectors with this one. The profile's own when not given.", metavar="NAME")
    ] = "",
    project: Annotated[
        str, typer.Option(help="Only this project, by its folder, its name, or the last part of it.", metavar="P")
    ] = "",
    store: StoreOption = None,
) -> None:
    """Rebuild the word index and the vectors from the record. Ctrl-C stops it, and it can be run again."""
    with open_memory(store, embedder=embedder) as memory:
        state = memory.do("status", {})
        if not state["items"]:
            only(["nothing is remembered yet"])
            return
        named = chosen_project(memory, project) if project else ""
        memory.do("reindex", {"embedder": embedder, "project": named})
        if not _watched(memory):
            raise typer.Exit(130)
        found = memory.do("status", {})
    typer.echo(f"{plural(found['passages'], 'passage')} indexed with {found['embedder']}.")
    wanted = in_use().memory.embedder
    if embedder and wanted != embedder:
        only([f'set `embedder = "{embedder}"` under `[memory]` in the profile, or the next start rebuilds them'])


def _watched(memory: MemoryClient) -> bool:
    """Show the progress of a rebuild until it ends; whether it completed. Raises `PenstockError` when it failed."""
    with Progress(disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, TaskID] = {}
        try:
            while (state := memory.do("progress", {}))["running"]:
                if state["what"]:
                    what = _SAID.get(state["what"], state["what"])
                    if what not in tasks:
                        tasks[what] = bar.add_task(what)
                    bar.update(tasks[what], completed=state["done"], total=state["total"])
                time.sleep(_POLL_S)
            for done in () if state["error"] or state["stopped"] else bar.tasks:
                bar.update(done.id, completed=done.total)  # the last steps came between two looks
        except KeyboardInterrupt:
            memory.do("stop", {})
            only(["ended; what is missing is made at the next start of a proxy, or by `penstock memory reindex`"])
            return False
    if state["error"]:
        raise PenstockError(state["error"])
    return not state["stopped"]
