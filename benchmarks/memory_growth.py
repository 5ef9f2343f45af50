"""How memory grows: ingest per second, query times, disk, resident memory and the time to open, by number of chunks.

    python benchmarks/memory_growth.py [--chunks 1000 10000 100000] [--keep FOLDER]

Texts are generated: sentences over a vocabulary with the frequencies of a language, in sessions of forty.
"""

from __future__ import annotations

import argparse
import logging
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from penstock.memory import Item, Memory, chosen

PROJECT = "growth"
VOCABULARY = 30_000
QUERIES = 60
SESSION = 40
BATCH = 1000
_PIECES = "ba co di fu ga he li mo nu pa ra se ti vo wa ze ster ning tion pro con per"


class Language:
    """Words with the frequencies of a language whose commonest (the, of, and) were left out, as the index leaves them
    out; the same at every run."""

    def __init__(self) -> None:
        self._rng = random.Random(7)
        pieces = _PIECES.split()
        made = {"".join(self._rng.choices(pieces, k=self._rng.randint(2, 4))) for _ in range(2 * VOCABULARY)}
        self._words = sorted(made)[:VOCABULARY]
        self._rng.shuffle(self._words)
        rank = np.arange(1, len(self._words) + 1)
        self._weights = np.cumsum(1 / (rank + 30)).tolist()

    def text(self, words: int) -> str:
        """A text of so many words."""
        return " ".join(self._rng.choices(self._words, cum_weights=self._weights, k=words))

    def items(self, count: int) -> Iterator[Item]:
        """Messages of a person and an agent in turn, short and long."""
        for n in range(count):
            role = "assistant" if n % 2 else "user"
            words = self._rng.randint(60, 180) if n % 2 else self._rng.randint(8, 60)
            at = 1_700_000_000.0 + 60 * n
            yield Item(PROJECT, self.text(words), session=f"s{n // SESSION}", seq=n % SESSION, at=at, role=role)


def measure(count: int, folder: Path) -> dict[str, float]:
    """Measure memory with `count` chunks, from an empty folder."""
    language = Language()
    memory = Memory(folder, chosen())
    made, questions, done, took = language.items(count), list[str](), 0, 0.0
    while batch := list(islice(made, BATCH)):  # never all of them: the texts would count as memory's own
        start = time.perf_counter()
        memory.add(batch)
        took += time.perf_counter() - start
        asked = (item.text.split()[2:7] for n, item in enumerate(batch, done) if n % (count // QUERIES) == 0)
        questions += [f"what did you say about {' '.join(words)}?" for words in asked]
        done += len(batch)
    memory.close()
    start = time.perf_counter()
    memory = Memory(folder, chosen())
    memory.search(questions[0], PROJECT)
    opened = time.perf_counter() - start
    times = []
    for question in questions:
        start = time.perf_counter()
        memory.search(question, PROJECT, limit=10, tokens=1000)
        times.append(1000 * (time.perf_counter() - start))
    start = time.perf_counter()
    memory.add([Item(PROJECT, language.text(40), session="new", seq=1)])
    memory.search(questions[0], PROJECT)
    turn = 1000 * (time.perf_counter() - start)
    memory.close()
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    return {
        "ingest/s": count / took,
        "open s": opened,
        "p50 ms": float(np.percentile(times, 50)),
        "p95 ms": float(np.percentile(times, 95)),
        "add + search ms": turn,
        "disk MB": disk,
        "resident MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--keep", type=Path, help="leave the files here")
    args = parser.parse_args()
    logging.disable(logging.INFO)
    if len(args.chunks) > 1:  # a process for each, so that the memory is its own
        for count in args.chunks:
            subprocess.run([sys.executable, __file__, "--chunks", str(count)], check=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(args.chunks[0], args.keep or Path(folder))
    figures = "  ".join(f"{name} {value:,.1f}" for name, value in found.items())
    print(f"{args.chunks[0]:>9,} chunks  {figures}", flush=True)


if __name__ == "__main__":
    main()
