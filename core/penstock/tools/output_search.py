"""`search_outputs`: what the tool outputs of the caller's project say about a question, as JSON. Raises
`StoreError`."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.base.errors import MemoryDown
from penstock.base.format import moment
from penstock.plugins.tool import Caller
from penstock.profiles.profile import in_use

if TYPE_CHECKING:
    from penstock.memory.embedders import Embedder

__all__ = ["search_outputs"]

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
            "id": hit.digest[:8],
            "source": hit.source,
            "at": moment(hit.at),
            "lines": f"{hit.lines[0]}-{hit.lines[1]}",
            "heading": hit.heading,
            "text": hit.text if len(hit.text) <= most else hit.text[:most].rstrip() + " …",
            "found_by": list(hit.found_by),
        }
        for hit in hits
    ]


@cache
def _embedder() -> Embedder | None:
    """The embedder of the memory, if it runs in this process: outputs are sent to no service."""
    from penstock.memory.opening import OPENAI, embedder_of
    from penstock.plugins.manager import Plugins

    profile = in_use()
    if not profile.memory.enabled or profile.memory.embedder == OPENAI:
        return None
    try:
        return embedder_of(profile, Plugins.load().embedders())
    except MemoryDown as e:
        logger.warning("tool outputs are searched by words alone: %s", e)
        return None
