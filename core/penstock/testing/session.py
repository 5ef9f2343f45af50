"""`Session`: an engine without a network, on a manual clock, for tests of plugins and for replays (`offline_run`,
`whatif`): sends the requests of a conversation one by one and takes answers (`reply`). `send` checks each forwarded
request against the promises, and raises `PromiseBroken` for one that breaks any; `ask` does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from penstock.base.clock import ManualClock
from penstock.base.errors import PenstockError
from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Request, State
from penstock.conversation.reply import Reply, Usage
from penstock.dialects import content_encoding
from penstock.dialects.base import Dialect
from penstock.engine import event_builders
from penstock.engine.admission import prices_for
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.event import Event, EventKind
from penstock.events.log import EventLog
from penstock.events.request_events import ForwardedEvent, ReceivedEvent
from penstock.events.response_events import AnsweredEvent
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.plugins.stage import Stage
from penstock.plugins.summariser import Segment, Summariser, Summary
from penstock.plugins.tagger import IngestedHistory, Tags
from penstock.profiles.profile import Profile
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor
from penstock.store.base import Store
from penstock.store.in_memory import MemoryStore
from penstock.testing.answers import answer
from penstock.testing.bodies import dialect_of, path_of
from penstock.testing.checks import PromiseBroken, check_prefix
from penstock.testing.drafts import profile_of
from penstock.testing.turns import Call, assistant

__all__ = ["Session"]

KEY = b"a key for tests, 32 bytes long.."
HEADERS = {
    "user-agent": "penstock-testing/1",
    "x-session-id": "00000000-test-4e57-8e55-000000000000",
    "authorization": "Bearer test",
}


class Session:
    """Stages behind an engine, and what leaves it.

    Every `send` checks the forwarded request against the promises and raises `PromiseBroken`: always a request the
    provider takes (P5), and between flushes a history that begins with the one sent before (P3). Close it, or use it
    with `with`.
    """

    def __init__(
        self,
        *stages: Stage,
        dialect: str | Dialect = "anthropic",
        dialects: Sequence[Dialect] = (),
        profile: Profile | None = None,
        plugins: Plugins | None = None,
        store: Store | None = None,
        clock: ManualClock | None = None,
        headers: Mapping[str, str] | None = None,
        listeners: Sequence[Callable[[Event], None]] = (),
        memory: MemoryService | None = None,
        is_offline: bool = False,
        is_lost: bool = False,
        is_incomplete: bool = False,
    ) -> None:
        """Without `profile`, the bundled default; without `store`, one in memory; without `memory`, none. `plugins`
        give their stages, listeners and redactors besides those named here. `dialects`: what the engine reads, where
        that is more than `dialect`. `is_offline`: no listener of a plugin is told, and no summariser called but those
        marked so. `is_lost`: `store` replaces one that is gone. `is_incomplete`: what was sent last may be missing in
        `store`."""
        self.dialect = dialect_of(dialect) if isinstance(dialect, str) else dialect
        self._dialects = dialects or [self.dialect]
        self.profile = profile = profile or profile_of()
        self.plugins = plugins or Plugins()
        self.store = store if store is not None else MemoryStore()
        self.clock = clock or ManualClock()
        self.headers = dict(HEADERS if headers is None else headers)
        """Sent with each request, names in lower case."""
        self.outcome = ProxyDecision()
        """What the engine made of the last request."""
        self.is_lost, self.is_incomplete = is_lost, is_incomplete
        self._listeners = (*listeners, *(() if is_offline else self.plugins.listeners()))
        self._asked, self._began, self._count = "", 0.0, 0
        self._redactor = Redactor(profile.log.preview, redactors(profile.redact.personal, self.plugins.redactors()))
        self._came: Conversation | None = None
        self._left = b""
        self._parts = replace(self.plugins.parts(profile), memory=memory, tagged=self._tagged, ingested=self._ingested)
        if is_offline:
            summarisers = {name: _offline(one) for name, one in self._parts.summarisers.items()}
            self._parts = replace(self._parts, summarisers=summarisers)
        with ExitStack() as opened:
            self.log = self._new_log()  # first: stages may begin to work as soon as they are given the parts
            opened.callback(self.log.close)
            for stage in stages:
                stage.on_services(self._parts)
            self.stages = (*stages, *(plugins.stages(profile, self._parts) if plugins is not None else ()))
            self.engine = self._new_engine()
            opened.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(
        self, body: bytes, headers: Mapping[str, str] | None = None, *, path: str = "", bypass: bool = False
    ) -> bytes:
        """Send a request; `headers` join those of the session. Gives the bytes that leave, in the request's own
        content-encoding: `body` itself when nothing was edited, none when the request was refused. With `bypass` the
        client asks for no edits."""
        self._count += 1
        path = path or path_of(self.dialect.name)
        headers = self.headers | dict(headers or {})
        request = Request(f"x{self._count:04}", "POST", "localhost", path, headers, body)
        outcome = self.ask(request, bypass=bypass)
        if outcome.refusal is not None:
            return b""
        sent = body if outcome.body is None else outcome.body
        if outcome.exchange is not None:
            self._check(request, sent)
        return sent

    def reply(self, *parts: str | Call, usage: Usage | None = None) -> Reply:
        """Answer the last request with texts and calls, as for `assistant`. Listeners and stages get what they would
        get on the wire."""
        if self.outcome.exchange is None:
            raise ValueError("there is no request to answer")
        came = answer(assistant(*parts), dialect=self.dialect.name, usage=usage, model=self.outcome.exchange.model)
        reader = self.dialect.reply_reader(came.content_type)
        reader.feed(came.body)
        reply = reader.close()
        self.answered(reply, len(came.body))
        return reply

    def ask(self, request: Request, *, bypass: bool = False) -> ProxyDecision:
        """The decision about `request`, without checking the promises. Unless refused, it counts as sent."""
        self._asked, self._began, size = request.id, self.clock.tick(), len(request.body)
        client = request.headers.get("user-agent", "").partition("/")[0]
        came = ReceivedEvent(request.method, request.host, request.path, size, "", client, self.profile.name)
        self.log.append(came, request.id)
        decision = self.engine.replay_now(request, "asked for") if bypass else self.engine.process_now(request)
        self.outcome = decision
        if decision.refusal is None:
            if decision.exchange is not None:
                decision.exchange.advance(State.FORWARDED)
            size = size if decision.body is None else len(decision.body)
            self.log.append(ForwardedEvent(decision.body is not None, size, self._ms()), request.id)
        return decision

    def answered(self, reply: Reply, size: int = 0) -> None:
        """Note that the last request was answered by `reply`, of `size` bytes."""
        exchange, self.outcome.reply, ms = self.outcome.exchange, reply, self._ms()
        plain, prices = AnsweredEvent(200, ms, size, ms), prices_for(self.outcome)
        said = event_builders.answered(plain, reply, self._redactor, self.outcome.booking, prices)
        self.log.append(said, self._asked)
        if exchange is not None:
            exchange.advance(State.ANSWERED)
            self.engine.responses.answered_now(self.outcome)

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass without a request."""
        self.clock.advance(seconds)

    def restart(self) -> None:
        """Simulate a restart of the proxy: a new engine on the same store."""
        self.close()
        self.log = self._new_log()
        self.engine = self._new_engine()

    def events(self, kind: EventKind | None = None) -> list[Event]:
        """The events so far: of one kind, or all."""
        self.log.drain()
        return self.store.events_after(limit=1_000_000, kinds=() if kind is None else (kind,))

    def close(self) -> None:
        """End the engine's threads."""
        self.engine.close()
        self.log.close()

    def _new_log(self) -> EventLog:
        return EventLog(self.store, listeners=self._listeners, clock=self.clock)

    def _new_engine(self) -> Engine:
        return Engine(
            dialects=self._dialects,
            pipelines=lambda _: Pipeline(self.profile, self.stages, self.clock, self._parts),
            profile=self.profile.name,
            store=self.store,
            log=self.log,
            key=KEY,
            clock=self.clock,
            redactors=self.plugins.redactors(),
            is_lost=self.is_lost,
            is_incomplete=self.is_incomplete,
        )

    def _tagged(self, exchange: str, of: str, tags: Tags) -> None:
        self.log.append(event_builders.tagged(of, tags), exchange)

    def _ingested(self, exchange: str, history: IngestedHistory) -> None:
        for one in event_builders.ingested(history):
            self.log.append(one, exchange)

    def _ms(self) -> float:
        """Since the last request came."""
        return round((self.clock.tick() - self._began) * 1000, 3)

    def _check(self, request: Request, sent: bytes) -> None:
        exchange = self.outcome.exchange
        encoding = request.headers.get("content-encoding")
        limit = self.profile.limits.body_bytes
        came = self.dialect.read(content_encoding.decode(request.body, encoding, limit), request.path)
        left = content_encoding.decode(sent, encoding, limit)
        faults = set(self.dialect.violations(self.dialect.read(left, request.path)))
        faults -= set(self.dialect.violations(came))
        if faults:
            raise PromiseBroken(f"P5: {'; '.join(sorted(faults))}")
        if exchange is None or not exchange.kind.is_real or exchange.is_retry:
            return
        grew = self._came is not None and _begins_with(came, self._came)
        if grew and not self._flushed(request.id):
            check_prefix(self._left, left, dialect=self.dialect, path=request.path)
        self._came, self._left = came, left

    def _flushed(self, exchange: str) -> bool:
        self.log.drain()
        return any(e.kind is EventKind.FLUSH for e in self.store.events_of(exchange))


def _begins_with(later: Conversation, earlier: Conversation) -> bool:
    keys = [m.key for m in earlier.messages]
    return [m.key for m in later.messages[: len(keys)]] == keys


@dataclass
class _NotAsked:
    """A placeholder for a summariser that may call a service: the record is used instead."""

    name: str

    def __call__(self, segment: Segment) -> Summary:
        raise PenstockError(f"{self.name} is not asked in a replay")


def _offline(one: Summariser) -> Summariser:
    return one if getattr(one, "is_offline", False) else _NotAsked(one.name)
