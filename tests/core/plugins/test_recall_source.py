"""Sources of recall are asked at the same time, and one that is late, fails or hangs costs no more than itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

import pytest

from penstock import RecalledText, RecallQuestion, RecallSources
from penstock.testing import ManualClock

QUESTION = RecallQuestion("Where?", "/srv/shop", "c1", 1000, 60.0)
SOON = RecallQuestion("Where?", "/srv/shop", "c1", 1000, 0.05)


class Source:
    def __init__(self, name: str, has: Callable[[], Iterable[Any]]) -> None:
        self.name, self._has = name, has

    def __call__(self, question: RecallQuestion) -> Iterable[Any]:
        return self._has()


@pytest.fixture
def ends() -> Iterator[threading.Event]:
    """What hangs goes on after the test."""
    event = threading.Event()
    yield event
    event.set()


def test_they_are_asked_at_the_same_time() -> None:
    """Each of two waits until the other is asked, too."""
    both = threading.Barrier(2)

    def has() -> list[RecalledText]:
        both.wait(60)
        return [RecalledText("there")]

    found = RecallSources([Source("wiki", has), Source("tickets", has)]).ask(QUESTION)()
    assert found.texts == (("wiki", RecalledText("there")), ("tickets", RecalledText("there")))
    assert found.missing == ()


def test_one_that_is_late_is_left_out(ends: threading.Event) -> None:
    def hangs() -> list[RecalledText]:
        ends.wait(60)
        return []

    found = RecallSources([Source("wiki", hangs), Source("tickets", lambda: [RecalledText("there")])]).ask(SOON)()
    assert found.texts == (("tickets", RecalledText("there")),)
    assert found.missing == ("wiki had no answer in time",)


def test_one_that_fails_again_and_again_is_not_asked_for_a_while() -> None:
    """No request waits for it then; what answers is asked as before."""
    clock, asked = ManualClock(), list[str]()
    answers: list[RecalledText] = []

    def has() -> list[RecalledText]:
        asked.append("wiki")
        if not answers:
            raise ConnectionError("no route")
        return answers

    sources = RecallSources([Source("wiki", has), Source("tickets", lambda: [RecalledText("there")])], clock)
    for _ in range(3):
        assert sources.ask(QUESTION)().missing == ("wiki failed: ConnectionError: no route",)
    assert sources.ask(QUESTION)().missing == ("wiki has failed, and rests",)
    assert sources.ask(QUESTION)().texts == (("tickets", RecalledText("there")),)
    assert len(asked) == 3
    clock.advance(30)
    answers.append(RecalledText("back"))
    for _ in range(2):
        assert len(sources.ask(QUESTION)().texts) == 2


def test_one_that_hangs_is_asked_four_times(ends: threading.Event) -> None:
    clock, asked = ManualClock(), list[int]()

    def hangs() -> list[RecalledText]:
        asked.append(1)
        ends.wait(60)
        return []

    sources = RecallSources([Source("wiki", hangs)], clock)
    for _ in range(4):
        assert sources.ask(SOON)().missing == ("wiki had no answer in time",)
        clock.advance(30)
    assert sources.ask(SOON)().missing == ("wiki failed: RuntimeError: 4 questions wait for it",)
    assert len(asked) == 4


def raises() -> Iterable[RecalledText]:
    yield RecalledText("first")
    raise SystemExit("no")


class Wordless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def says_nothing() -> Iterable[RecalledText]:
    raise Wordless


@pytest.mark.parametrize(
    ("has", "said"),
    [
        (raises, "SystemExit: no"),
        (lambda: ["text"], "it gave str"),
        (lambda: [RecalledText(b"text")], "it gave RecalledText: a RecalledText of texts was expected"),  # type: ignore[arg-type]
        (lambda: [RecalledText("text", at=1e20)], "at = 1e+20"),
        (lambda: [RecalledText("text", at=float("nan"))], "at = nan"),
        (lambda: None, "NoneType"),
        (lambda: [RecalledText("half a \ud800")], "no text that can be sent"),
        (lambda: [RecalledText("text", place="\ud800")], "no text that can be sent"),
        (says_nothing, "Wordless"),
    ],
)
def test_one_that_fails_is_left_out_whole(has: Callable[[], Any], said: str) -> None:
    found = RecallSources([Source("wiki", has), Source("tickets", lambda: [RecalledText("there")])]).ask(QUESTION)()
    assert found.texts == (("tickets", RecalledText("there")),)
    assert len(found.missing) == 1
    assert found.missing[0].startswith("wiki failed: ")
    assert said in found.missing[0]


def test_of_one_without_an_end_some_are_taken() -> None:
    assert len(RecallSources([Source("wiki", lambda: repeat(RecalledText("again")))]).ask(QUESTION)().texts) == 50


def test_one_for_which_there_is_no_thread_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """And asked again as soon as there is one."""
    clock, start, threads = ManualClock(), threading.Thread.start, [0] * 5 + [1]

    def may_start(self: threading.Thread) -> None:
        if not threads.pop(0):
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", may_start)
    sources = RecallSources([Source("wiki", lambda: [RecalledText("there")])], clock)
    for _ in range(5):
        assert sources.ask(QUESTION)().missing == ("wiki failed: RuntimeError: can't start new thread",)
        clock.advance(30)
    assert sources.ask(QUESTION)().texts == (("wiki", RecalledText("there")),)
