"""A terminal that closes ends the proxy as a person would: what it knows is written."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penstock.events.event import EventKind
from tests.road.bodies import body_for
from tests.road.client import Road

PATH = "/v1/messages"


@contextmanager
def hangups(how: signal.Handlers) -> Iterator[None]:
    """How a process that is started meanwhile takes them: it inherits what is ignored, as of a run with `nohup`."""
    before = signal.signal(signal.SIGHUP, how)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_hangup_ends_it_cleanly(start: Callable[..., Road]) -> None:
    """SIGHUP is what a closed terminal sends; without a handler it ends a process on the spot."""
    with hangups(signal.SIG_DFL):
        road = start()
    road.post(PATH, body_for(PATH, "one turn"))
    road.proxy.wait_event(EventKind.ANSWERED)
    road.proxy.process.send_signal(signal.SIGHUP)
    assert road.proxy.ended() == 0
    kinds = [event.kind for event in road.proxy.events()]
    assert EventKind.STOPPED in kinds


def test_a_process_that_ignores_hangups_goes_on(start: Callable[..., Road]) -> None:
    """As `nohup` has it: started to outlive its terminal."""
    with hangups(signal.SIG_IGN):
        road = start()
    road.proxy.process.send_signal(signal.SIGHUP)
    assert road.post(PATH, body_for(PATH, "still here")).answer.status == 200
