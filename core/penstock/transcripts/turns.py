"""`Transcript` and `Said`: a session as read from a transcript, whichever client wrote it: the person's messages and
the assistant's final texts. `text_of` and `moment` read the text and the time of a message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["Said", "Transcript", "moment", "text_of"]

_NOBODY = re.compile(
    r"\s*(?:\[Request interrupted by user|This session is being continued from a previous conversation that ran out of"
    r"|Operation stopped by hook:|# AGENTS\.md instructions for )"
)
"""Texts of a user message that the client wrote."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a transcript."""

    role: str
    """Who wrote it: `user` or `assistant`."""
    text: str
    """The text as in the transcript, envelopes included."""
    at: float | None
    """When it was written, in seconds since 1970."""


@dataclass
class Transcript:
    """One session, as far as it could be read."""

    file: Path
    session: str = ""
    folder: str = ""
    """The working directory in which the client was started."""
    said: list[Said] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    """Numbers of the lines that could not be read."""
    is_aside: bool = False
    """Whether it is a sub-agent's transcript, which has no messages of a person."""
    _texts: list[Said] = field(default_factory=list)

    def person(self, text: str, at: float | None) -> None:
        """Add a person's message, which ends the assistant's turn."""
        if text.strip() and not _NOBODY.match(text):
            self.end()
            self.said.append(Said("user", text, at))

    def assistant(self, text: str, at: float | None) -> None:
        """Add a text of the assistant, which is its final text unless a tool call follows."""
        if text.strip():
            self._texts.append(Said("assistant", text, at))

    def tool(self) -> None:
        """Note a tool call: earlier texts of this turn were not final, and are dropped."""
        self._texts.clear()

    def end(self) -> None:
        """End the assistant's turn: its final texts are added."""
        self.said += self._texts
        self._texts.clear()


def text_of(content: Any, *kinds: str) -> str:
    """The text of a message: a string, or blocks of these types."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block.get("text") for block in content if isinstance(block, dict) and block.get("type") in kinds]
    return "\n\n".join(text for text in texts if isinstance(text, str) and text.strip())


def moment(stamp: Any) -> float | None:
    """An ISO time as seconds since 1970. None: `stamp` is none."""
    if not isinstance(stamp, str):
        return None
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
