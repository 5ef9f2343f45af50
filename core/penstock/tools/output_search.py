"""`search_outputs`: what the tool outputs of the caller's project say about a question, as JSON; raises `StoreError`.
`keep_output` stores an output of a tool of ours, for `expand`, and indexes it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.base.errors import MemoryDown, StoreError
from penstock.base.format import moment
from penstock.control.client import keep_original
from penstock.memory.clean import sanitize
from penstock.outputs.output import Output
from penstock.plugins.manager import Plugins
from penstock.plugins.tool import Caller
from penstock.profiles.profile import in_use
from penstock.redaction.personal import redactors

if TYPE_CHECKING:
    from penstock.memory.embedders import Embedder
    from penstock.outputs.store import OutputIndex

__all__ = ["keep_output", "search_outputs"]

logger = logging.getLogger(__name__)
_EACH, _ALL = 1_500, 12_000
"""Characters of one place, and of all, that are shown."""


def search_outputs(caller: Caller, question: str, limit: int) -> list[dict[str, Any]]:
    """The best places, at most `limit`. Empty for a caller without an index or without a project."""
    if caller.outputs is None or not caller.project:
        return []
    index = caller.outputs()
    try:
        hits = index.search(caller.project, question, limit=limit, embedder=_embedder())
    except MemoryDown as e:
        logger.warning("tool outputs are searched by words alone: %s", e)
        hits = index.search(caller.project, question, limit=limit)
    most = min(_EACH, _ALL // limit)
    return [
        {
            "id": hit.handle,
            "source": hit.source,
            "at": moment(hit.at),
            "lines": f"{hit.lines[0]}-{hit.lines[1]}",
            "heading": hit.heading,
            "text": hit.text if len(hit.text) <= most else hit.text[:most].rstrip() + " …",
            "found_by": list(hit.found_by),
        }
        for hit in hits
    ]


def keep_output(store: Path | None, outputs: Callable[[], OutputIndex], project: str, text: str, why: str) -> str:
    """Store `text` as an original and index it under `project`. Returns why it could not be stored; empty when it
    was."""
    fault = keep_original(store, text, why)
    if not fault:
        try:
            outputs().add(Output(text, project, why, time.time()), _clean)
        except StoreError as e:
            logger.warning("an output is not indexed: %s", e)
    return fault


def _clean(text: str) -> str:
    return sanitize(text, _redactors())


@cache
def _redactors() -> tuple[Callable[[str], str], ...]:
    return redactors(in_use().redact.personal, Plugins.load().redactors())


@cache
def _embedder() -> Embedder | None:
    """The embedder of the memory, if it runs in this process: outputs are sent to no service."""
    from penstock.memory.opening import OPENAI, embedder_of

    profile = in_use()
    if not profile.memory.enabled or profile.memory.embedder == OPENAI:
        return None
    try:
        return embedder_of(profile, Plugins.load().embedders())
    except MemoryDown as e:
        logger.warning("tool outputs are searched by words alone: %s", e)
        return None
