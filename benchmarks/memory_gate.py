"""How well the threshold `weights.SURE` separates questions that memory can answer from those it cannot.

    python benchmarks/memory_gate.py --data FOLDER

Each history is asked its own questions, and as many that belong to other histories: for those, whatever is recalled is
recalled in vain. Of its own questions it counts how many recall anything, and, where the evidence is among the five
best, how often it is among what is recalled.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from pathlib import Path

from memory_adapter import PROJECT, Remembered
from memory_data import load

from penstock.memory import chosen
from penstock.memory.search.weights import SURE, SURE_OVERLAP, SURE_SHARED

QUESTIONS = 60
THRESHOLDS = (8.0, 9.5, SURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    histories, model, rng = load(parser.parse_args().data), chosen(), random.Random(1)
    counts: dict[tuple[str, float, str], list[bool]] = defaultdict(list)
    for history in histories:
        memory = Remembered(history.docs, model)
        own = rng.sample(history.queries, min(QUESTIONS, len(history.queries)))
        strange = [query for other in histories if other is not history for query in other.queries]
        for query in [*own, *rng.sample(strange, QUESTIONS)]:
            hits = memory.memory.search(query.text, PROJECT, limit=5).hits
            right = [bool(query.evidence.intersection(memory.documents(hit))) for hit in hits]
            for at in THRESHOLDS:
                sure = [
                    hit.sureness >= at and hit.overlap >= SURE_OVERLAP and hit.shared >= SURE_SHARED * 2 / 3
                    for hit in hits
                ]
                if query not in own:
                    counts[history.family, at, "in vain"].append(any(sure))
                    continue
                counts[history.family, at, "asked"].append(any(sure))
                if any(right):
                    kept = any(a and b for a, b in zip(sure, right, strict=True))
                    counts[history.family, at, "evidence"].append(kept)
        memory.memory.close()
    for family in sorted({family for family, _, _ in counts}):
        for at in THRESHOLDS:
            told = {what: counts[family, at, what] for what in ("asked", "evidence", "in vain")}
            print(family, at, *(f"{what} {sum(some) / len(some):.2f}" for what, some in told.items()), sep="\t")


if __name__ == "__main__":
    main()
