"""Settings, pause and shutdown of a real proxy, over the control channel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.control.client import Refused
from penstock.control.client import ask as command
from penstock.control.discovery import answers as port_answers
from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Call, Road
from tests.road.provider import Answer, Gate
from tests.road.proxy import wait_until
from tests.road.stages import COUNTING, REPLACING

pytestmark = pytest.mark.slow

Start = Callable[..., Road]


def tell(road: Road, what: str, **arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = command(f"127.0.0.1:{road.port}", road.proxy.setup.store, what, arguments, 60)
    return found


def turn(road: Road, session: str, *messages: dict[str, Any]) -> Call:
    call = road.post("/v1/messages", claude(*messages, session=session))
    assert call.response().status == 200
    call.wait(EventKind.PROCESSED)
    return call


def penstock(road: Road, *words: str, code: int = 0) -> str:
    """What the program says, run as a person would."""
    program = Path(sys.executable).with_name("penstock")
    environment = {"PENSTOCK_HOME": str(road.proxy.setup.home), "PATH": "/usr/bin:/bin"}
    found = subprocess.run([str(program), *words], env=environment, capture_output=True, text=True, timeout=60)
    assert found.returncode == code, found.stdout + found.stderr
    return found.stdout + found.stderr


def test_a_change_reaches_the_next_request(start: Start) -> None:
    """Over the channel, into the engine, onto the wire; and what is wrong is said by key, and changes nothing."""
    road = start(plugins={"counting": COUNTING})
    assert b"call 1" in turn(road, new_session(), ask("hello")).received.body
    with pytest.raises(Refused) as refused:
        tell(road, "/settings/set", values={"mode": "observe", "window.soft": 0.99})
    assert refused.value.faults.keys() == {"window"}
    assert b"call 2" in turn(road, new_session(), ask("hello")).received.body
    assert tell(road, "/settings/set", values={"mode": "observe"})["changed"] == {"mode": ["edit", "observe"]}
    assert b"call" not in turn(road, new_session(), ask("hello")).received.body
    tell(road, "/settings/reset")
    assert b"call" in turn(road, new_session(), ask("hello")).received.body
    road.proxy.wait_event(EventKind.SETTINGS, profile="road", changed={"mode": ["observe", "edit"]})


def test_paused_as_a_person_does_it(start: Start) -> None:
    """What was sent is sent the same, nothing is added, and it goes on."""
    road = start(plugins={"counting": COUNTING})
    session = new_session()
    later = {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}
    turn(road, session, ask("one"))
    assert "nothing new is edited" in penstock(road, "pause")
    body = turn(road, session, ask("one"), later, ask("two")).received.body
    assert b"call 1" in body
    assert b"call 2" not in body
    assert "PAUSED" in penstock(road, "settings", "show")
    assert penstock(road, "resume") == "Editing goes on.\n"
    body = turn(road, session, ask("one"), later, ask("two"), later, ask("three")).received.body
    assert b"call 1" in body
    assert b"call 3" in body


def test_settings_as_a_person_changes_them(start: Start) -> None:
    """Shown, changed, refused, saved: with words that say what to do."""
    road = start()
    assert "window.hard" in penstock(road, "settings", "show", "window")
    assert penstock(road, "settings", "set", "window.hard=80%") == "● window.hard: 0.85 → 0.8\n"
    assert "● window.hard" in penstock(road, "settings", "show", "--changed")
    assert "soft = 0.9 is above hard = 0.8" in penstock(road, "settings", "set", "window.soft=0.9", code=2)
    assert "Did you mean" in penstock(road, "settings", "set", "window.heard=1", code=2)
    assert "penstock up --profile mine" in penstock(road, "settings", "save", "mine")
    assert "hard = 0.8" in (road.proxy.setup.home / "config" / "profiles" / "mine.toml").read_text()
    assert penstock(road, "settings", "reset") == "● window.hard: 0.8 → 0.85\n"


@pytest.mark.parametrize("grace", [60.0, 0.0])
def test_shutting_down(start: Start, grace: float) -> None:
    """The command is answered; nobody new comes in; what is under way is finished, if there is time; the log has its
    last word."""
    road = start(plugins={"replacing": REPLACING})
    gate = Gate()
    call = road.send(
        "/v1/messages", claude(ask("hello"), session=new_session()), {}, Answer((b'{"model": "m"', gate, b"}"))
    )
    gate.wait_until_reached()
    assert tell(road, "/shutdown", grace_s=grace) == {"pid": road.proxy.process.pid, "under_way": 1}
    if grace:
        wait_until(lambda: not port_answers("127.0.0.1", road.port), "the port is closed")
        assert not road.proxy.has_ended
        gate.open()
        assert call.response().body == b'{"model": "m"}'
    assert road.proxy.ended() == 0
    gate.open()
    kinds = [event.kind for event in road.proxy.events()]
    assert kinds[-1] is EventKind.STOPPED
    assert (EventKind.PROCESSED in kinds) is bool(grace)
