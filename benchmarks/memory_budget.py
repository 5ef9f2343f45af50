"""How much of the evidence for a question is in what `recall` gives for a number of tokens, beside the best items in
their order, as long as they fit.

    python benchmarks/memory_budget.py --data FOLDER [--tokens 500 1000 2000 4000]

The folder is laid out as `memory_data` reads it. The weights of the ranking were fitted to these questions; nothing was
fitted to how items are taken for a budget. The standard errors are those of the differences, over the questions.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from memory_adapter import PROJECT, Remembered, memory
from memory_data import load

from penstock.memory import Hit
from penstock.memory.recall import LOOKED_AT, MOST, recall
from penstock.memory.search.weights import RELATED


def in_order(found: Remembered, query: str, tokens: int) -> list[Hit]:
    """The related items, the best first; what is too long for the rest is skipped."""
    kept: list[Hit] = []
    for hit in found.memory.search(query, PROJECT, limit=LOOKED_AT).hits:
        if hit.sureness >= RELATED and len(kept) < MOST and sum(one.tokens for one in (*kept, hit)) <= tokens:
            kept.append(hit)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tokens", type=int, nargs="+", default=[500, 1000, 2000, 4000])
    args = parser.parse_args()
    shares = defaultdict[tuple[str, int], list[tuple[float, float]]](list)
    for history in load(args.data):
        found = memory(history.docs)
        for query in history.queries:
            for tokens in args.tokens:
                ways = (
                    in_order(found, query.text, tokens),
                    recall(found.memory, query.text, PROJECT, tokens=tokens).hits,
                )
                known = [{doc for hit in hits for doc in found.documents(hit)} for hits in ways]
                first, second = (len(query.evidence & docs) / len(query.evidence) for docs in known)
                shares[history.family, tokens].append((first, second))
    for (family, tokens), pairs in shares.items():
        order, taken = np.array(pairs).T
        error = (taken - order).std() / len(pairs) ** 0.5
        print(f"{family:8} {tokens:5} tokens  in order {order.mean():.3f}  recall {taken.mean():.3f}  +-{error:.3f}")


if __name__ == "__main__":
    main()
