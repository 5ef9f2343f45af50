"""`MessageFilter` and `is_worth_keeping`: which messages are remembered, live or from an import, and how they are cut.
`kind_of_message`: what kind of text a message is (chat, diff, log, document)."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

from penstock.budget.chat_command import chat_order
from penstock.memory.items import Kind

__all__ = ["MessageFilter", "is_worth_keeping", "kind_of", "kind_of_message"]

_DIFF = re.compile(r"^(?:diff --git |@@ -\d+|\+\+\+ |--- [ab]/)", re.M)
_LOG_LINE = re.compile(
    r"^\W{0,2}(?:\d{4}-\d\d-\d\d[T ]|\d\d:\d\d:\d\d|[A-Z][a-z]{2} +\d+ \d\d:\d\d"
    r"|(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)\b"
    r"|\s+at \S+\(|\s*File \"|Traceback )"
)
_HEADING = re.compile(r"^#{1,6} \S", re.M)
_LONG = 2_000
_LINES = 6
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\d|\w[_./:-]\w|[a-z][A-Z]")
FEWEST = 3
LOOKED_AT = 4_000
"""Characters of a text that the patterns are matched with."""


def kind_of(text: str) -> Kind:
    """The kind of a text, by the form of its lines."""
    if len(_DIFF.findall(text)) >= 2:
        return Kind.DIFF
    lines = [line for line in text.splitlines()[:400] if line.strip()]
    if len(lines) >= _LINES and sum(bool(_LOG_LINE.match(line)) for line in lines) * 3 > len(lines):
        return Kind.LOG
    if len(text) > _LONG or len(_HEADING.findall(text)) >= 2:
        return Kind.DOCUMENT
    return Kind.CHAT


def kind_of_message(role: str, text: str) -> Kind:
    """The kind of a message, by its role and text: a tool's output is a log, an agent's answer is chat, a person's text
    is as `kind_of` says."""
    if role == "tool":
        return Kind.LOG
    return Kind.CHAT if role == "assistant" else kind_of(text)


def is_worth_keeping(text: str) -> bool:
    """Whether a text says something by itself: it has three words, a name or a number, and is no command to Penstock.
    "yes" and "go on" do not."""
    if chat_order(text.strip()):
        return False
    return len(_WORD.findall(text[:400])) >= FEWEST or _NAME.search(text[:400]) is not None


class MessageFilter(BaseModel):
    """The settings of `[stage.memory]` by which messages are filtered and cut."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    written: tuple[re.Pattern[str], ...] = ()
    """Patterns of the beginnings of texts that a client writes as user messages: summaries, examples, notices."""
    chars: int = Field(default=20_000, gt=0)
    """The most characters of one message that are kept."""

    def is_written_by_client(self, text: str) -> bool:
        """Whether a client, not the person, wrote a user message."""
        return any(pattern.match(text[:LOOKED_AT]) for pattern in self.written)
