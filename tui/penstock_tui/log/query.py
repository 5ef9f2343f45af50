"""Parser (`parse`) and matcher (`Query`) of the filter line: a plain word matches any column, `name:value` one column,
`-` in front negates. Raises `QueryError` for what is no filter; `HELP` explains the terms."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from penstock.conversation.exchange import Kind
from penstock.events.kinds import OLD_NAMES
from penstock_tui.log.row import INGESTED, KEEP_ALIVE, Row

__all__ = ["HELP", "Query", "QueryError", "parse"]

Test = Callable[[Row], bool]


class QueryError(Exception):
    """A term that cannot be understood. The text names it, and says what could."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed filter line. Empty: everything matches."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def matches(self, row: Row) -> bool:
        """Whether `row` matches every term."""
        return all(test(row) for test in self.tests)


def parse(text: str) -> Query:
    """Parse a filter line. Raises `QueryError` at the first term that cannot be understood."""
    return Query(text.strip(), tuple(_test(*found) for found in _split(text)))


def _split(text: str) -> list[tuple[bool, str, str]]:
    """Terms as (negated, name, value). Quotes keep spaces and colons: "two words" is one term."""
    terms = []
    for minus, name, quoted, bare in _TERM.findall(text):
        if name or quoted or bare:
            terms.append((bool(minus), name[:-1].lower(), quoted or bare))
    return terms


_TERM = re.compile(r"""-?[A-Za-z_]+:(?=\s|$)|(-?)([A-Za-z_]+:)?(?:"([^"]*)"?|([^\s"]+))""")
# The first way is a term still being typed; it has no groups, so it is passed over.


def _test(turned: bool, name: str, value: str) -> Test:
    test = _named(name, value) if name else _anywhere(value)
    return (lambda row: not test(row)) if turned else test


def _anywhere(value: str) -> Test:
    word = value.lower()
    return lambda row: word in _all(row)


def _all(row: Row) -> str:
    status = "" if row.status is None else str(row.status)
    agent = row.agent if row.agent != "main" else ""
    parts = (row.prompt, row.client, row.kind, agent, row.model, row.conversation, row.id, status, row.host, row.path)
    states = (row.state, _OLD_STATES.get(row.state, ""))
    return "\n".join((*parts, *states, row.why, row.error, *row.tools, *row.all_tags)).lower()


def _named(name: str, value: str) -> Test:
    name = _OLD_NAMES.get(name, name)
    if name in _TEXTS:
        word, read = value.lower(), _TEXTS[name]
        return lambda row: word in read(row).lower()
    if name in _TAGS:
        tag, names = value.lower(), _TAGS[name]
        return lambda row: any(one.lower() == tag for one in names(row))
    if name == "status":
        return _status(value)
    if name in _NUMBERS:
        return _number(name, value)
    if name == "kind":
        return _kind(value.lower())
    if name == "is":
        return _quality(value.lower())
    raise QueryError(
        f"“{name}:” is not a term.{_near(name, _NAMES)} Put quotes around it to search for it as it stands."
        f" Terms: {', '.join(f'{one}:' for one in _NAMES)}"
    )


def _kind(value: str) -> Test:
    if not any(kind.startswith(value) for kind in _KINDS):
        raise QueryError(f"No kind begins with “{value}”.{_near(value, _KINDS)} Kinds: {', '.join(_KINDS)}")
    return lambda row: row.kind.startswith(value)


def _status(value: str) -> Test:
    if re.fullmatch(r"[1-5](xx)?", value.lower()):
        return lambda row: (row.status or 0) // 100 == int(value[0])
    return _number("status", value)


def _quality(value: str) -> Test:
    if value not in _QUALITIES:
        raise QueryError(f"“is:{value}” is not known.{_near(value, _QUALITIES)} Try is: {', '.join(_QUALITIES)}")
    return _QUALITIES[value]


def _number(name: str, value: str) -> Test:
    found = _AMOUNT.fullmatch(value.lower())
    if found is None:
        raise QueryError(f"“{name}:{value}” needs a number, like {name}:{_EXAMPLES.get(name, '>3')}")
    compare, unit, units = _COMPARE[found["op"] or "="], found["unit"] or "", _units(name)
    if unit not in units:
        raise QueryError(f"“{name}:{value}”: {name} has no unit “{unit}”. Units here: {', '.join(filter(None, units))}")
    bound = float(found["digits"]) * units[unit]
    read = _NUMBERS[name]

    def test(row: Row) -> bool:
        number = read(row)
        return number is not None and compare(number, bound)

    return test


def _units(name: str) -> dict[str, float]:
    """The units that a number in that column may have, with their factors."""
    if name in _TIMES:
        return {"": 1.0, "ms": 1.0, "s": 1e3, "m": 60e3}
    return {"": 1.0, "%": 1.0} if name == "cache" else {"": 1.0, "k": 1e3, "m": 1e6}


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean “{near[0]}”?" if near else ""


_AMOUNT = re.compile(r"(?P<op>>=|<=|>|<|=)?(?P<digits>\d+(?:\.\d+)?)(?P<unit>k|m|ms|s|%)?")
_TIMES = ("suite", "provider", "first", "total")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_TEXTS: dict[str, Callable[[Row], str]] = {
    "client": lambda row: row.client,
    "agent": lambda row: row.agent,
    "model": lambda row: row.model,
    "conv": lambda row: row.conversation,
    "session": lambda row: f"{row.session}\n{row.label}",
    "project": lambda row: row.project,
    "id": lambda row: row.id,
    "prompt": lambda row: row.prompt,
    "path": lambda row: f"{row.host}{row.path}",
    "tool": lambda row: " ".join(row.tools),
    "error": lambda row: f"{row.why} {row.error}",
}
_TAGS: dict[str, Callable[[Row], tuple[str, ...]]] = {
    "tag": lambda row: row.all_tags,
    "request": lambda row: row.inbound.names,
    "answer": lambda row: row.response.names,
}
_NUMBERS: dict[str, Callable[[Row], float | None]] = {
    "status": lambda row: row.status,
    "turn": lambda row: row.turn,
    "tokens": lambda row: row.tokens_out,
    "baseline": lambda row: row.tokens_in,
    "injected": lambda row: row.injected,
    "removed": lambda row: row.removed,
    "edits": lambda row: row.edits,
    "pending": lambda row: row.pending,
    "cache": lambda row: None if row.cache_share is None else row.cache_share * 100,
    "saved": lambda row: row.saved,
    "suite": lambda row: row.suite_ms,
    "provider": lambda row: row.provider_ms,
    "first": lambda row: row.first_ms,
    "total": lambda row: row.ms,
}
_QUALITIES: dict[str, Test] = {
    "running": lambda row: row.running,
    "failed": lambda row: row.failed,
    "refused": lambda row: row.state == "refused",
    "lost": lambda row: row.lost,
    "retry": lambda row: row.retry,
    "edited": lambda row: row.edits > 0,
    "replayed": lambda row: row.replayed > 0,
    "pending": lambda row: row.pending > 0,
    "bypassed": lambda row: bool(row.bypassed),
    "trouble": lambda row: row.trouble > 0,
    "dearer": lambda row: (row.saved or 0) < 0,
    "broad": lambda row: row.inbound.broad or row.response.broad,
    "temporal": lambda row: row.inbound.temporal or row.response.temporal,
    "history": lambda row: row.history,
    "live": lambda row: not row.history,
}
_KINDS = (*Kind, KEEP_ALIVE, INGESTED)
_OLD_STATES = {new: old for old, new in OLD_NAMES.items()}
"""Words that a person may know from an earlier version."""
_EXAMPLES = {"status": "429 or status:5xx", "tokens": ">50k", "cache": "<50", "suite": ">20ms", "total": ">10s"}
_OLD_NAMES = {"words": "prompt", "freed": "removed", "inbound": "request", "response": "answer"}
"""Terms that are still understood."""
_NAMES = ["kind", "status", "is", *_TAGS, *_TEXTS, *(name for name in _NUMBERS if name != "status")]
HELP = (
    ("retry loop", "both words, in any column"),
    ('"retry loop"', "these words, one after the other"),
    ("kind:main client:codex", "one column each; the beginning of a kind, a part of anything else"),
    ("tag:database", "given this tag; its whole name, unlike a part as elsewhere; request: and answer: one of both"),
    ("status:429  status:5xx", "the status the client got"),
    (
        "tokens:>50k total:>10s",
        "numbers with > >= < <=; k and m for thousands and millions, for times ms, s and m (minutes)",
    ),
    ("is:failed", f"one of {', '.join(_QUALITIES)}"),
    ("is:edited  is:replayed", "edited for the first time in this request; sent with edits of earlier requests again"),
    ("is:live  is:history", "came since the proxy started last, or before that"),
    ("-kind:side", "a minus finds what does not match the term"),
)
"""Examples and what they find, for the help screen."""
