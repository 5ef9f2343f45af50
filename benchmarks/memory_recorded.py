"""Plays recorded sessions of a coding agent through Penstock's own stages (`play`), so that memory keeps what it would
have kept on the wire. For `memory_sessions.py`.

A recording is a file of JSON lines as Claude Code writes them: `type` is `user`, `assistant` or a boundary where the
client summarised its history; `content` holds Anthropic's blocks, by itself or in `message`; `ts` or `timestamp`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from penstock.base.clock import ManualClock
from penstock.memory import Item
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.testing import Session, call, profile_of
from penstock_plugins import envelope
from penstock_plugins.memory import stage

__all__ = ["PROJECT", "Turn", "body_of", "play", "recordings"]

PROJECT = "/srv/recorded"
"""The project of all recordings: what was said in one session can be recalled in the others."""
_PROFILE = 'stages = ["envelope", "memory"]\n[memory]\nrecall = false\n'
_HEAD = {
    "model": "recorded",
    "max_tokens": 1000,
    "system": f"You are a coding agent.\n<env>\n  Working directory: {PROJECT}\n</env>",
}
_EPOCH = 1_000_000
_ASIDE = ("isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly", "isApiErrorMessage")
_Json = dict[str, Any]


@dataclass
class Turn:
    """What a person said, and all that the agent did until the person spoke again."""

    session: str
    at: float
    before: list[_Json]
    """The history it stands in, back to the client's last summary."""
    messages: list[_Json]
    paid: dict[int, tuple[str, _Json]] = field(default_factory=dict)
    """The model and the provider's counts of each answer, by its index in `messages`."""
    words: str = ""
    """What the person said, as the product reads it. Empty: nothing it would recall for."""
    kept: list[Item] = field(default_factory=list)
    """The texts that memory keeps of the turn."""

    @property
    def done(self) -> str:
        """What the agent wrote: its texts, and what it gave to its tools."""
        blocks = [b for m in self.messages if m["role"] == "assistant" for b in _blocks(m)]
        return "\n".join(
            b["text"] if b.get("type") == "text" else "\n".join(_strings(b.get("input")))
            for b in blocks
            if b.get("type") in ("text", "tool_use")
        )


def recordings(folder: Path) -> list[Turn]:
    """Every turn of every file in `folder`, in the order of time."""
    found = sorted((turn for file in sorted(folder.glob("*.jsonl")) for turn in _turns(file)), key=lambda turn: turn.at)
    if not found:
        raise SystemExit(f"{folder} has no recorded sessions: name a folder with their .jsonl files")
    return found


def play(turns: Sequence[Turn], memory_service: MemoryService, asked: Callable[[Turn, str], None]) -> None:
    """Have `memory_service` remember the turns, one after the other. `asked` is called with a turn's words before
    anything of that turn is remembered."""
    plugins = Plugins()
    plugins.add(envelope, "envelope")
    plugins.add(stage, "memory")
    clock, sessions = ManualClock(turns[0].at), dict[str, Session]()
    earlier: dict[str, list[Turn]] = {}
    memory, newest = memory_service.open(), 0
    profile = profile_of(_PROFILE)
    for turn in turns:
        session = sessions.get(turn.session)
        if session is None:
            headers = {"x-session-id": turn.session, "authorization": "Bearer recorded"}
            session = Session(plugins=plugins, memory=memory_service, profile=profile, headers=headers, clock=clock)
            sessions[turn.session] = session
        clock.at = max(clock.at, turn.at)
        session.send(body_of([*turn.before, turn.messages[0]]))
        exchange = session.outcome.exchange
        words = exchange.prompt if exchange is not None else ""
        if words:
            asked(turn, words)
        _answer(session, turn)
        assert memory_service.drain(60)
        items = [item for item in reversed(memory.newest(PROJECT, limit=1000)) if item.id > newest]
        newest = max([newest, *(item.id for item in items)])
        mine = [*earlier.setdefault(turn.session, []), turn]
        for item in items:
            place = item.seq % _EPOCH
            owner = next((t for t in reversed(mine) if len(t.before) <= place), turn)
            owner.kept.append(item)
        earlier[turn.session] = mine
        if any(item.role == "user" for item in items):
            turn.words = words
    for session in sessions.values():
        session.close()


def _answer(session: Session, turn: Turn) -> None:
    """The rest of a turn: one request for all the calls it made, and the answer at its end."""
    *rest, last = turn.messages
    is_answered = last["role"] == "assistant" and not any(b.get("type") == "tool_use" for b in _blocks(last))
    said = "\n".join(b["text"] for b in _blocks(last) if b.get("type") == "text") if is_answered else ""
    if len(turn.messages) > 2:
        session.reply(call("Go"))
        session.send(body_of([*turn.before, *(rest if is_answered else turn.messages)]))
    if said.strip():
        session.reply(said)


def _turns(file: Path) -> Iterator[Turn]:
    history: list[_Json] = []
    turn: Turn | None = None
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        kind, message = line.get("type"), line.get("message") or line
        if "compact_boundary" in (kind, line.get("subtype")):
            if turn is not None:
                yield turn
            history, turn = [], None
        if kind not in ("user", "assistant") or any(line.get(name) for name in _ASIDE) or not message.get("content"):
            continue
        one = {"role": kind, "content": message["content"]}
        if kind == "user" and _is_said(one):
            if turn is not None:
                yield turn
            at = datetime.fromisoformat(line.get("ts") or line["timestamp"]).timestamp()
            turn = Turn(file.stem, at, list(history), [])
        history.append(one)
        if turn is not None:
            if "usage" in (said := message if "usage" in message else line):
                turn.paid[len(turn.messages)] = said.get("model", ""), said["usage"]
            turn.messages.append(one)
    if turn is not None:
        yield turn


def _is_said(message: _Json) -> bool:
    kinds = {block.get("type") for block in _blocks(message)}
    return "text" in kinds and "tool_result" not in kinds


def _blocks(message: _Json) -> list[_Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def body_of(messages: Sequence[_Json]) -> bytes:
    return json.dumps({**_HEAD, "messages": list(messages)}).encode()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
