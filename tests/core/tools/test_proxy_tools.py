"""Tools about what the proxy does: the originals of shortened texts, what was saved, budgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock import handle_of
from penstock.base.errors import PenstockError
from penstock.events.event import Event, EventKind
from penstock.store.originals import Original
from penstock.store.sql import SqlStore
from penstock.tools.answer_text import LIMIT, text_of
from penstock.tools.table import all_tools
from tests.core.tools.callers import caller

TEXT = "first\nsecond\nthird\n"
NUMBERS = "\n".join(f"line {n}" for n in range(1, 10_001))
WIDE = "x" * 50_000 + "!\nlast"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store with some originals; its proxy is up."""
    proxy = SqlStore(tmp_path / "penstock.db")
    for text in (TEXT, NUMBERS, WIDE, "half \ud800"):
        proxy.add_original("talk", text, "because", 1.0)
    yield proxy.path
    proxy.close()


def expand(store: Path, *words: str, **named: str) -> Any:
    arguments = dict(zip(("id", "grep", "lines"), words, strict=False))
    return all_tools()["expand"].call(caller(store), {**arguments, **named})


def test_gives_the_original(store: Path) -> None:
    """All of it, a range, or what matches."""
    handle = handle_of(TEXT)
    assert expand(store, handle) == TEXT
    assert expand(store, handle, lines="2-3") == "second\nthird"
    assert expand(store, handle, grep="d$") == "2:second\n3:third"
    assert expand(store, handle, grep="fourth") == "[no line matches 'fourth']"


def test_what_cannot_be_sent_is_shown_as_unknown(store: Path) -> None:
    """Half a character has no bytes."""
    assert expand(store, handle_of("half \ud800")) == "half ?"


@pytest.mark.parametrize("grep", ["", "line"])
def test_a_large_original_comes_in_parts(store: Path, grep: str) -> None:
    """Each says where the next begins, and together they are all of it."""
    lines, parts = "", []
    for _ in range(20):
        said = expand(store, handle_of(NUMBERS), grep, lines)
        assert len(said) <= LIMIT + 100
        if not said.endswith("]"):
            parts.append(said)
            break
        part, _, note = said.rpartition("\n")
        parts.append(part)
        lines = note.partition('lines="')[2].partition('"')[0]
    whole = "\n".join(f"{n}:line {n}" for n in range(1, 10_001)) if grep else NUMBERS
    assert "\n".join(parts) == whole
    assert len(parts) > 2


def test_a_line_that_is_too_long_is_cut(store: Path) -> None:
    """It says so, how to look into it, and how to go past it."""
    said = expand(store, handle_of(WIDE))
    assert said.startswith("x" * LIMIT + "\n[line 1 is longer than this: grep shows")
    assert 'lines="2-"' in said
    assert expand(store, handle_of(WIDE), lines="2-") == "last"


def test_others_originals_are_not_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that is not enough says only that: from the answer nobody learns what other conversations have."""
    found = [Original(f"{handle_of(TEXT)}{n:056}", "x", "talk", "s", "replace", f"secret {n}", 1.0) for n in range(2)]
    monkeypatch.setattr("penstock.store.original_lookup.find_originals", lambda *_, **__: found)
    with pytest.raises(PenstockError, match="2 originals begin with") as e:
        expand(store, handle_of(TEXT))
    assert "secret" not in str(e.value)
    assert "0" * 20 not in str(e.value)


def test_an_expression_without_end_is_ended(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server goes on: an agent's pattern can not hold it up."""
    monkeypatch.setattr("penstock.base.excerpt.SECONDS", 0.3)
    with pytest.raises(PenstockError, match="simpler expression"):
        expand(store, handle_of(WIDE), grep="(x+)+$", lines="1")
    assert expand(store, handle_of(WIDE), lines="2") == "last"


def test_of_many_sessions_the_newest_are_told(tmp_path: Path) -> None:
    """A week of scripts has hundreds, and an answer that is too long would be an error."""
    split = {"plain": 10, "read": 500, "write": 0}
    paid = {"baseline": 2, "paid": 1, "naive": 1, "came": split, "sent": split, "reads_saved": 0, "writes_caused": 0}
    log = SqlStore(tmp_path / "log.db")
    for n in range(300):
        about = {"session": f"s-{n}", "conversation": f"talk {n}", "client": "a script", "model": "m"}
        asked = Event(0, float(n), f"x{n}", EventKind.CLASSIFIED, about)
        answered = {"status": 200, "money": {**paid, "how": "exact"}}
        log.add_events([asked, Event(0, float(n), f"x{n}", EventKind.ANSWERED, answered)])
    log.close()
    told = all_tools()["stats"].call(caller(log.path), {"days": 0})
    assert len(text_of(told)) < LIMIT
    assert [one["session"] for one in told["sessions"]] == [f"s-{n}" for n in range(280, 300)]
    assert (told["earlier_sessions"], told["total"]["requests"]) == (280, 300)


def test_of_many_budgets_those_that_matter_are_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day's, and those with a limit that were used last; each conversation has one."""

    def row(scope: str, at: int, limits: dict[str, float]) -> dict[str, Any]:
        sums = {name: dict.fromkeys(("dollars", "tokens", "requests"), 0.0) for name in ("used", "held", "raised")}
        about = {"name": f"{scope}-{at}" * 3, "period": "2026-11-25", "share": 0.0, "level": "NORMAL", "main": True}
        return {"scope": scope, "at": float(at), "limits": limits, "pool": {}, "over": False, **about, **sums}

    rows = [row("day", 0, {})] + [row("session", n, {"dollars": 1.0} if n % 2 else {}) for n in range(200)]
    found = {"budgets": rows, "limited": True, "rates": {}}
    monkeypatch.setattr("penstock.tools.proxy_tools.do_budget", lambda *asked: found)
    told = all_tools()["budget"].call(caller(store), {})
    assert len(text_of(told)) < LIMIT
    assert [one["at"] for one in told["budgets"]] == [0.0, *range(161, 200, 2)]
    assert (told["others"], told["limited"]) == (180, True)


def test_what_was_saved_and_what_is_left(store: Path) -> None:
    tools = all_tools()
    assert tools["stats"].call(caller(store), {"days": 0})["total"]["requests"] == 0
    assert tools["budget"].call(caller(store), {})["limited"] is False
