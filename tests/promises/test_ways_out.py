"""P1 with a provider that binds thinking: each way past the pipeline sends what was edited before, or no thinking.

The provider is `tests.binding`, which refuses thinking that comes back behind something else than it was made behind.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from penstock import Draft
from penstock.base.errors import StoreError
from penstock.base.threads import NoWorker
from penstock.conversation.conversation import BlockKind
from penstock.edits.edit import Landed
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.request_context import RequestContext
from penstock.events.event import EventKind
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, profile_of
from tests.binding import Binding
from tests.engines import Blocks, Does, ask_from_a_loop, ask_now, request
from tests.strict import faults, thinking

TOML = "[prices.anthropic]\nbinds_thinking = true\n"
BOUND = "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation."
PAIRS = "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_0001"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _tracebacks_are_meant(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def shortens(draft: Draft) -> None:
    for spot in draft.blocks(BlockKind.TOOL_RESULT, new=True):
        draft.replace(spot, "short", reason="a test")


def body_of(history: list[Json]) -> bytes:
    return json.dumps({"model": "claude-test-5", "messages": history, "max_tokens": 100}).encode()


class Disk(MemoryStore):
    """Raises while it is gone."""

    is_gone = False

    def _maybe(self) -> None:
        if self.is_gone:
            raise StoreError("no such device")

    def knows(self, conversation: str) -> bool:
        self._maybe()
        return super().knows(conversation)

    def edits_of(self, conversation: str) -> list[Landed]:
        self._maybe()
        return super().edits_of(conversation)

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        self._maybe()
        super().add_edits(conversation, landed, at)


class Talk:
    """A session with a provider that thinks before each answer; one result was shortened before it was first sent."""

    def __init__(self, session: Session, stage: Does) -> None:
        self.session, self.stage, self.binding = session, stage, Binding()
        self.history: list[Json] = [{"role": "user", "content": [{"type": "text", "text": "read it"}]}]
        self.count = 0
        self.calls_tool(self.ask())
        assert self.ask_text().count("short") == 1

    def ask(self, ask: Callable[..., ProxyDecision] = ask_now) -> bytes:
        """Send the history; what leaves is one the provider takes, and it is answered with thinking."""
        self.count += 1
        body = body_of(self.history)
        outcome = ask(self.session, request(body, ident=f"y{self.count}"))
        left = body if outcome.body is None else outcome.body
        assert not faults("anthropic", left)
        assert not self.binding.faults(left)
        return left

    def ask_text(self, ask: Callable[..., ProxyDecision] = ask_now) -> str:
        left = self.ask(ask)
        self.says(left)
        return left.decode()

    def calls_tool(self, left: bytes) -> None:
        """The model calls a tool, and its result is in the next request."""
        call = {"type": "tool_use", "id": f"toolu_{self.count}", "name": "Read", "input": {}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{self.count}", "content": "a line\n" * 200}
        self.history += [
            {"role": "assistant", "content": [self._thought(left), call]},
            {"role": "user", "content": [result]},
        ]

    def says(self, left: bytes) -> None:
        """The model ends its turn, and the person says more."""
        said = {"type": "text", "text": f"done {self.count}"}
        self.history += [
            {"role": "assistant", "content": [self._thought(left), said]},
            {"role": "user", "content": [{"type": "text", "text": f"more {self.count}"}]},
        ]

    def _thought(self, left: bytes) -> Json:
        return {"type": "thinking", "thinking": "", "signature": self.binding.mint(left)}


@contextmanager
def talk(**more: Any) -> Iterator[Talk]:
    stage = Does(shortens)
    with Session(stage, profile=profile_of(TOML), **more) as session:
        yield Talk(session, stage)


def late(begun: threading.Event) -> Callable[[Session, Any], ProxyDecision]:
    """Ask from an event loop; once something has begun, its deadline passes."""

    async def ask(session: Session, asked: Any) -> ProxyDecision:
        task = asyncio.create_task(session.engine.process(asked))
        await asyncio.to_thread(begun.wait)
        session.wait(10)
        return await task

    return lambda session, asked: asyncio.run(ask(session, asked))


def past(session: Session, asked: Any) -> ProxyDecision:
    """The client asks for no edits."""
    return asyncio.run(session.engine.replay(asked, "asked for"))


def again(found: Talk) -> None:
    """Afterwards everything is as before: edits are sent the same, and nothing is refused."""
    for _ in range(2):
        assert "short" in found.ask_text()
        found.calls_tool(found.ask())
        found.ask_text()


def test_a_stage_that_raises() -> None:
    """Its own new edits are lost; those of before are sent again, with all thinking."""
    with talk() as found:
        found.stage.what = lambda _: 1 / 0
        left = found.ask()
        assert b'"short"' in left
        assert len(thinking(left)) == 2
        found.says(left)
        found.stage.what = shortens
        again(found)


def test_a_stage_that_is_late() -> None:
    """The same from an event loop that waits no longer."""
    blocks = Blocks()
    with talk() as found, blocks.until_the_end():
        found.stage.what = blocks.on_request
        left = found.ask(late(blocks.begun))
        assert b'"short"' in left
        assert len(thinking(left)) == 2
        found.says(left)
        found.stage.what = shortens
        again(found)


@pytest.mark.parametrize("ask", [ask_now, ask_from_a_loop])
def test_an_engine_that_fails(ask: Callable[..., ProxyDecision], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was edited is sent again by a way that needs none of it."""
    with talk() as found:
        with monkeypatch.context() as patch:
            patch.setattr(found.session.engine._reader, "read", lambda _: 1 / 0)
            left = found.ask(ask)
        assert b'"short"' in left
        assert len(thinking(left)) == 2
        found.says(left)
        again(found)


def test_reading_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is overloaded: the thread that reads is given up, and holds the conversation's lock."""
    begun, may_go = threading.Event(), threading.Event()
    with talk() as found:
        reader = found.session.engine._reader
        name = next(name for name, _ in reader.states.loaded())

        def hangs(_: RequestContext) -> None:
            with reader.states.get(name).lock:
                begun.set()
                may_go.wait()

        try:
            with monkeypatch.context() as patch:
                patch.setattr(reader, "read", hangs)
                left = found.ask(late(begun))
        finally:
            may_go.set()
        assert b'"short"' in left
        assert len(thinking(left)) == 2


def test_no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the pipeline all hang: the way out has its own."""

    def none(*_: object) -> None:
        raise NoWorker("32 threads hang")

    with talk() as found:
        with monkeypatch.context() as patch:
            patch.setattr(found.session.engine._workers, "submit", none)
            left = found.ask(ask_from_a_loop)
        assert b'"short"' in left
        found.says(left)
        again(found)


def test_a_person_pauses() -> None:
    with talk() as found:
        found.session.engine.is_paused = True
        assert "short" in found.ask_text()
        found.calls_tool(found.ask())
        assert found.ask_text().count("short") == 1  # nothing new is edited
        found.session.engine.is_paused = False
        again(found)


def test_the_client_asks_for_no_edits() -> None:
    """Per request, or for the whole session by `--bypass`: also in a process that has not seen it before."""
    with talk() as found:
        assert "short" in found.ask_text(past)
        found.session.restart()
        assert "short" in found.ask_text(past)
        found.calls_tool(found.ask(past))
        assert found.ask_text(past).count("short") == 1
        again(found)


def test_the_profile_observes_in_the_middle_of_a_session() -> None:
    with talk() as found:
        pipeline = found.session.engine.pipeline(found.session.profile.name)
        own = pipeline.profile
        pipeline.profile = own.model_copy(update={"mode": "observe"})
        assert "short" in found.ask_text()
        found.calls_tool(found.ask())
        assert found.ask_text().count("short") == 1
        pipeline.profile = own
        again(found)


def test_the_disk_is_gone() -> None:
    """What has landed is in memory; what cannot be stored does not land."""
    disk = Disk()
    with talk(store=disk) as found:
        disk.is_gone = True
        assert "short" in found.ask_text()
        found.calls_tool(found.ask())
        assert found.ask_text().count("short") == 1
        disk.is_gone = False
        again(found)


def test_the_ledger_cannot_be_read() -> None:
    """After a restart, from a disk that is gone: the client's own bytes, and no thinking. That stays out."""
    disk = Disk()
    with talk(store=disk) as found:
        found.session.restart()
        disk.is_gone = True
        left = found.ask()
        assert b'"short"' not in left
        assert thinking(left) == []
        assert found.ask() == left  # a retry
        found.says(left)
        disk.is_gone = False
        assert found.ask() != left
        again(found)


def test_the_ledger_was_lost() -> None:
    """A new store in the place of the old one."""
    with talk() as found, Session(Does(shortens), profile=found.session.profile, is_lost=True) as later:
        found.session = later
        left = found.ask()
        assert thinking(left) == []
        found.says(left)
        assert len(thinking(found.ask())) == 1


def test_a_session_that_a_person_deleted_goes_on() -> None:
    """Its ledger is gone too: what was thought behind it goes, and what comes after that stays."""
    with talk() as found:
        deleted(found)
        left = found.ask()
        assert b'"short"' not in left
        found.says(left)
        found.ask()


def deleted(found: Talk) -> None:
    """A person deletes the session."""
    name = next(name for name, _ in found.session.engine._states.loaded())
    with found.session.engine.forgotten([name]):
        for landed in found.session.store.edits_of(name):
            found.session.store.drop_edits(name, landed.revision)


@pytest.mark.parametrize("ask", [ask_now, ask_from_a_loop, past])
def test_a_retry_after_its_session_was_deleted(ask: Callable[..., ProxyDecision]) -> None:
    """How the first attempt was sent is gone with the ledger: what goes is valid all the same."""
    with talk() as found:
        assert b'"short"' in found.ask()
        deleted(found)
        left = found.ask(ask)
        assert b'"short"' not in left
        found.says(left)
        found.ask(ask)


def test_a_deletion_that_fails_while_a_request_is_settled() -> None:
    """The request finds its session gone, and waits for whoever deletes it: without a lock that the other needs."""
    read, passing, done = threading.Event(), threading.Event(), list[object]()
    with talk() as found:
        engine = found.session.engine
        deleting = threading.Event()
        name = next(name for name, _ in engine._states.loaded())
        ask, pass_by = engine.admission.admit, engine._fallback.pass_by_now
        body = body_of(found.history)

        def asked(*given: Any) -> Any:
            read.set()
            deleting.wait(10)
            return ask(*given)

        def passes(*given: Any) -> ProxyDecision:
            passing.set()
            return pass_by(*given)

        def deletes() -> None:
            with suppress(OSError), engine.forgotten([name]):
                deleting.set()
                passing.wait(10)
                raise OSError("no room")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.admission, "admit", asked)
            patch.setattr(engine._fallback, "pass_by_now", passes)
            sending = threading.Thread(target=lambda: done.append(engine.process_now(request(body))), daemon=True)
            sending.start()
            assert read.wait(10)
            threads = [sending, threading.Thread(target=deletes, daemon=True)]
            threads[1].start()
            for thread in threads:
                thread.join(10)
        assert not any(thread.is_alive() for thread in threads), "each waits for the other"
        assert passing.is_set()
        assert len(done) == 1
        again(found)


@pytest.mark.parametrize("error", [BOUND, PAIRS])
def test_a_bypass_after_a_refusal_sends_something_else(error: str) -> None:
    """What the provider refused is not sent again, also when nothing has been read since."""
    with talk() as found:
        body = body_of(found.history)
        refused = ask_now(found.session, request(body))
        assert refused.body is not None
        found.session.engine.responses.rejected(refused, error)
        passed = found.session.engine.replay_now(request(body), "asked for")
        left = body if passed.body is None else passed.body
        assert left != refused.body
        assert not found.binding.faults(left)
        assert (b'"short"' in left) == (error == BOUND)
        assert thinking(left) == []
        found.says(left)
        found.ask()


@pytest.mark.parametrize("again_by", [ask_now, past])
def test_a_turn_past_this_proxy(again_by: Callable[..., ProxyDecision]) -> None:
    """The client went to its provider by itself, without the thinking that was refused there, and comes back."""
    with talk() as found:
        found.ask_text()
        for message in found.history:
            if message["role"] == "assistant":
                message["content"] = [block for block in message["content"] if block["type"] != "thinking"]
        own = body_of(found.history)
        assert not found.binding.faults(own)
        found.count += 1
        found.says(own)
        found.ask(again_by)
        found.says(found.ask(again_by))
        found.ask(again_by)


def test_a_restart_in_the_middle_of_an_outage() -> None:
    """Requests go unedited while the store is gone; the process that comes after it knows nothing of them."""
    disk = Disk()
    with talk(store=disk) as found:
        found.session.restart()
        disk.is_gone = True
        left = found.ask()
        assert b'"short"' not in left
        found.says(left)
        disk.is_gone = False
        found.session.restart()
        found.says(found.ask())
        found.ask()


def test_a_bypass_tells_of_this_request_alone() -> None:
    """Edits whose blocks it does not carry were not sent again with it."""
    with talk() as found:

        def passed(history: list[Json]) -> tuple[int, int]:
            outcome = found.session.engine.replay_now(request(body_of(history)), "asked for")
            told = found.session.events(EventKind.BYPASSED)[-1].payload
            assert (told["replayed"], told["stripped"]) == (outcome.replayed, outcome.stripped)
            return outcome.replayed, outcome.stripped

        assert passed(found.history) == (1, 0)
        later = [found.history[0], {"role": "assistant", "content": "x"}, {"role": "user", "content": "anew"}]
        assert passed(later) == (0, 0)
        found.session.engine.responses.rejected(ask_now(found.session, request(body_of(found.history))), BOUND)
        assert passed(found.history) == (1, 2)


@pytest.mark.parametrize("past_the_pipeline", [False, True])
def test_thinking_left_out_while_the_disk_was_full_is_remembered_at_the_next_start(
    monkeypatch: pytest.MonkeyPatch, *, past_the_pipeline: bool
) -> None:
    """The provider has answered without it: what it thought then must not come back behind the thinking of before. The
    ledger does not know, but the store knows that it lacks something."""
    disk = Disk()
    with talk(store=disk) as found:
        engine = found.session.engine
        for _, state in engine._states.loaded():
            state.distrusts = True
        disk.is_gone = True
        with monkeypatch.context() as patch:
            patch.setattr(engine._background, "do", lambda job: job())  # else in a thread, some time
            if past_the_pipeline:
                patch.setattr(engine._reader, "read", lambda _: 1 / 0)
            left = found.ask()
        assert not thinking(left)
        found.says(left)
        assert disk.is_missing
        disk.is_gone = False
        found.session.is_incomplete = disk.is_missing
        found.session.restart()
        left = found.ask()
        assert not thinking(left)
        found.says(left)
        assert len(thinking(found.ask())) == 1
