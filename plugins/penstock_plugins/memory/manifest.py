"""`manifest_of`: the text of a note that says what is known before a conversation begins: how much is remembered of its
project, which agents work there, their tools for it, and the other projects of the account, within a token limit.
`tools_of`: those tools."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from penstock import Draft, estimate_tokens
from penstock.memory import Memory, escape_marks, is_learned, learned_project, note_around

__all__ = ["manifest_of", "tools_of"]

_SHOWN = 12
"""The most names of a kind."""
_OURS = "penstock"


def manifest_of(
    memory: Memory,
    project: str,
    owner: str,
    *,
    clients: Collection[str],
    tools: Collection[str],
    at: float,
    tokens: int,
) -> str:
    """The note; empty if nothing is known, or if not even the project fits into `tokens`. `project`: the one that the
    account `owner` names. `clients`: other agents seen there."""
    counts = {one.name: one for one in memory.catalog.counts()}
    mine, learned = (counts.pop(memory.project_for(name, owner), None) for name in (project, learned_project(project)))
    parts: list[str] = []
    if mine is not None and mine.items:
        newest = f", the newest from {_day(mine.newest)}" if mine.newest else ""
        some = f"{_number(mine.items, 'memory', 'memories')} from {_number(mine.sessions, 'session', 'sessions')}"
        parts.append(f"Of this project {some}{newest}.")
    if learned is not None and learned.items:
        parts.append(f"{_number(learned.items, 'pattern', 'patterns')} learned from its turns.")
    if clients:
        parts.append(f"Other agents that work here: {_listed(sorted(clients))}.")
    if tools and parts:
        parts.append(f"Tools for it: {_listed(sorted(tools))}.")
    # One that no account has used may be that of a gateway's workspace, or another's who has not come yet.
    visible = (one for one in counts.values() if not owner or one.shared or one.owner == owner)
    others = [one for one in visible if one.items and not is_learned(one.name)]
    if others:
        others.sort(key=lambda one: -(one.newest or 0))
        names = [f"{one.name.rstrip('/').rpartition('/')[2]} ({one.items:,})" for one in others]
        parts.append(f"Other projects remembered, each apart: {_listed(names)}.")
    head = f"what is known before this conversation, {_day(at)}" if at else "what is known before this conversation"
    while parts:
        note = note_around(escape_marks(" ".join(parts)), head)
        if estimate_tokens(note) <= tokens:
            return note
        parts.pop()
    return ""


def tools_of(draft: Draft) -> list[str]:
    """The names of Penstock's own tools that the request offers to the agent."""
    offered = draft.conversation.field("tools")
    names = [one.get("name") for one in offered if isinstance(one, dict)] if isinstance(offered, list) else []
    return [name.rpartition("_")[2] for name in names if isinstance(name, str) and _OURS in name]


def _listed(names: Collection[str]) -> str:
    shown = list(names)[:_SHOWN]
    return ", ".join(shown) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _number(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _day(at: float | None) -> str:
    return f"{datetime.datetime.fromtimestamp(at or 0, datetime.UTC):%Y-%m-%d}"
