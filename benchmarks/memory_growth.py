"""How memory grows: ingest per second, query times, disk, resident memory and the time to open, by number of chunks.

    python benchmarks/memory_growth.py [--chunks 1000 10000 100000] [--synthetic] [--keep FOLDER]

Texts are generated: sentences over a vocabulary with the frequencies of a language, in sessions of forty. With
`--synthetic` their vectors are drawn at random, and the vector index is filled once at the end, or left as it is with
`--no-index`. A folder that holds a memory already (`--keep`) is not filled again, but its vector index is completed.
How long that takes, and how much memory the process of the index has, goes to stderr. With several numbers of chunks,
the last lines compare each with the first: other work on the machine slows all alike. CPU is that of this process,
without Chroma's.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from penstock.base.errors import VectorsLater
from penstock.memory import Item, Memory, chosen
from penstock.memory.embedders.wordllama import WordLlama256

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


class Drawn:
    """Vectors like those of texts about a few thousand subjects, at random."""

    name, dimension = WordLlama256.name, WordLlama256.dimension

    def __init__(self) -> None:
        self._rng = np.random.default_rng(7)
        self._subjects = self._rng.standard_normal((5_000, self.dimension)).astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text."""
        about = self._rng.integers(0, len(self._subjects), (len(texts), 2))
        return list(self._subjects[about[:, 0]] + 0.5 * self._subjects[about[:, 1]])


def fill(count: int, folder: Path, *, synthetic: bool) -> float:
    """Store `count` chunks in an empty folder. Returns the seconds that took."""
    memory = Memory(folder, Drawn() if synthetic else chosen())
    memory.owes = "all of it at the end" if synthetic else ""
    made, took = Language().items(count), 0.0
    while batch := list(islice(made, BATCH)):  # never all of them: the texts would count as memory's own
        start = time.perf_counter()
        memory.add(batch)
        took += time.perf_counter() - start
    memory.close()
    return took


def complete(memory: Memory) -> None:
    """Add to the vector index what it lacks."""
    start, most = time.perf_counter(), 0

    def progress(what: str, done: int, total: int) -> None:
        nonlocal most
        most = max(most, memory.state()["vectors"]["memory"]) if done % 50_000 == 0 or done == total else most
        if done % 50_000 == 0 or (done == total and total > 50_000):
            passed = time.perf_counter() - start
            print(f"{done:>9,} of {total:,} {what}, {passed:,.0f} s, {most / 1e6:,.0f} MB", file=sys.stderr, flush=True)

    while True:
        try:
            memory.sync(progress)
            return
        except VectorsLater as e:  # a process that was stopped for a while is killed when it goes on
            print(e, file=sys.stderr, flush=True)
            time.sleep(1)


def measure(count: int, folder: Path, *, synthetic: bool, indexed: bool) -> dict[str, float]:
    """Measure memory with `count` chunks, from an empty folder or one that has them."""
    took = 0.0 if (folder / "memory.db").exists() else fill(count, folder, synthetic=synthetic)
    asked = islice(Language().items(min(count, 10_000)), 0, None, max(1, min(count, 10_000) // QUERIES))
    questions = [f"what did you say about {' '.join(item.text.split()[2:7])}?" for item in asked]
    if indexed:
        memory = Memory(folder, chosen())
        complete(memory)
        memory.close()
    start = time.perf_counter()
    memory = Memory(folder, chosen())
    memory.owes = "" if indexed else "all of it"
    memory.search(questions[0], PROJECT)
    opened = time.perf_counter() - start
    times, work = [], []
    for question in questions:
        start, began = time.perf_counter(), time.process_time()
        memory.search(question, PROJECT, limit=10, tokens=1000)
        times.append(1000 * (time.perf_counter() - start))
        work.append(1000 * (time.process_time() - began))
    start = time.perf_counter()
    memory.add([Item(PROJECT, Language().text(40), session="new", seq=int(time.time()))])
    memory.search(questions[0], PROJECT)
    turn = 1000 * (time.perf_counter() - start)
    memory.close()
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    return {
        "ingest/s": count / took if took else 0.0,
        "open s": opened,
        "p50 ms": float(np.percentile(times, 50)),
        "p95 ms": float(np.percentile(times, 95)),
        "CPU p50 ms": float(np.percentile(work, 50)),
        "CPU p95 ms": float(np.percentile(work, 95)),
        "add + search ms": turn,
        "disk MB": disk,
        "resident MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--no-index", action="store_true", help="leave the vector index as it is")
    parser.add_argument("--keep", type=Path, help="leave the files here, by number of chunks")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.INFO)
    if len(args.chunks) == 1:
        [count] = args.chunks
        with tempfile.TemporaryDirectory() as temporary:
            folder = args.keep / str(count) if args.keep else Path(temporary)
            found = measure(count, folder, synthetic=args.synthetic, indexed=not args.no_index)
        print(json.dumps(found) if args.json else _line(count, found), flush=True)
        return
    every: dict[int, dict[str, float]] = {}
    options = [one for one in sys.argv[1:] if one in ("--synthetic", "--no-index")]
    options += ["--keep", str(args.keep)] if args.keep else []
    for count in args.chunks:  # a process for each, so that the memory is its own
        command = [sys.executable, __file__, "--json", *options, "--chunks", str(count)]
        every[count] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(_line(count, every[count]), flush=True)
    first, *others = args.chunks
    for count in others:
        ratios = {name: every[count][name] / every[first][name] for name in every[first] if name.endswith("ms")}
        print(f"{count:>9,} / {first:,}  " + "  ".join(f"{name[:-3]} {ratio:.1f}" for name, ratio in ratios.items()))


def _line(count: int, found: dict[str, float]) -> str:
    return f"{count:>9,} chunks  " + "  ".join(f"{name} {value:,.1f}" for name, value in found.items())


if __name__ == "__main__":
    main()
