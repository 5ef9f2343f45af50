"""Summaries ahead of their flush: bounded, each made once."""

from __future__ import annotations

import threading

from penstock import Summary
from penstock_plugins.compaction.llm import ModelFailed
from penstock_plugins.compaction.summary_prefetch import CONVERSATIONS, SEGMENTS, SummaryPrefetch


def test_what_is_wanted_is_made_in_order() -> None:
    """One for each answer."""
    ahead = SummaryPrefetch()
    for n in range(2):
        ahead.want("talk", f"h{n}", lambda n=n: Summary(f"text {n}", 0.1))  # type: ignore[misc]
    ahead.work("talk")
    assert ahead.made("talk", "h0") == Summary("text 0", 0.1)
    assert ahead.made("talk", "h1") == ""
    ahead.work("talk")
    ahead.work("talk")
    assert ahead.made("talk", "h1") == Summary("text 1", 0.1)


def test_a_bill_is_given_once() -> None:
    """So that nothing is booked twice."""
    ahead = SummaryPrefetch()
    ahead.want("talk", "h", lambda: Summary("text", 0.1))
    ahead.work("talk")
    assert (ahead.bill("talk"), ahead.bill("talk"), ahead.bill("other")) == (0.1, 0.0, 0.0)


def test_a_call_that_failed_and_may_be_paid_is_on_the_bill() -> None:
    """With what it may have cost; one that was refused costs nothing."""
    paid, free = ModelFailed("the answer can not be read"), ModelFailed("answered 503", is_paid=False)
    paid.dollars = 0.1

    def failing(error: ModelFailed) -> Summary:
        raise error

    ahead = SummaryPrefetch()
    ahead.want("talk", "paid", lambda: failing(paid))
    ahead.want("talk", "free", lambda: failing(free))
    ahead.work("talk")
    ahead.work("talk")
    assert ahead.made("talk", "paid") == "ModelFailed: the answer can not be read"
    assert (ahead.bill("talk"), ahead.bill("talk")) == (0.1, 0.0)


def test_what_is_being_made_is_not_made_twice() -> None:
    """While one thread waits for a model, another finds nothing to do, and the flush is told why."""
    ahead, begun, may_go = SummaryPrefetch(), threading.Event(), threading.Event()
    calls: list[int] = []

    def slow() -> Summary:
        calls.append(1)
        begun.set()
        may_go.wait()
        return Summary("text")

    ahead.want("talk", "h", slow)
    thread = threading.Thread(target=ahead.work, args=("talk",))
    thread.start()
    begun.wait()
    assert ahead.knows("talk", "h")
    assert ahead.made("talk", "h") == "it was not done in time"
    ahead.work("talk")
    may_go.set()
    thread.join()
    assert ahead.made("talk", "h") == Summary("text")
    assert calls == [1]


def test_only_so_much_is_kept() -> None:
    """The oldest segments of a conversation go, and the conversations not seen for longest."""
    ahead = SummaryPrefetch()
    for n in range(SEGMENTS + 1):
        ahead.want("talk", f"h{n}", lambda: Summary("text"))
    assert not ahead.knows("talk", "h0")
    assert ahead.knows("talk", "h1")
    for n in range(CONVERSATIONS):
        ahead.want(f"other {n}", "h", lambda: Summary("text"))
    assert not ahead.knows("talk", "h1")


def test_what_was_forgotten_does_not_come_back() -> None:
    """P8: a summary made as the settings of before had it, when they changed, would stand under another's name. It is
    paid for all the same."""
    ahead = SummaryPrefetch()

    def work() -> Summary:
        ahead.want("talk", "next", lambda: Summary("text"))
        ahead.forget()
        return Summary("by the model of before", dollars=0.25)

    ahead.want("talk", "h", work)
    ahead.work("talk")
    assert not ahead.knows("talk", "h")
    assert not ahead.knows("talk", "next")
    assert ahead.made("talk", "h") == ""
    assert ahead.bill("talk") == 0.25
