"""`Enclosed`: removes from a text each passage between two delimiters such as tags, or the delimiters alone, in linear
time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["Enclosed"]


class Enclosed:
    """Finds each opening delimiter with the first matching closing one behind it. An opening delimiter without a
    closing one is no envelope: it stays, and so does what follows it.

    A regular expression such as `<a>.*?</a>` does the same, but reads the rest of the text again for each `<a>` that is
    never closed. Here a closing delimiter that was not found once is not looked for again.
    """

    def __init__(self, pairs: Mapping[str, str], *, keep: bool, ignore_case: bool = False) -> None:
        """`pairs`: opening to closing delimiter, as literal text. `keep`: what is between them stays."""
        # Letters of ASCII alone: `ſ` is no `s`, for its lower case is not one either.
        flags = re.IGNORECASE | re.ASCII if ignore_case else re.NOFLAG
        self._fold = str.lower if ignore_case else str
        # The longest first: of two that begin alike, the longer one is meant.
        openings = sorted(pairs, key=len, reverse=True)
        self._opening = re.compile("|".join(map(re.escape, openings)), flags)
        self._closing = {self._fold(a): re.compile(re.escape(b), flags) for a, b in pairs.items()}
        self._keep = keep

    @classmethod
    def tags(cls, names: Iterable[str], *, keep: bool) -> Enclosed:
        """`<name>` and `</name>`, in letters of any case."""
        return cls({f"<{name}>": f"</{name}>" for name in names}, keep=keep, ignore_case=True)

    def __call__(self, text: str) -> str:
        """`text` without its envelopes; the same object when it has none."""
        out: list[str] = []
        never_closed: set[str] = set()
        written = at = 0
        while opening := self._opening.search(text, at):
            name = self._fold(opening[0])
            closing = None if name in never_closed else self._closing[name].search(text, opening.end())
            if closing is None:
                never_closed.add(name)
                at = opening.end()
                continue
            out.append(text[written : opening.start()])
            if self._keep:
                out.append(text[opening.end() : closing.start()])
            written = at = closing.end()
        return "".join([*out, text[written:]]) if out else text
