"""`PROXY_TOOLS`: the agent tools for what the proxy does: `expand` shows the original of a shortened text, or an item
of memory (raises `PenstockError` for an unknown id), `stats` what was saved, `budget` what is left of the budgets; the
last two also under the names `context_stats` and `context_budget`."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.excerpt import excerpt, lines_of
from penstock.cli.cost import costs
from penstock.control.client import do_budget
from penstock.plugins.tool import Caller, Tool
from penstock.profiles.profile import in_use
from penstock.store.original_lookup import the_original
from penstock.store.reading import open_log
from penstock.tools.answer_text import LIMIT
from penstock.tools.memory_tools import remembered

__all__ = ["PROXY_TOOLS"]

_DIGITS = 8
"""Of an id, at the least: so many a stub names."""
_DAY_S = 86_400.0
LISTED = 20
"""The sessions, and the budgets, that are listed at most: an agent pays for each of them."""


def expand(caller: Caller, id: str, grep: str = "", lines: str = "") -> str:
    """Show the original of a tool output, or of older messages, that stands shortened in this conversation. Where
    something was left out, a line in square brackets says so and names an id ("expand 1a2b3c4d"). Call this whenever
    the part you need may be among what was left out, instead of running the tool again: the original is what the tool
    said then. Also for an id that `recall` names: that memory whole, with what was said around it.

    id: the id that the line names.
    grep: a regular expression (Python's); only matching lines are given, with their numbers. Best for large originals.
    lines: a range of lines, such as "10-40", "10-" or "10".

    At most 30,000 characters are given in one call; the end says how to get the rest."""
    # A whole id, as a stub names it: nobody may page through the originals of other conversations.
    try:
        whole = the_original(caller.store, id, digits=_DIGITS, names=False).text
    except PenstockError:
        if not caller.project or len(id.strip()) < _DIGITS:
            raise
        try:
            whole = remembered(caller, id)
        except PenstockError as e:
            raise PenstockError(f"neither an original nor a memory of this project is called {id!r}: {e}") from e
    text = excerpt(whole, grep=grep, lines=lines)
    if not text and grep:
        return f"[no line matches {grep!r}]"
    # Half a character can not be sent.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= LIMIT else _cut(text, grep, lines)


def stats(
    caller: Caller,
    session: Annotated[str, Field(description="Only this session: its id, or how it begins.")] = "",
    days: Annotated[float, Field(ge=0, description="Only the last so many days; 0: all.")] = 7,
) -> Any:
    """Tell what sessions cost in dollars, what they would have cost without Penstock, and what was saved: by session,
    by model and in total; and how many tool outputs of this project `context_search` finds (`indexed`). Of the sessions
    the newest 20 are listed; `earlier_sessions` says how many there are besides."""
    with closing(open_log(caller.store)) as log:
        told = costs(log, session, time.time() - days * _DAY_S if days else 0.0)
    newest = sorted(told["sessions"], key=lambda one: one["began"])
    told = {**told, "sessions": newest[-LISTED:], "earlier_sessions": len(newest[:-LISTED])}
    if caller.outputs is None or not caller.project:
        return told
    return {**told, "indexed": asdict(caller.outputs().counts(caller.project))}


def budget(caller: Caller) -> Any:
    """Tell what the budgets are, what is used of each and what is left, before a large piece of work: that of the day,
    and those with a limit, of which the last used 20 are listed. `others` says how many there are besides."""
    found = do_budget(caller.store or paths.store_path(), lambda: in_use().budget, "show", {})
    limited = [row for row in found["budgets"] if row["scope"] != "day" and (row["limits"] or row.get("pool"))]
    newest = sorted(limited, key=lambda row: -row["at"])[:LISTED]
    told = [row for row in found["budgets"] if row["scope"] == "day" or row in newest]
    return {**found, "budgets": told, "others": len(found["budgets"]) - len(told)}


PROXY_TOOLS = (
    Tool(expand, "Show an original", always_listed=True),
    Tool(stats, "What was saved"),
    Tool(budget, "What is left of the budgets"),
    Tool(stats, "What was saved", called="context_stats"),
    Tool(budget, "What is left of the budgets", called="context_budget"),
)


def _cut(text: str, grep: str, lines: str) -> str:
    """The beginning of a text, cut at a line end where possible, with how to get the rest."""
    end = text.rfind("\n", 0, LIMIT + 1)
    shown = text[: end if end > 0 else LIMIT]
    first = int(lines.partition("-")[0] or 1) if lines else 1
    last = first + len(lines_of(shown)) - 1
    if grep:
        last = int(shown.rpartition("\n")[2].partition(":")[0])
    rest = f'go on with lines="{last + 1}-"'
    if end <= 0 and not grep:
        return f"{shown}\n[line {last} is longer than this: grep shows what stands around a match; {rest}]"
    return f"{shown}\n[not all: line {last} is the last; {rest}{', the same grep' if grep else ', or give a grep'}]"
