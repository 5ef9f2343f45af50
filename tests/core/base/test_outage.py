"""An outage ends, whatever happens to what asks the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from penstock.base import outage
from penstock.base.errors import StoreError
from penstock.base.outage import Outage


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)


def watcher() -> threading.Thread | None:
    """The thread that probes."""
    return next((one for one in threading.enumerate() if one.name == "penstock-probe"), None)


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
