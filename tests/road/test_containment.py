"""P1: a stage that misbehaves costs its own edits, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from penstock.events.event import EventKind
from penstock.plugins.stage import StageOutcome
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Call, Road, running
from tests.road.provider import Provider
from tests.road.proxy import wait_until
from tests.road.rogues import FAILING, LATE, NOTHING, PLUGIN
from tests.road.stages import LOOKING

THOUGHT = {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}


@pytest.fixture(scope="module")
def rogues(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy full of stages that misbehave on demand, with a good one before and a good one behind them."""
    yield from running(provider, tmp_path_factory.mktemp("rogues"), plugins={"rogues": PLUGIN})


@pytest.fixture(scope="module")
def looking(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy with stages that look at answers, one of them badly; and with a listener that always fails."""
    profile = 'extends = "default"\n[limits]\nstage_ms = 120000\nread_ms = 120000\nbackground_s = 1.0\nfailures = 99\n'
    home = tmp_path_factory.mktemp("looking")
    yield from running(provider, home, plugins={"looking": LOOKING}, profile=profile)


def ask_for(road: Road, misbehaviour: str) -> Call:
    """A request in which the stage of this name misbehaves."""
    said = {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Ready."}]}
    body = claude(ask("begin"), said, ask(f"please: {misbehaviour}"), session=new_session())
    call = road.post("/v1/messages", body)
    assert call.provider.received(call.tag)[0].body.startswith(body[: body.index(b"please:")])
    return call


def notes(call: Call) -> list[str]:
    """What stands behind the person's words in the request that arrived."""
    blocks = msgspec.json.decode(call.received.body)["messages"][-1]["content"]
    return [block["text"] for block in blocks[2:]]


@pytest.mark.parametrize("misbehaviour", FAILING)
def test_a_stage_that_fails_costs_its_own_edits(rogues: Road, misbehaviour: str) -> None:
    """P1: it raises, or asks for what can not be: the edits of the others land, and an event says that it failed."""
    call = ask_for(rogues, misbehaviour)
    assert notes(call) == ["noted by a-first", "noted by z-last"]
    stages = call.stages()
    assert stages[misbehaviour].payload["outcome"] == StageOutcome.FAILED
    assert stages[misbehaviour].payload["remark"]
    assert stages["z-last"].payload["outcome"] == StageOutcome.EDITED


@pytest.mark.parametrize("misbehaviour", LATE)
def test_a_stage_that_hangs_costs_its_own_edits(rogues: Road, misbehaviour: str) -> None:
    """P1, P11: it never comes back: the request goes on without it, and an event says that it was late."""
    call = ask_for(rogues, misbehaviour)
    assert notes(call) == ["noted by a-first", "noted by z-last"]
    assert call.stages()[misbehaviour].payload["outcome"] == StageOutcome.LATE


@pytest.mark.parametrize("misbehaviour", NOTHING)
def test_nonsense_that_means_nothing_does_nothing(rogues: Road, misbehaviour: str) -> None:
    """P1: what a stage returns or scribbles on its copies does not matter to the request, nor to its events."""
    call = ask_for(rogues, misbehaviour)
    assert notes(call) == ["noted by a-first", "noted by z-last"]
    verdict = call.stages()[misbehaviour].payload
    assert verdict["outcome"] == StageOutcome.NOTHING
    assert len(verdict["remark"]) <= 401
    assert call.wait(EventKind.PROCESSED)
    assert call.events(EventKind.CLASSIFIED)[0].payload["kind"] == "main"


def test_edits_that_break_the_request_cost_their_own_stage(rogues: Road) -> None:
    """P1, P5: a stage drops a tool call whose result stays: its edit is left out, and those of the others land."""
    session = new_session()
    rogues.post("/v1/messages", claude(ask("begin"), session=session))
    messages = (
        ask("begin"),
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "an empty file"},
                {"type": "text", "text": "please: breaks-a-pair"},
            ],
        },
    )
    call = rogues.post("/v1/messages", claude(*messages, session=session))
    assert notes(call) == ["noted by a-first", "noted by z-last"]
    assert b"toolu_1" in call.received.body
    fault = call.wait(EventKind.FAULT).payload
    call.wait(EventKind.PROCESSED)
    states = {e.payload["stage"]: e.payload["state"] for e in call.events(EventKind.EDIT)}
    assert states == {"a-first": "landed", "breaks-a-pair": "left out", "z-last": "landed"}
    assert fault["where"] == "check"
    assert "toolu_1" in fault["error"]


def test_a_stage_that_fails_three_times_in_a_row_rests(rogues: Road) -> None:
    """P1: after three failures a stage is left alone for a while, and an event says so."""
    outcomes = [ask_for(rogues, "fails-often").stages()["fails-often"].payload["outcome"] for _ in range(4)]
    assert outcomes == [StageOutcome.FAILED, StageOutcome.FAILED, StageOutcome.FAILED, StageOutcome.RESTING]


def test_a_stage_tells_the_log_no_secret(rogues: Road) -> None:
    """P6: what a broken stage quotes in its error is redacted like any other text; the line of its file stays."""
    remark = ask_for(rogues, "tells-a-secret").stages()["tells-a-secret"].payload["remark"]
    assert re.fullmatch(r"ValueError: I saw \[redacted api key\] \(line \d+\)", remark)


@pytest.mark.parametrize("manner", ["wait", "spin"])
def test_nobody_waits_for_the_stage_of_another(gated: Road, manner: str, tmp_path: Path) -> None:
    """P11: while a stage holds one request, asleep or busy, another goes to the provider and is answered."""
    opened = tmp_path / "opened"
    held = gated.send("/v1/messages", claude(ask(f"{manner} for {opened}"), session=new_session()))
    wait_until(Path(f"{opened}.reached").exists, "the stage has begun")
    quick = gated.post("/v1/messages", claude(ask("go on"), session=new_session()))
    assert quick.received
    assert not gated.provider.has_received(held.tag)
    opened.touch()
    assert held.response().status == 200
    assert notes(held) == ["I waited."]


@pytest.mark.parametrize("manner", ["raise", "hang"])
def test_a_stage_that_fails_at_an_answer_costs_the_others_nothing(looking: Road, manner: str) -> None:
    """P1: one stage raises, or hangs, when it is shown an answer: the others are shown it, and it ends remembered."""
    call = looking.post("/v1/messages", claude(ask(f"{manner}, b"), session=new_session()))
    call.wait(EventKind.PROCESSED)
    a, b, c = (e.payload["error"] for e in call.events(EventKind.FAULT))
    assert "a has seen 'The tests pass.'" in a
    assert "stage 'b'" in b
    assert "c has seen 'The tests pass.'" in c


def test_what_a_stage_does_to_an_answer_nobody_else_sees(looking: Road) -> None:
    """P1: a stage writes to the answer it is shown: the others, and the event log, have it as it came."""
    call = looking.post("/v1/messages", claude(ask("scribble, b"), session=new_session()))
    call.wait(EventKind.PROCESSED)
    a, c = (e.payload["error"] for e in call.events(EventKind.FAULT))
    assert c == a.replace("'a'", "'c'").replace("a has", "c has")
    assert call.wait(EventKind.ANSWERED).payload["usage"]["cache_read"] == 5600
