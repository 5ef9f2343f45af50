"""How often a pattern that was learned is what happens later, on recorded coding sessions.

    python benchmarks/learning.py --data FOLDER [FOLDER …] [--confirmed 2] [--precision 0.6] [--halved 10] [--list]

Each FOLDER holds session files of one project, or of several, if `sources.json` beside it or above it names the `repo`
of each. The turns of a project are played in the order of time through the learning stage's own functions, with a
memory on disk: before a turn is learned from, what is known is asked what it would say of it. A project of ten
sessions and more (`--halved`) counts as two, its earlier and its later half, which learn apart. Every second project is
shown under `chosen on`: the defaults of the stage were decided by those, and the others, `shown on`, had no part in it.

A pattern is ripe if it was confirmed and held as often as a note needs. Of each kind:

- `met`: times at which the trigger of a ripe pattern was met; `held`: those at which it was what happened. An error
  that was not overcome in its turn says nothing: it is left out here, and counts as wrong below.
- `offered`: what the stage would have put in a note at that time, before it knew; `right`: what then happened.
- `coverage`: of all that happened of this kind, the share that a ripe pattern foretold.
- `share`: of what was offered, the share that was right, with its 95 % interval (Wilson).

Money: a note is written to the cache once and read by every later call of its session; where it was right, it may save
the calls between the error and what fixed it, at what they cost (the provider's counts, prices of the table of models).
That is the most it can save: an agent need not follow a note, and what it does at once anyway saves nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memory_recorded import Turn, body_of, recordings

from penstock import Prices, estimate_tokens
from penstock.memory import Memory, PatternKind
from penstock.memory import chosen as embedder_of
from penstock.redaction.redaction import redact
from penstock.testing.bodies import dialect_of, path_of
from penstock_plugins.learning.fixes import failure_of, form_of
from penstock_plugins.learning.knowledge import Evidence, Knowledge, Known
from penstock_plugins.learning.observe import observations_of
from penstock_plugins.learning.offers import chosen, is_ripe, note_of
from penstock_plugins.learning.patterns import Observation, Pattern
from penstock_plugins.learning.settings import Settings
from penstock_plugins.learning.turn_record import TurnRecord

DIALECT = dialect_of("anthropic")
PRICES = Prices()


@dataclass
class Money:
    """What the notes of one kind cost, and may save at the most."""

    tokens: float = 0.0
    cost: float = 0.0
    saved: float = 0.0

    def add(self, other: Money) -> None:
        """Add the sums of another project."""
        self.tokens, self.cost = self.tokens + other.tokens, self.cost + other.cost
        self.saved += other.saved


@dataclass
class Scores:
    """What is counted, by kind."""

    counts: dict[PatternKind, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    money: dict[PatternKind, Money] = field(default_factory=lambda: {kind: Money() for kind in PatternKind})
    told: list[str] = field(default_factory=list)

    def add(self, other: Scores) -> None:
        """Add the counts of another project."""
        for kind, counter in other.counts.items():
            self.counts[kind].update(counter)
        for kind, money in other.money.items():
            self.money[kind].add(money)
        self.told += other.told


def projects_in(folders: Sequence[Path], halved: int) -> dict[str, list[Turn]]:
    """The turns of each project, in the order of time. One of `halved` sessions and more counts as two."""
    found: dict[str, list[Turn]] = defaultdict(list)
    for folder in folders:
        sources = next((file for up in (folder, folder.parent) if (file := up / "sources.json").is_file()), None)
        repos = {one["file"]: one["repo"] for one in json.loads(sources.read_text())} if sources else {}
        for turn in recordings(folder):
            found[repos.get(turn.session, str(folder))].append(turn)
    out: dict[str, list[Turn]] = {}
    for name, turns in sorted(found.items()):
        sessions = list(dict.fromkeys(turn.session for turn in turns))
        if len(sessions) < halved:
            out[name] = turns
            continue
        early = set(sessions[: len(sessions) // 2])
        out[f"{name} (earlier)"] = [turn for turn in turns if turn.session in early]
        out[f"{name} (later)"] = [turn for turn in turns if turn.session not in early]
    return out


def score(turns: Sequence[Turn], settings: Settings) -> Scores:
    """Play one project."""
    out = Scores()
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(Path(folder), embedder_of("trigrams-256"))
        knowledge = Knowledge("p", "", redact, most=settings.patterns, days=settings.days)
        later = Counter(turn.session for turn in turns for _ in turn.paid)
        told: dict[str, set[Pattern]] = defaultdict(set)
        for n, turn in enumerate(turns):
            later[turn.session] -= len(turn.paid)
            known = knowledge.patterns(memory)
            record = _record(turn, known, settings, out, told[turn.session], later[turn.session])
            observed = observations_of(record, _prompt(turn), [one.pattern for one in known])
            _judge(out, observed, known, settings)
            knowledge.learn(memory, observed, Evidence(f"x{n}", turn.session, turn.session, turn.at))
        memory.close()
    return out


def _record(
    turn: Turn, known: Sequence[Known], settings: Settings, out: Scores, told: set[Pattern], later: int
) -> TurnRecord:
    """The turn, request by request; what the stage would have offered is judged by what comes after."""
    messages = DIALECT.read(body_of(turn.messages), path_of("anthropic")).messages
    record, sizes = TurnRecord(), dict[int, int]()
    offers: list[tuple[int, int, Known]] = []
    for n, message in enumerate(messages):
        if message.role != "user":
            continue
        record.follow(messages[: n + 1])
        sizes[n] = len(record.steps)
        failed = [step for step in record.newest if step.error]
        out.counts[PatternKind.FIX]["errors"] += len({failure_of(step) for step in failed} - {None})
        is_first = n == 0 and not turn.before
        prompt = _prompt(turn) if n == 0 else ""
        if failed or prompt:
            some = chosen(known, settings, steps=failed, prompt=prompt, is_first=is_first)
            new = [one for one in some if one.pattern not in told]
            told.update(one.pattern for one in new)
            offers += [(n, len(record.steps), one) for one in new]
            for one in new:
                tokens = estimate_tokens(note_of([one]))
                rest = sum(at > n for at in turn.paid) + later
                model = next((model for at, (model, _) in turn.paid.items() if at > n), "")
                price = PRICES.of("anthropic", model)
                cost = price.dollars(write=tokens, read=tokens * max(0, rest - 1))
                out.money[one.pattern.kind].add(Money(tokens, cost))
    for n, first, one in offers:
        at = _happened(one.pattern, record, first)
        kind = one.pattern.kind
        out.counts[kind]["offered"] += 1
        out.counts[kind]["right"] += at is not None
        saved = _saved(turn, n, sizes, at) if at is not None and kind is PatternKind.FIX else 0.0
        out.money[kind].saved += saved
        out.told.append(f"{'right' if at is not None else 'wrong'}  ${saved:.3f}  {one.item.text}")
    return record


def _happened(pattern: Pattern, record: TurnRecord, first: int) -> int | None:
    """The step, from `first` on, that did what the pattern says; None: none did."""
    for n, step in enumerate(record.steps[first:], first):
        if step.error or step.is_refused:
            continue
        if pattern.kind is PatternKind.TOGETHER and any(file.endswith(pattern.action) for file in step.changed):
            return n
        if pattern.kind is PatternKind.FIX and pattern.action and form_of(step.command) == pattern.action:
            return n
        if pattern.kind is PatternKind.FIX and not pattern.action and step.kind == "read":
            return n
        if pattern.kind is PatternKind.CORRECTION and pattern.action in step.said.lower():
            return n
    return None


def _saved(turn: Turn, n: int, sizes: dict[int, int], step: int) -> float:
    """What the calls cost between the error in message `n` and the one that made the call of `step`."""
    shown_in = next(at for at, size in sizes.items() if size > step)
    between = [at for at in turn.paid if n < at < shown_in][:-1]
    return sum(_dollars(*turn.paid[at]) for at in between)


def _dollars(model: str, usage: dict[str, Any]) -> float:
    price = PRICES.of("anthropic", model)
    return price.dollars(
        plain=usage.get("input_tokens", 0),
        read=usage.get("cache_read_input_tokens", 0),
        write=usage.get("cache_creation_input_tokens", 0),
        output=usage.get("output_tokens", 0),
    )


def _judge(out: Scores, observed: Sequence[Observation], known: Sequence[Known], settings: Settings) -> None:
    """Count what ripe patterns foretold of what was observed."""
    ripe = {one.pattern for one in known if is_ripe(one, settings)}
    for one in observed:
        counter = out.counts[one.pattern.kind]
        counter["happened"] += one.followed
        if one.pattern in ripe:
            counter["met"] += 1
            counter["held"] += one.followed


def _prompt(turn: Turn) -> str:
    content = turn.messages[0]["content"]
    if isinstance(content, str):
        return content
    return next((block["text"] for block in reversed(content) if block.get("type") == "text"), "")


def _rows(title: str, found: Scores) -> Iterator[str]:
    yield f"{title}: {found.counts[PatternKind.FIX]['errors']} errors with a cause"
    yield (
        f"  {'kind':<12}{'met':>5}{'held':>6}{'precision':>11}{'coverage':>10}{'offered':>9}{'right':>7}{'share':>20}"
        f"{'note tokens':>13}{'they cost':>11}{'may save':>10}"
    )
    for kind in PatternKind:
        c, money = found.counts[kind], found.money[kind]
        held = f"{c['held'] / c['met']:.2f}" if c["met"] else "-"
        covers = f"{c['held'] / c['happened']:.2f}" if c["happened"] else "-"
        yield (
            f"  {kind:<12}{c['met']:>5}{c['held']:>6}{held:>11}{covers:>10}{c['offered']:>9}{c['right']:>7}"
            f"{_interval(c['right'], c['offered']):>20}{money.tokens:>13.0f}{money.cost:>10.4f}${money.saved:>9.2f}$"
        )


def _interval(right: int, of: int) -> str:
    """The share, and the interval in which it is with 95 %."""
    if not of:
        return "-"
    share, z = right / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{share:.2f} ({middle - half:.2f} to {middle + half:.2f})"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--confirmed", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--precision", type=float, nargs="+", default=[0.6])
    parser.add_argument("--halved", type=int, default=10, help="sessions from which on a project counts as two")
    parser.add_argument("--list", action="store_true", help="every pattern that was offered")
    given = parser.parse_args()
    projects = projects_in(given.data, given.halved)
    print(f"{len(projects)} projects, {sum(map(len, projects.values()))} turns")
    for confirmed in given.confirmed:
        for precision in given.precision:
            settings = Settings(offer=frozenset(PatternKind), confirmed=confirmed, precision=precision)
            halves = {"chosen on": Scores(), "shown on": Scores(), "all": Scores()}
            for n, turns in enumerate(projects.values()):
                one = score(turns, settings)
                for title in ("shown on" if n % 2 else "chosen on", "all"):
                    halves[title].add(one)
            print(f"\nconfirmed = {confirmed}, precision = {precision}")
            for title, found in halves.items():
                print("\n".join(_rows(title, found)))
                if given.list:
                    print("\n".join(f"    {line}" for line in found.told))


if __name__ == "__main__":
    main()
