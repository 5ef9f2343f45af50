"""An outage ends, whatever happens to what asks the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from penstock.base import outage
from penstock.base.errors import StoreError
from penstock.base.outage import ASKED_AGAIN, Outage


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)


def watcher() -> threading.Thread | None:
    """The thread that probes."""
    return next((one for one in threading.enumerate() if one.name == "penstock-probe"), None)


def wait_for_probes() -> None:
    """Until no thread probes any longer."""
    while (thread := watcher()) is not None:
        thread.join(60)


def asked(answers: Iterator[Exception | None]) -> Outage:
    """An outage whose probes end as `answers` say, and that has ended."""
    may_end = threading.Event()

    def probe() -> None:
        may_end.wait(60)
        if (error := next(answers)) is not None:
            raise error

    found = Outage(probe)
    found.begin("it is away")
    assert found.why
    thread = watcher()
    may_end.set()
    assert thread is not None
    thread.join(60)
    return found


@pytest.mark.parametrize("error", [StoreError("still away"), KeyError("a fault of ours"), OSError()])
def test_an_outage_ends_after_any_error_of_a_probe(error: Exception) -> None:
    assert asked(iter([error, error, None])).why == ""


def test_an_outage_that_nothing_can_probe_has_not_begun(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The machine has no thread left. A later one is probed again."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    found = Outage(lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        found.begin("it is away")
    assert found.why == ""
    assert "nothing can ask" in caplog.text
    assert asked(iter([None])).why == ""


def test_several_outages_of_one_server_are_logged_as_one(caplog: pytest.LogCaptureFixture) -> None:
    """The store, the contexts and the memory of one process have one each: of a further one only what else goes on is
    news, and of their ends the first. A later outage is told again; one that is closed ends silently."""
    may_end = threading.Event()

    def probe() -> None:
        if not may_end.is_set():
            raise StoreError("away")

    def outages() -> list[Outage]:
        return [Outage(probe, "the server", one) for one in (ASKED_AGAIN, ASKED_AGAIN, "requests wait")]

    first, *others = found = outages()
    for one in found:
        one.begin("the server is away")
    may_end.set()
    wait_for_probes()
    may_end.clear()
    first.begin("the server is away again")
    first.close()
    wait_for_probes()
    others[0].begin("the server is away for the third time")
    others[0].close()
    wait_for_probes()
    assert [record.message for record in caplog.records] == [
        "the server is away: it is asked once a second until it answers",
        "the server: requests wait until it answers",
        "the server answers again",
        "the server is away again: it is asked once a second until it answers",
        "the server is away for the third time: it is asked once a second until it answers",
    ]
