"""How a command ends by a signal."""

from __future__ import annotations

import signal
import threading
import weakref

import pytest

from penstock_addons.cli.foreground import ended_by_signals
from tests.road.wire import PATIENCE


class Thing:
    """What a weak reference can be to."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_wherever_it_comes(number: signal.Signals) -> None:
    """Python ignores what is raised in the callback of a weak reference; SQLAlchemy has many of them."""
    things = [Thing()]
    kept = weakref.ref(things[0], lambda _: signal.raise_signal(number))

    def work() -> None:
        things.clear()
        threading.Event().wait(PATIENCE)

    with pytest.raises(SystemExit) as ended, ended_by_signals():
        work()
    assert ended.value.code == 128 + number
    assert kept() is None
