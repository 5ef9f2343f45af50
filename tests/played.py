"""`Play`: plays a client's session through the engine, and checks every request that leaves against the promises.

What must hold is worked out here from the bytes and the gaps alone: when the provider's cache was hot, what was sent
before, what it all costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock import Draft, EventKind, Stage, handle_of
from penstock.base.errors import StoreError
from penstock.conversation.reply import Usage
from penstock.edits.edit import Landed
from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile
from penstock.store.base import Store
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock, Session, profile_of
from penstock_plugins.compaction import stage as compaction
from penstock_plugins.pruning import stage as pruning
from penstock_plugins.trim import stage as trim
from tests.binding import Binding
from tests.provider import Provider
from tests.sessions import FAULTS, Asked, Client, Step
from tests.strict import canonical, faults, thinking

__all__ = ["BUNDLED", "Play", "Talk", "bundled"]

MARGIN = 10.0
BUNDLED = 'stages = ["trim", "compaction", "pruning"]'


def bundled() -> Plugins:
    """The stages that come with Penstock."""
    plugins = Plugins()
    for name, plugin in (("trim", trim), ("compaction", compaction), ("pruning", pruning)):
        plugins.add(plugin, name, f"penstock_plugins.{name}.stage")
    return plugins


@dataclass
class Talk:
    """One agent's conversation, as it was seen on the wire."""

    last_use: float | None = None
    """When the provider's cache was last used; None: the proxy that runs does not know."""
    came: bytes = b""
    left: bytes = b""
    standing: dict[str, str] = field(default_factory=dict)
    """Results as they were sent since the last flush, by the id of their call."""
    cost_came: float = 0.0
    cost_left: float = 0.0

    @property
    def loss(self) -> float:
        """Units this conversation has cost more than it would have untouched."""
        return self.cost_left - self.cost_came


class Play:
    """One session."""

    def __init__(
        self,
        aggressiveness: str,
        client: Client | None = None,
        *,
        stages: Callable[[], Sequence[Stage]] | None = None,
        store: Store | None = None,
        toml: str = "",
        binding: Binding | None = None,
    ) -> None:
        """With the bundled stages, or with those that `stages` makes for each start of the proxy. `binding`: what the
        provider binds thinking with; a session in which things go wrong is held against it and its rules alone."""
        listed = BUNDLED if stages is None else "stages = []"
        self.profile: Profile = profile_of(f'aggressiveness = "{aggressiveness}"\n{listed}\n{toml}')
        self.client = client or Client()
        self.clock = ManualClock()
        self.store = store or Moody()
        self.binding = binding
        if binding is not None:
            self.client.mint = lambda agent: binding.mint(self.talks[agent].left)
        self.fault = ""
        """What goes wrong at the next request."""
        self.has_faults = self.is_lost = False
        self.came, self.sent = Provider(), Provider()
        self.talks: dict[str, Talk] = {}
        self.replaced: set[str] = set()
        """Originals of results that were sent otherwise."""
        self.gone: set[str] = set()
        """Results of messages that were not sent any more."""
        self.flushes: list[str] = []
        self.losses: list[float] = []
        """After each request, of its conversation."""
        self._make = stages
        self._session = self._start()

    def run(self, steps: Sequence[Step]) -> Play:
        """All of it; closed afterwards."""
        try:
            for step in steps:
                self.clock.advance(step.gap)
                if step.what == "lose":
                    self.store, self.is_lost = Moody(), True
                if step.what in ("restart", "lose"):
                    self.has_faults = self.has_faults or step.what == "lose"
                    self._session.close()
                    self._session = self._start()
                    for talk in self.talks.values():
                        talk.last_use = None
                    continue
                if step.what in FAULTS:
                    self.fault, self.has_faults = step.what, True
                    continue
                for n, asked in enumerate(self.client.play(step)):
                    self.clock.advance(1.0)
                    self._ask(asked, tells=(step.seed + n) % 2 == 0)
            if not self.has_faults:
                self._check_originals()
        finally:
            self._session.close()
        return self

    def _start(self) -> Session:
        own = [Raises(self)] if self._make is None else self._make()
        plugins = bundled() if self._make is None else None
        return Session(
            *own,
            profile=self.profile,
            plugins=plugins,
            store=self.store,
            clock=self.clock,
            headers={},
            is_lost=self.is_lost,
        )

    def _send(self, asked: Asked) -> bytes:
        """With what goes wrong at this request."""
        session, fault = self._session, self.fault
        engine, observes = session.engine, self.profile.model_copy(update={"mode": "observe"})
        pipeline, read = engine.pipeline(self.profile.name), engine._reader.read
        if isinstance(self.store, Moody):
            self.store.is_locked = fault == "locked"
        engine.is_paused = fault == "pause"
        pipeline.profile = observes if fault == "observe" else self.profile
        if fault == "break":
            engine._reader.read = _breaks  # type: ignore[method-assign]
        try:
            return session.send(asked.body, asked.headers, path=asked.path, bypass=fault == "pass by")
        finally:
            engine._reader.read = read  # type: ignore[method-assign]
            self.fault = ""

    def _ask(self, asked: Asked, *, tells: bool) -> None:
        left = self._send(asked)
        assert not faults("anthropic", left)
        if self.binding is not None:
            assert not self.binding.faults(left)
        talk = self.talks.setdefault(asked.agent, Talk())
        if self.has_faults:
            if asked.what == "turn":
                talk.left = left
            if asked.what == "turn" and self._session.outcome.exchange is not None:
                self._session.reply("Done.")
            return
        self._check(asked, talk, left)
        if asked.what == "count":
            return
        talk.last_use = self.clock.now()
        bill = self.sent.bill(left, self.clock.now())
        talk.cost_left += bill.units
        talk.cost_came += self.came.bill(asked.body, self.clock.now()).units
        self.losses.append(talk.loss)
        if asked.what != "retry":
            written = round(bill.write + bill.write_hour)
            counted = Usage(input=round(bill.plain), output=10, cache_read=round(bill.read), cache_write=written)
            self._session.reply("Done.", usage=counted if tells else None)

    def _check(self, asked: Asked, talk: Talk, left: bytes) -> None:
        if asked.what == "turn":
            self._check_turn(asked, talk, left)
        elif asked.what == "retry":  # after a restart, breakpoints of our own are not known
            assert left == talk.left or (talk.last_use is None and canonical(left) == canonical(talk.left))
        elif asked.what == "count":
            assert canonical(left) == canonical(talk.left)
        elif asked.what == "side":
            assert left == asked.body

    def _check_turn(self, asked: Asked, talk: Talk, left: bytes) -> None:
        assert set(thinking(left)) <= set(thinking(asked.body))
        flushed = [str(e.payload["why"]) for e in self._session.events(EventKind.FLUSH)]
        new = flushed[len(self.flushes) :]
        self.flushes = flushed
        if not self._is_cold(talk):
            assert new in ([], ["it pays"] if self.profile.aggressiveness == "bold" else [])
        if new:
            talk.standing = {}
        elif talk.came and _begins_with(canonical(asked.body), canonical(talk.came)):
            assert _begins_with(canonical(left), canonical(talk.left))
        came, sent = results(asked.body), results(left)
        for ident, text in came.items():
            if ident not in sent:
                self.gone.add(text)
                continue
            assert talk.standing.setdefault(ident, sent[ident]) == sent[ident]
            if sent[ident] != text:
                self.replaced.add(text)
        talk.came, talk.left = asked.body, left

    def _is_cold(self, talk: Talk) -> bool:
        lives = 3600.0 if self.client.ttl == "1h" else 300.0
        return talk.last_use is not None and self.clock.now() - talk.last_use > lives + MARGIN

    def _check_originals(self) -> None:
        for text in self.replaced:
            assert any(found.text == text for found in self.store.find_originals(handle_of(text)))
        kept = [found.text for found in self.store.find_originals(limit=100_000)]
        for text in self.gone:
            assert any(text in one for one in kept)


class Moody(MemoryStore):
    """Raises while it is locked."""

    is_locked = False

    def knows(self, conversation: str) -> bool:
        if self.is_locked:
            raise StoreError("locked")
        return super().knows(conversation)

    def edits_of(self, conversation: str) -> list[Landed]:
        if self.is_locked:
            raise StoreError("locked")
        return super().edits_of(conversation)

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        if self.is_locked:
            raise StoreError("locked")
        super().add_edits(conversation, landed, at)


class Raises(Stage):
    """Raises where that is what goes wrong."""

    name = "raises"

    def __init__(self, play: Play) -> None:
        self.play = play

    def on_request(self, draft: Draft) -> None:
        if self.play.fault == "raise":
            raise RuntimeError("it is what goes wrong")


def _breaks(_: object) -> None:
    raise RuntimeError("the engine itself")


def results(body: bytes) -> dict[str, str]:
    """The text of every tool result, by the id of its call."""
    out: dict[str, str] = {}
    for message in json.loads(body)["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "tool_result":
                out[block["tool_use_id"]] = _words(block["content"])
    return out


def _words(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


def _begins_with(later: list[Any], earlier: list[Any]) -> bool:
    return later[: len(earlier)] == earlier
