"""Whether feedback makes later recalls better, and how far it can be abused.

    python benchmarks/memory_feedback.py --data FOLDER

*Use.* Every second question of a history is asked, and each item of the ten best that is evidence is called helpful,
each of the three best that is evidence of no question at all is called wrong. Then all are asked again: those that gave
feedback, and the others, which never did.

*Abuse.* Of each history ten items that are evidence of something are called helpful by a hundred callers; then the
questions are asked that they have nothing to do with. Counted is how often such an item comes to stand above the first
evidence of a question that stood above it before. Then the same items are called wrong, and the questions that they
are evidence of are asked: what a hundred callers can hide.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from memory_adapter import PROJECT, Remembered
from memory_data import History, Query, load

from penstock.memory import Embedder, Hit, chosen
from penstock.memory.feedback import FeedbackKind, Voice

ABUSED, CALLERS, DEPTH = 10, 100, 50
Ranks = dict[str, list[Hit]]


def asked(memory: Remembered, queries: Iterable[Query]) -> Ranks:
    """The hits for each question, the best first."""
    return {query.text: list(memory.memory.search(query.text, PROJECT, limit=DEPTH).hits) for query in queries}


def measured(memory: Remembered, found: Ranks, queries: Sequence[Query]) -> tuple[float, float]:
    """Recall among ten, and one by the rank of the first."""
    recalls, firsts = [], []
    for query in queries:
        ranks = [query.evidence.intersection(memory.documents(hit)) for hit in found[query.text]]
        recalls.append(len(set().union(*ranks[:10])) / len(query.evidence))
        firsts.append(next((1 / n for n, some in enumerate(ranks, 1) if some), 0.0))
    return float(np.mean(recalls)), float(np.mean(firsts))


def say(memory: Remembered, hits: Iterable[Hit], kind: FeedbackKind, by: Iterable[str] = ("owner",)) -> None:
    """Give feedback of one kind on these hits, in the name of `by`."""
    for hit in hits:
        for caller in by:
            memory.memory.feedback.give(hit.item.id, Voice(kind, caller, 0.0))
        memory.memory.hear(hit.item, Voice(kind, "last", 0.0, value=0.0))


def use(model: Embedder, history: History) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
    """Before and after, for the questions that gave feedback and for the others."""
    memory = Remembered(history.docs, model)
    evidence = set().union(*(query.evidence for query in history.queries))
    before = asked(memory, history.queries)
    for query in history.queries[::2]:
        hits = before[query.text]
        say(memory, (h for h in hits[:10] if query.evidence.intersection(memory.documents(h))), FeedbackKind.HELPFUL)
        say(memory, (h for h in hits[:3] if not evidence.intersection(memory.documents(h))), FeedbackKind.WRONG)
    after = asked(memory, history.queries)
    sides = (("gave feedback", history.queries[::2]), ("others", history.queries[1::2]))
    out = [(name, measured(memory, before, some), measured(memory, after, some)) for name, some in sides]
    memory.memory.close()
    return out


def abuse(model: Embedder, history: History, kind: FeedbackKind) -> tuple[int, int, float, float]:
    """How often feedback turned the order about, in how many cases; and recall among ten before and after."""
    memory, rng = Remembered(history.docs, model), random.Random(1)
    before = asked(memory, history.queries)
    pool = {h.item.id: h for hits in before.values() for h in hits}
    about = {number: memory.documents(hit) for number, hit in pool.items()}
    some = sorted(n for n, docs in about.items() if any(q.evidence.intersection(docs) for q in history.queries))
    chosen_ones = rng.sample(some, min(ABUSED, len(some)))
    say(memory, (pool[number] for number in chosen_ones), kind, [f"caller {n}" for n in range(CALLERS)])
    abused = {doc for number in chosen_ones for doc in about[number]}
    praised = kind is FeedbackKind.HELPFUL
    others = [query for query in history.queries if bool(query.evidence & abused) is not praised]
    after = asked(memory, others)
    turned = cases = 0
    for query in others:
        old, new = (_places(hits, memory, query, chosen_ones) for hits in (before[query.text], after[query.text]))
        if old[0] is None:
            continue
        for number in chosen_ones:
            cases += 1
            stood = old[1].get(number, DEPTH)
            stands = new[1].get(number, DEPTH)
            turned += stood > old[0] and stands < (DEPTH if new[0] is None else new[0])
    figures = measured(memory, before, others)[0], measured(memory, after, others)[0]
    memory.memory.close()
    return turned, cases, *figures


def _places(
    hits: Sequence[Hit], memory: Remembered, query: Query, numbers: Sequence[int]
) -> tuple[int | None, dict[int, int]]:
    first = next((n for n, hit in enumerate(hits) if query.evidence.intersection(memory.documents(hit))), None)
    return first, {hit.item.id: n for n, hit in enumerate(hits) if hit.item.id in numbers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    histories, model = load(parser.parse_args().data), chosen()
    used = [(history, row) for history in histories for row in use(model, history)]
    for family in sorted({history.family for history in histories}):
        for name in ("gave feedback", "others"):
            rows = [row[1:] for history, row in used if history.family == family and row[0] == name]
            before, after = np.mean(rows, axis=0)
            shown = f"R@10 {before[0]:.3f} to {after[0]:.3f}  MRR {before[1]:.3f} to {after[1]:.3f}"
            print(f"{family:8s} {name:14s} {shown}", flush=True)
    for kind in (FeedbackKind.HELPFUL, FeedbackKind.WRONG):
        for family in sorted({history.family for history in histories}):
            found = [abuse(model, history, kind) for history in histories if history.family == family]
            turned, cases = sum(one[0] for one in found), sum(one[1] for one in found)
            before, after = np.mean([one[2:] for one in found], axis=0)
            print(
                f"{family:8s} abuse {kind:8s} turned {turned} of {cases}  R@10 {before:.3f} to {after:.3f}", flush=True
            )


if __name__ == "__main__":
    main()
