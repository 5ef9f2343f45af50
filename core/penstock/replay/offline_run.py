"""The road that stays on this machine: the whole suite in this process, on a store and a memory of its own.

Stages, engine, ledger, tagging and memory are those of the proxy; what would ask somebody else (a summariser, a tagger
or an embedder over the wire, a Chroma server) is not asked. The answers are a stand-in's.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from penstock.base.errors import MemoryUnavailable
from penstock.base.keyfile import installation_key
from penstock.conversation.exchange import Request, State
from penstock.conversation.reply import Reply, ToolCall, Usage
from penstock.dialects.bundled import bundled_dialects
from penstock.engine import payloads
from penstock.engine.admission import prices_for
from penstock.engine.engine import Engine, ProxyDecision
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent, StartedEvent, StoppedEvent
from penstock.events.request_events import ForwardedEvent, ReceivedEvent
from penstock.events.response_events import AnsweredEvent
from penstock.memory.memory import Memory
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.plugins.tagger import Tags
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor
from penstock.replay.client import READ, Message, ReplayClient
from penstock.replay.mentions import mentioned
from penstock.replay.offline import offline
from penstock.replay.runner import PromptResult
from penstock.stats.exchange import ExchangeRecord
from penstock.store.sql import SqlStore
from penstock.tokens.estimate import estimate

__all__ = ["OfflineRunner", "Shape", "stand_in"]

OPEN_S, DRAIN_S = 60.0, 30.0
HOST = "replay.invalid"
PROJECT = "replay"
_EMBEDDERS = ("", "wordllama-256", "minilm-l6-v2", "trigrams-256")
"""Those that come with Penstock and work offline."""
_TAGGERS = ("keywords", "embedding")
ECHO = 12


@dataclass(frozen=True, slots=True)
class Shape:
    """What a person may turn."""

    gap: float = 0.0
    """Seconds that pass before a prompt, as far as the suite can tell: nobody waits for them."""
    ahead: int = 0
    """So many prompts will come: the clock begins so much earlier that it ends at the present."""
    model: str = ""
    window: int = 0
    """Tokens that a request to `model` may have, to see what is done when it fills. 0: as the table of prices says."""
    folder: Path | None = None
    """Files that prompts name are beside it. None: none is read."""

    def figures(self) -> dict[str, Any]:
        """What the table of prices is to say of the model."""
        return {self.model: {"window": self.window}} if self.window else {}


class OfflineRunner:
    """The proxy's own stages, engine, ledger and memory, with nobody on either side."""

    def __init__(self, profile: str, plugins: Plugins, store: Path, shape: Shape | None = None) -> None:
        """Raises `ProfileError`, `PluginError`, and `StoreError` when `store` cannot be opened or is a proxy's."""
        shape = shape or Shape()
        asked = profiles.load(profile)
        self.profile, self.notes = _quiet(asked, shape.figures()), _notes(asked)
        self.store = SqlStore(store)
        self._folder, self.has_tool = shape.folder, shape.folder is not None
        self._gap, self._clock = shape.gap, _Clock(-shape.gap * shape.ahead)
        self._log = EventLog(self.store, clock=self._clock)
        self._memory_service: MemoryService | None = None
        self._engine: Engine | None = None
        try:
            self._open(plugins, store)
        except BaseException:
            self.close()
            raise

    def send(self, talk: ReplayClient, prompt: str) -> PromptResult:
        """The prompt's way through every stage, answered by the stand-in, tagged and remembered. It reads the files
        that the prompt names first, one after the other, as an agent would."""
        self._clock.ahead += self._gap
        said, requests = [Message("user", prompt)], []
        steps: list[Message] = []
        for n, file in enumerate(mentioned(prompt, self._folder) if self._folder is not None else ()):
            id = f"read-{uuid.uuid4().hex[:12]}-{n}"
            steps += [Message("call", file.path, id), Message("result", file.text, id)]
        for call in (*steps[::2], Message("assistant", stand_in(prompt))):
            one = self._pass(talk, said, call)
            requests.append(one)
            if one.outcome != "answered":
                return PromptResult(tuple(requests), (), "", one.reason or one.outcome)
            said += [call, *(step for step in steps if step.by == "result" and call.id == step.id)]
        return PromptResult(tuple(requests), said, said[-1].text)

    def _pass(self, talk: ReplayClient, said: Sequence[Message], answer: Message) -> ExchangeRecord:
        """One request and its answer."""
        assert self._engine is not None
        id, body, started = uuid.uuid4().hex[:16], talk.body(said), self._clock.tick()
        came = ReceivedEvent("POST", HOST, talk.path, len(body), "", "penstock-replay", self.profile.name)
        self._log.append(came, id)
        outcome = self._engine.process_now(Request(id, "POST", HOST, talk.path, talk.headers(), body))
        if outcome.refusal is None:
            self._clock.ahead += outcome.wait_s
            sent = body if outcome.body is None else outcome.body
            self._log.append(ForwardedEvent(outcome.body is not None, len(sent), self._ms(started)), id)
            self._answer(id, outcome, talk, answer, started)
        if self._memory_service is not None:
            self._memory_service.drain(DRAIN_S)
        self._log.drain()
        return ExchangeRecord.of(id, self.store.events_of(id))

    def stop(self) -> None:
        """Nobody is waited for."""

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._memory_service is not None:
            self._memory_service.close()
        self._log.append(StoppedEvent())
        self._log.close()
        self.store.close()

    def _open(self, plugins: Plugins, store: Path) -> None:
        if self.profile.memory.enabled:
            self._memory_service = self._memory(plugins, store.with_name(f"{store.name}.memory"))
        parts = replace(offline(plugins.parts(self.profile)), memory=self._memory_service, tagged=self._tagged)
        stages = plugins.stages(self.profile, parts)
        self._engine = Engine(
            dialects=[*plugins.dialects(), *bundled_dialects()],
            pipelines=lambda _: Pipeline(self.profile, stages, self._clock, parts),
            profile=self.profile.name,
            store=self.store,
            log=self._log,
            key=installation_key(store.parent),
            clock=self._clock,
            redactors=plugins.redactors(),
        )
        self._redactor = Redactor(
            self.profile.log.preview, redactors(self.profile.redact.personal, plugins.redactors())
        )
        self._log.append(StartedEvent("", self.profile.name, (), tuple(stage.name for stage in stages)))

    def _memory(self, plugins: Plugins, folder: Path) -> MemoryService:
        def memory() -> Memory:
            from penstock.memory.opening import open_memory

            return open_memory(folder, self.profile, plugins.embedders())

        def fault(error: str) -> None:
            self._log.append(FaultEvent("memory", error))

        memory_service = MemoryService(
            memory, redactors=redactors(self.profile.redact.personal, plugins.redactors()), on_fault=fault
        )
        try:
            memory_service.open(OPEN_S)  # what is recalled must not hang on how fast a disk is
        except MemoryUnavailable as e:
            self.notes = (*self.notes, f"Nothing is remembered or recalled: {e}.")
        return memory_service

    def _answer(self, id: str, outcome: ProxyDecision, talk: ReplayClient, answer: Message, started: float) -> None:
        assert self._engine is not None
        reply = _reply(answer, talk.model)
        ms = self._ms(started)
        plain = AnsweredEvent(200, ms, len(answer.text), ms)
        said = payloads.answered(plain, reply, self._redactor, outcome.booking, prices_for(outcome))
        self._log.append(said, id)
        if outcome.exchange is not None:
            outcome.exchange.advance(State.FORWARDED)
            outcome.exchange.advance(State.ANSWERED)
            outcome.reply = reply
            self._engine.responses.answered_now(outcome)

    def _tagged(self, exchange: str, of: str, tags: Tags) -> None:
        self._log.append(payloads.tagged(of, tags), exchange)

    def _ms(self, started: float) -> float:
        return round((self._clock.tick() - started) * 1000, 3)


class _Clock:
    """The machine's own, with jumps."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def now(self) -> float:
        return time.time() + self.ahead

    def tick(self) -> float:
        return time.perf_counter()


def _reply(answer: Message, model: str) -> Reply:
    """As a provider's answer is read. Nobody counted its input."""
    usage = Usage(output=estimate(answer.text))
    if answer.by != "call":
        return Reply(answer.text, usage=usage, stop="end_turn", model=model, complete=True)
    call = ToolCall(answer.id, READ, json.dumps({"file_path": answer.text}))
    return Reply(tools=[call], usage=usage, stop="tool_use", model=model, complete=True)


def stand_in(prompt: str) -> str:
    """A short answer, the same for the same prompt."""
    words = prompt.split()
    return f"Noted: {' '.join(words[:ECHO])}{' …' if len(words) > ECHO else ''}"


def _quiet(profile: Profile, figures: dict[str, Any]) -> Profile:
    """The profile without what asks somebody over the wire, with other figures for a model; its memory is of one
    project, this one."""
    kept = profile.memory
    memory = {
        "chroma": "",
        "embedder": kept.embedder if kept.embedder in _EMBEDDERS else "",
        "embedder_settings": {},
        "tagger": kept.tagger if kept.tagger in _TAGGERS else "keywords",
        "project": kept.project or PROJECT,
    }
    prices = {name: {**profile.prices.get(name, {}), **figures} for name in ("anthropic", "openai")} if figures else {}
    changes = {"memory": kept.model_copy(update=memory), "prices": {**profile.prices, **prices}}
    return profile.model_copy(update=changes)


def _notes(profile: Profile) -> tuple[str, ...]:
    memory, summariser = profile.memory, str(profile.settings_of("compaction").get("summariser") or "")
    unasked = [
        f"the embedder {memory.embedder!r}" if memory.embedder not in _EMBEDDERS else "",
        f"the tagger {memory.tagger!r}" if memory.tagger not in _TAGGERS else "",
        f"the Chroma server {memory.chroma}" if memory.chroma else "",
        f"the summariser {summariser!r}" if summariser not in ("", "record", "textrank") else "",
    ]
    named = ", ".join(filter(None, unasked))
    return (f"Not asked, because nothing leaves this machine: {named}.",) if named else ()
