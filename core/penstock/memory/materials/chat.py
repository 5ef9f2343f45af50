"""`split_chat`: splits a chat written as text into messages; lines that begin with a speaker (`ROLES`), such as `User:`
or `Assistant:`, begin one."""

from __future__ import annotations

import re

from penstock.memory.items import Kind
from penstock.memory.materials.piece import Piece, Pieces

__all__ = ["ROLES", "split_chat"]

ROLES = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
}
"""Who speaks, by what a chat calls them. Other words before a colon ("Note:") are part of the text."""
_SPEAKER = re.compile(rf"^[ \t]*\**({'|'.join(ROLES)})\**:\**[ \t]*", re.I)
_FENCE = re.compile(r"^[ \t]*(```|~~~)")


def split_chat(text: str) -> Pieces:
    """One piece for each message. What stands before the first is the user's. A line within fenced code begins no
    message."""
    kept: list[Piece] = []
    role, lines, fence = "user", list[str](), ""
    for line in text.split("\n"):
        speaker = None if fence else _SPEAKER.match(line)
        if speaker is not None:
            kept += _message(role, lines)
            role, lines = ROLES[speaker[1].lower()], []
            line = line[speaker.end() :]
        if mark := _FENCE.match(line):
            fence = mark[1] if not fence else "" if mark[1] == fence else fence
        lines.append(line)
    return Pieces((*kept, *_message(role, lines)))


def _message(role: str, lines: list[str]) -> list[Piece]:
    text = "\n".join(lines).strip()
    return [Piece(text, Kind.CHAT, role)] if text else []
