"""`ChatHeaders`: removes the header in square brackets that a chat gateway puts before a message: channel, sender,
time; of at most 300 characters.

OpenClaw and its relatives write `[CHANNEL FROM +ELAPSED WEEKDAY DATE TIME ZONE] text`, where FROM may end in
`id:NUMBER` (https://docs.openclaw.ai/date-time). A channel may have any name, and people begin lines with brackets too:
log lines, links, task lists. So a name alone makes no header: an id, a time or a number must be in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["ChatHeaders"]

LENGTH = 300
"""The most characters of a header; a longer bracket is a person's text."""
_LINE = re.compile(rf"(?m)^(?:[ ]{{0,3}}(?:```|~~~)|\[([^\[\]\n]{{1,{LENGTH}}})\](?!\S)[ \t]*)")
"""The fence of a code block, or a bracket that begins a line and has a blank or nothing behind it."""
_ID = re.compile(r"id:[+-]?(?=\D*\d)[\w.@:+-]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d\S*)?")
_ELAPSED = re.compile(r"\+\d+[smhdw]")
_NUMBER = re.compile(r"\(?(?:\+\d{4,}|[\d-]{6,}@[\w.]+)\)?")
"""A phone number, or an address of WhatsApp: `+15551234`, `120363@g.us`."""
_TIME_ALONE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? [A-Z][\w+:/-]*")
_NOT_IN_A_NAME = re.compile(r'["{}=<>|]')
_NO_CHANNEL = re.compile(
    "critical|debug|emerg|err|errno|error|fatal|fixme|forwarded|info|log|note|notice|panic|replying|severe|todo|trace"
    "|verbose|warn|warning|id:.*"
)
"""How log lines, notes and quoted messages begin, and no channel does."""


class ChatHeaders:
    """Removes the headers of chat gateways at the beginnings of lines, in linear time. Code blocks are left alone.

    A bracket is a header if it is one of these:

    - a name and `id:` with a number or an id that has a digit, of any channel: `[Telegram Alice id:-100123]`. A name
      that begins with a small letter needs more: a second word, and a date or the time since the last message. A log
      level, `=`, quotes and braces are in no name.
    - the name of a known channel, and a date, the time since the last message, or a phone number:
      `[WhatsApp +15551234 +2m 2026-01-05 10:00 UTC]`;
    - a weekday, a date, a time and a zone, and nothing else: `[Wed 2026-01-28 20:30 EST]`.
    """

    def __init__(self, known: Iterable[str]) -> None:
        """`known`: names of channels, as they are written in headers."""
        self._known = tuple(f"{name} " for name in known)

    def __call__(self, text: str) -> str:
        """`text` without its headers; the same object when it has none."""
        is_code = False
        out: list[str] = []
        written = 0
        for line in _LINE.finditer(text):
            if line[1] is None:
                is_code = not is_code
            elif not is_code and self._is_header(line[1]):
                out.append(text[written : line.start()])
                written = line.end()
        return "".join([*out, text[written:]]) if out else text

    def _is_header(self, bracket: str) -> bool:
        words = bracket.split()
        ids = [n for n, word in enumerate(words) if _ID.fullmatch(word)]
        is_timed = any(_DATE.fullmatch(word) or _ELAPSED.fullmatch(word) for word in words[1:])
        if bracket.startswith(self._known):
            return bool(ids) or is_timed or any(_NUMBER.fullmatch(word) for word in words)
        if ids:
            return _is_name(bracket) and (not _is_small(bracket[0]) or (ids[0] > 1 and is_timed))
        return _TIME_ALONE.fullmatch(bracket) is not None


def _is_name(bracket: str) -> bool:
    """Whether the bracket begins with what may be the name of a channel, and of a person or group."""
    first = bracket[0]
    can_begin = first.isalpha() or ord(first) > 127
    word = bracket.split(maxsplit=1)[0].rstrip(":").lower()
    return can_begin and not _NO_CHANNEL.fullmatch(word) and not _NOT_IN_A_NAME.search(bracket)


def _is_small(letter: str) -> bool:
    return "a" <= letter <= "z"
