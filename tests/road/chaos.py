"""`run_chaos`: several real proxies on one PostgreSQL server, conversations that go through any of them, and faults of
every sort; `Figures` compares what the provider received with the ledger."""

from __future__ import annotations

import http.client
import random
import signal
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from penstock.base.postgres_connection import engine_of
from penstock.store.complete import mark_complete
from tests.postgres import Server
from tests.road.bodies import ask, claude, new_session
from tests.road.chaos_provider import Recorder, Seen
from tests.road.cuttable import Cuttable
from tests.road.proxy import Proxy, Setup
from tests.road.stages import COUNTING

__all__ = ["TROUBLES", "Figures", "run_chaos"]

PROFILE = """
extends = "default"
[limits]
# A stage that is late three times rests for a minute: here the machine may be late.
stage_ms = 5000
read_ms = 10000
store_ms = 500
[memory]
enabled = false
"""
SAID = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
TURNS = 12
"""Turns of a session; then its client begins another one."""
ASK_S, GIVE_UP_S = 4.0, 60.0
"""Seconds that a client waits for an answer before it asks another proxy, and for which it goes on with that."""
STALL_S = 6.5
"""Longer than a lease."""
START_S = 180.0
"""Seconds that a proxy may take to listen: a start takes some five of CPU, and forty clients and three other proxies
take the rest of the machine."""
SETTLE_S = 4.0
"""Seconds after an outage of the store in which a proxy may not have noticed its end."""
_AWAY = ("cut", "hold", "freeze", "restart")
TROUBLES = ("kill", "stall", *_AWAY)
_NOTES = sa.text("SELECT conversation, revision, text FROM edits ORDER BY id")
_EVENTS = sa.text(
    "SELECT CASE WHEN kind = 'rewritten' THEN CASE WHEN (payload->>'edits')::int > 0 THEN 'edited' ELSE 'replays' END "
    "WHEN kind = 'bypassed' AND payload->>'why' LIKE 'another proxy has changed%' THEN 'fenced_out' "
    "WHEN kind = 'bypassed' THEN 'past_the_pipeline' WHEN payload->>'error' LIKE 'another proxy%' THEN 'busy' "
    "WHEN payload->>'where' IN ('lease', 'store') THEN 'store_away' ELSE 'other_faults' END AS what, count(*) "
    "FROM events WHERE kind IN ('rewritten', 'bypassed', 'fault') GROUP BY 1"
)


@dataclass
class Figures:
    """What came of it. All of `BAD` must be 0."""

    requests: int = 0
    """What the provider received."""
    sessions: int = 0
    answered: int = 0
    tries: int = 0
    """What the clients sent until they were answered."""
    edits: int = 0
    """Entries of all ledgers."""
    events: dict[str, int] = field(default_factory=dict)
    """What the proxies say of their requests: `edited`, `replays`, `busy`, `fenced_out` and others."""
    troubles: dict[str, int] = field(default_factory=dict)
    older_while_away: int = 0
    """Requests with fewer edits than one before, while the store was away: a proxy knew the ledger as it was, or not
    at all."""
    older: int = 0
    """The same while it was not: a proxy that stalled sent late what it had begun before."""
    not_the_ledgers: int = 0
    """Requests whose edits are not those of the ledger at any one revision."""
    changed: int = 0
    """Messages that were sent with the same edits and other bytes."""
    gaps: int = 0
    """Conversations in whose ledger a revision is missing, or was given twice."""
    lost_edits: int = 0
    """Edits that were sent and are in no ledger."""
    unanswered: int = 0
    """Requests that no proxy answered."""

    BAD = ("not_the_ledgers", "changed", "gaps", "lost_edits", "unanswered")

    @property
    def bad(self) -> dict[str, int]:
        """What must not be, by its name; empty if all is well."""
        return {name: getattr(self, name) for name in self.BAD if getattr(self, name)}


class _Proxies:
    """The proxies, each with a connection of its own to the database."""

    def __init__(self, count: int, server: Server, database: str, provider: int, folder: Path, plugins: dict[str, str]):
        self.server, self._provider, self._folder, self._plugins = server, provider, folder, plugins
        self.links = [Cuttable(server.port) for _ in range(count)]
        self._boots = Counter[int]()
        self._urls = [f"postgresql://penstock@127.0.0.1:{link.port}/{database}" for link in self.links]
        self.running = [self._start(n) for n in range(count)]
        self.ports = [one.port(patience=START_S) for one in self.running]

    def _start(self, n: int) -> Proxy:
        home = self._folder / f"proxy-{n}"
        store = home / "state" / "penstock.db"
        if not store.exists():
            store.parent.mkdir(parents=True)
            store.write_text(self._urls[n])
            mark_complete(store)
        self._boots[n] += 1
        counting = COUNTING.replace("call {", f"call {n}.{self._boots[n]}.{{")
        plugins = {"counting": counting, **self._plugins}
        return Proxy(Setup(home, self._provider, profile=PROFILE, plugins=plugins), keeps_events=False)

    def kill(self, n: int) -> None:
        """`kill -9`, and a new start."""
        self.running[n].kill()
        self.running[n] = self._start(n)
        self.ports[n] = self.running[n].port(patience=START_S)

    def close(self) -> None:
        for one in self.running:
            one.stop()
        for link in self.links:
            link.close()


class _Troubles:
    """One fault after the other, each at a proxy by chance, until `stop` is set; sets it when one goes wrong."""

    def __init__(self, proxies: _Proxies, seed: int, stop: threading.Event) -> None:
        self._proxies, self._chance, self._stop = proxies, random.Random(seed), stop
        self.done = Counter[str]()
        self.away: list[tuple[float, float]] = []
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="troubles", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Let the present one end, and all with it. Raises what went wrong."""
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            for name in self._names():
                if self._stop.wait(self._chance.uniform(0.3, 1.5)):
                    return
                begun = time.monotonic()
                getattr(self, f"_{name}")(self._chance.randrange(len(self._proxies.running)))
                self.done[name] += 1
                if name in _AWAY:
                    self.away.append((begun, time.monotonic() + SETTLE_S))
        except BaseException as e:
            self.error = e
            self._stop.set()

    def _names(self) -> Iterator[str]:
        while True:
            yield from self._chance.sample(TROUBLES, len(TROUBLES))

    def _kill(self, n: int) -> None:
        self._proxies.kill(n)

    def _stall(self, n: int) -> None:
        process = self._proxies.running[n].process
        process.send_signal(signal.SIGSTOP)
        self._stop.wait(STALL_S)
        process.send_signal(signal.SIGCONT)

    def _cut(self, n: int) -> None:
        link = self._proxies.links[n]
        link.cut()
        self._stop.wait(3.0)
        link.mend()

    def _hold(self, n: int) -> None:
        link = self._proxies.links[n]
        link.hold()
        self._stop.wait(3.0)
        link.mend()

    def _freeze(self, _n: int) -> None:
        with self._proxies.server.frozen():
            self._stop.wait(2.0)

    def _restart(self, _n: int) -> None:
        self._proxies.server.stop()
        self._proxies.server.start()


@dataclass
class _Client:
    """Plays one session after another, each turn through any of the proxies."""

    ports: list[int]
    seed: str
    stop: threading.Event
    answered: int = 0
    tries: int = 0
    unanswered: int = 0

    def run(self) -> None:
        chance = random.Random(self.seed)
        while not self.stop.is_set():
            session, messages = new_session(), [ask("begin")]
            while len(messages) < 2 * TURNS and not self.stop.wait(chance.uniform(0.0, 0.3)):
                if not self._ask(claude(*messages, session=session), chance):
                    self.unanswered += 1
                    break
                messages += [SAID, ask(f"turn {len(messages)}")]

    def _ask(self, body: bytes, chance: random.Random) -> bool:
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            self.tries += 1
            with closing(http.client.HTTPConnection("127.0.0.1", chance.choice(self.ports), timeout=ASK_S)) as link:
                try:
                    link.request("POST", "/v1/messages", body, {"content-type": "application/json"})
                    answer = link.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):  # it was killed, or stands still
                    continue
            if answer.status == 200:
                self.answered += 1
                return True
        return False


def run_chaos(
    server: Server,
    database: str,
    folder: Path,
    *,
    seconds: float,
    seed: int = 1,
    proxies: int = 4,
    conversations: int = 40,
    plugins: Mapping[str, str] | None = None,
) -> Figures:
    """Play conversations through proxies on `database` for `seconds`, with faults. `plugins`: more of them, by name."""
    recorder = Recorder()
    running = _Proxies(proxies, server, database, recorder.port, folder, dict(plugins or {}))
    try:
        stop = threading.Event()
        clients = [_Client(running.ports, f"{seed} {n}", stop) for n in range(conversations)]
        threads = [threading.Thread(target=one.run, name="client", daemon=True) for one in clients]
        for thread in threads:
            thread.start()
        troubles = _Troubles(running, seed, stop)
        stop.wait(seconds)
        troubles.end()
        for thread in threads:
            thread.join()
    finally:
        running.close()
        recorder.close()
    figures = Figures(
        requests=sum(len(seen.requests) for seen in recorder.sessions.values()),
        sessions=len(recorder.sessions),
        answered=sum(one.answered for one in clients),
        tries=sum(one.tries for one in clients),
        unanswered=sum(one.unanswered for one in clients),
        troubles=dict(troubles.done),
    )
    _judge(figures, recorder.sessions, server.url(database), troubles.away)
    return figures


def _judge(figures: Figures, sessions: Mapping[str, Seen], url: str, away: list[tuple[float, float]]) -> None:
    ledgers: dict[str, list[int]] = defaultdict(list)
    place: dict[str, tuple[str, int]] = {}
    engine = engine_of(url)
    with engine.connect() as db:
        for conversation, revision, text in db.execute(_NOTES):
            ledgers[conversation].append(revision)
            place[_note_in(text)] = conversation, revision
        figures.events = {what: int(number) for what, number in db.execute(_EVENTS)}
    engine.dispose()
    figures.edits = len(place)
    figures.gaps = sum(sorted(found) != list(range(1, len(found) + 1)) for found in ledgers.values())
    notes: dict[str, dict[str, int]] = defaultdict(dict)
    for note, (conversation, revision) in place.items():
        notes[conversation][note] = revision
    for seen in sessions.values():
        _judge_session(figures, seen, place, notes, away)


def _judge_session(
    figures: Figures,
    seen: Seen,
    place: Mapping[str, tuple[str, int]],
    notes: Mapping[str, Mapping[str, int]],
    away: list[tuple[float, float]],
) -> None:
    sent = {note for _, _, some in seen.requests for note in some}
    figures.lost_edits += len(sent - place.keys())
    figures.changed += sum(len(found) > 1 for found in seen.contents.values())
    names = {place[note][0] for note in sent & place.keys()}
    ledger = {note: revision for name in names for note, revision in notes[name].items()}
    before: set[str] = set()
    for at, size, some in seen.requests:
        newest = max((ledger.get(note, 0) for note in some), default=0)
        # What landed and was never sent has no message here.
        wanted = {n for n, revision in ledger.items() if revision <= newest and seen.turns.get(n, size) < size}
        figures.not_the_ledgers += wanted != some or len(names) > 1
        if not {note for note in before if seen.turns[note] < size} <= some:
            is_away = any(begun <= at <= ended for begun, ended in away)
            figures.older_while_away += is_away
            figures.older += not is_away
        before |= some


def _note_in(text: bytes) -> str:
    return zlib.decompress(text).decode().removeprefix("call ")
