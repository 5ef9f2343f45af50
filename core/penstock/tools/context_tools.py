"""`CONTEXT_TOOLS`: the tools for contexts (`context_put`, `context_get`, `context_list`, `context_search`,
`context_rollback`): named JSON values that outlast a session and are shared by agents. `context_search` also finds tool
outputs that were shortened."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from pydantic import Field

from penstock.base.errors import StoreError
from penstock.contexts.json import head_json, hit_json, value_json
from penstock.contexts.records import Filter, NewContext
from penstock.plugins.tool import Caller, Tool
from penstock.tools.output_search import search_outputs

__all__ = ["CONTEXT_TOOLS"]

Key = Annotated[
    str, Field(description="The name: segments of letters, digits and ._~:@- joined by /, such as plan/api.")
]
VersionNumber = Annotated[int, Field(ge=1, le=2**31)]
_RENEW_S = 0.2
"""Seconds, at most, that a search indexes contexts of another version again: where no service is up, nobody else
does."""


def context_put(
    caller: Caller,
    key: Key,
    data: Annotated[Any, Field(description="The value: any JSON.")],
    tags: list[str] | None = None,
    ttl: Annotated[
        float | None, Field(ge=0, description="Seconds until it ends; 0: no end; 24 hours when not given.")
    ] = None,
    seal: Annotated[bool | None, Field(description="Whether it is encrypted on disk.")] = None,
    expected_version: Annotated[
        int | None, Field(ge=0, description="Refuse when it has another version by now; 0: when it is there.")
    ] = None,
) -> Any:
    """Keep a value under a name, for a later session or another agent. A name that is taken gets one more version;
    older ones stay for `context_rollback`."""
    new = NewContext(data, ttl, None if tags is None else tuple(tags), seal=seal)
    with caller.contexts().write(caller.workspace, caller.by) as writer:
        return head_json(writer.put(key, new, expected_version)[0])


def context_get(caller: Caller, key: Key, version: VersionNumber | None = None) -> Any:
    """Read the value kept under a name: the newest version, or an older one."""
    return value_json(caller.contexts().get(caller.workspace, key, version))


def context_list(caller: Caller, prefix: str = "", tag: str = "", after: str | None = None) -> Any:
    """List the names of what is kept, with versions, tags and times, 50 at a time. `after`: the `next` of the answer
    before."""
    page = caller.contexts().page(caller.workspace, Filter(prefix, tag), after=after)
    return {"items": [head_json(head) for head in page.items], "next": page.next}


def context_search(
    caller: Caller,
    query: Annotated[str, Field(min_length=1, max_length=8_000)],
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> Any:
    """Find what is kept by the words in its name, tags or value (`hits`), and what tool outputs of this project said,
    also those that stand shortened in a conversation or were printed in the sandbox (`outputs`); the best first.

    query: words of the text, names, paths or what it is about; misspelled words are corrected.

    Each output has the `id` for `expand`, its `lines` in the whole, and in `found_by` how it was found: `stems` (the
    words themselves), `trigrams` (parts of words), `edit distance` (words that are spelled alike) or `vectors` (what is
    meant). What only the last two found may be about something else."""
    contexts = caller.contexts()
    with suppress(StoreError):  # searches answer without
        contexts.renew_words(_RENEW_S)
    hits = [hit_json(hit) for hit in contexts.search(caller.workspace, query, limit=limit)]
    return {"hits": hits, "outputs": search_outputs(caller, query, limit)}


def context_rollback(caller: Caller, key: Key, to: VersionNumber) -> Any:
    """Make the value of an older version the newest again, as a version of its own."""
    with caller.contexts().write(caller.workspace, caller.by) as writer:
        return head_json(writer.rollback(key, to))


CONTEXT_TOOLS = (
    Tool(context_put, "Keep a context", "adds"),
    Tool(context_get, "Read a context"),
    Tool(context_list, "List contexts"),
    Tool(context_search, "Search contexts and tool outputs"),
    Tool(context_rollback, "Roll a context back", "adds"),
)
