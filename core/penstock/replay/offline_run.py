"""`OfflineRunner`: runs the prompts of a replay offline, through the whole suite in this process, on a store and a
memory of its own; in place of a provider `stand_in` answers. If memory cannot be opened, a note says so and the replay
goes on.

Stages, engine, ledger, tagging and memory are those of the proxy; whatever would call a service (a summariser, a tagger
or an embedder over the network, a Chroma server) is not called. The answers are a placeholder's (`stand_in`).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from penstock.base.clock import ManualClock
from penstock.base.errors import MemoryUnavailable
from penstock.conversation.exchange import Request
from penstock.conversation.reply import Reply, ToolCall, Usage
from penstock.dialects.bundled import bundled_dialects
from penstock.events.proxy_events import FaultEvent, StartedEvent, StoppedEvent
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.replay.prompts import mentioned
from penstock.replay.runner import READ, PromptResult, ReplayClient
from penstock.stats.exchange import ExchangeRecord
from penstock.store.sql import SqlStore
from penstock.testing.session import Session
from penstock.testing.turns import Turn, assistant, call, numbered, results, user
from penstock.tokens.estimate import estimate

__all__ = ["OfflineRunner", "stand_in"]

OPEN_S, DRAIN_S = 60.0, 30.0
HOST = "replay.invalid"
PROJECT = "replay"
_EMBEDDERS = ("", "wordllama-256", "minilm-l6-v2", "trigrams-256")
"""The bundled embedders that work offline."""
_TAGGERS = ("keywords", "embedding")
ECHO = 12


class OfflineRunner:
    """The proxy's own stages, engine, ledger and memory, without client and provider."""

    def __init__(
        self,
        profile: str,
        plugins: Plugins,
        store: Path,
        *,
        gap: float = 0.0,
        prompts: int = 0,
        model: str = "",
        window: int = 0,
        folder: Path | None = None,
    ) -> None:
        """`gap`: seconds that pass before each of so many `prompts`, as far as the suite can tell; there is no real
        wait, and the last prompt is at the present time. `window`: tokens that a request to `model` may have; 0: as
        many as it has. `folder`: files that prompts name are beside it; None: none is read. Raises `ProfileError`,
        `PluginError`, and `StoreError` when `store` cannot be opened or is a proxy's."""
        quiet, self.notes = _quiet(profiles.load(profile), {model: {"window": window}} if window else {})
        self._folder, self.has_tool, self._gap = folder, folder is not None, gap
        self._memory: MemoryService | None = None
        with ExitStack() as opened:
            kept = SqlStore(store)
            opened.callback(kept.close)
            if quiet.memory.enabled:
                place = store.with_name(f"{store.name}.memory")
                self._memory = MemoryService.of(place, quiet, plugins.embedders, plugins.redactors(), self._fault)
                opened.callback(self._memory.close)
            dialects = [*plugins.dialects(), *bundled_dialects()]
            clock, memory = _Clock(-gap * prompts), self._memory
            self.session = Session(
                dialects=dialects,
                profile=quiet,
                plugins=plugins,
                store=kept,
                clock=clock,
                memory=memory,
                is_offline=True,
            )
            opened.callback(self.session.close)
            try:
                if memory is not None:
                    memory.open(OPEN_S)  # what is recalled must not hang on how fast a disk is
            except MemoryUnavailable as e:
                self.notes += (f"Nothing is remembered or recalled: {e}.",)
            self.session.log.append(StartedEvent("", quiet.name, (), tuple(one.name for one in self.session.stages)))
            opened.callback(self.session.log.append, StoppedEvent())
            self._opened = opened.pop_all()

    def send(self, talk: ReplayClient, prompt: str) -> PromptResult:
        """Send the prompt through every stage, answer it with `stand_in`, tag and remember it. The files that the
        prompt names are read first, one after the other, as an agent does."""
        self.session.wait(self._gap)
        said, requests = [user(prompt)], []
        files = mentioned(prompt, self._folder) if self._folder is not None else {}
        steps = [(assistant(call(READ, file_path=path)), [results(text)]) for path, text in files.items()]
        for answer, then in (*steps, (assistant(stand_in(prompt)), [])):
            one = self._pass(talk, said, answer)
            requests.append(one)
            if one.outcome != "answered":
                return PromptResult(tuple(requests), (), "", one.reason or one.outcome)
            said += [answer, *then]
        return PromptResult(tuple(requests), said, said[-1].texts[0])

    def stop(self) -> None:
        """Nothing to stop: `send` does not wait for a service."""

    def close(self) -> None:
        self._opened.close()

    def _pass(self, talk: ReplayClient, said: Sequence[Turn], answer: Turn) -> ExchangeRecord:
        """One request and its answer."""
        request = Request(uuid.uuid4().hex[:16], "POST", HOST, talk.path, talk.headers(), talk.body(said))
        decision = self.session.ask(request)
        if decision.refusal is None:
            self.session.wait(decision.wait_s)
            [*_, given] = numbered((*talk.turns, *said, answer))
            self.session.answered(_reply(given, talk.model), sum(map(len, answer.texts)))
        if self._memory is not None:
            self._memory.drain(DRAIN_S)
        self.session.log.drain()
        return ExchangeRecord.of(request.id, self.session.store.events_of(request.id))

    def _fault(self, error: str) -> None:
        self.session.log.append(FaultEvent("memory", error))


class _Clock(ManualClock):
    """The machine's own clock, `at` seconds ahead."""

    def now(self) -> float:
        return time.time() + self.at

    def tick(self) -> float:
        return time.perf_counter()


def _reply(answer: Turn, model: str) -> Reply:
    """The reply as it is read from a provider's answer, without counts of the input."""
    text, calls = "".join(answer.texts), answer.calls
    tools = [ToolCall(one.id, one.name, msgspec.json.encode(one.input).decode()) for one in calls]
    stop = "tool_use" if tools else "end_turn"
    return Reply(text, tools, usage=Usage(output=estimate(text)), stop=stop, model=model, complete=True)


def _quiet(profile: Profile, figures: Mapping[str, Any]) -> tuple[Profile, tuple[str, ...]]:
    """The profile without parts that call a service, with `figures` for a model, and with one project for its memory.
    And sentences that name the parts left out."""
    memory, summariser = profile.memory, str(profile.settings_of("compaction").get("summariser") or "")
    changes: dict[str, Any] = {"chroma": "", "embedder_settings": {}, "project": memory.project or PROJECT}
    named = [f"the Chroma server {memory.chroma}"] if memory.chroma else []
    if memory.embedder not in _EMBEDDERS:
        changes["embedder"] = ""
        named.append(f"the embedder {memory.embedder!r}")
    if memory.tagger not in _TAGGERS:
        changes["tagger"] = "keywords"
        named.append(f"the tagger {memory.tagger!r}")
    if summariser not in ("", "record", "textrank"):
        named.append(f"the summariser {summariser!r}")
    prices = {name: {**profile.prices.get(name, {}), **figures} for name in ("anthropic", "openai")} if figures else {}
    update = {"memory": memory.model_copy(update=changes), "prices": {**profile.prices, **prices}}
    notes = (f"Not asked, because nothing leaves this machine: {', '.join(named)}.",) if named else ()
    return profile.model_copy(update=update), notes


def stand_in(prompt: str) -> str:
    """A short placeholder answer, the same for the same prompt."""
    words = prompt.split()
    return f"Noted: {' '.join(words[:ECHO])}{' …' if len(words) > ECHO else ''}"
