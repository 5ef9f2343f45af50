"""`VectorIndex`: the proxy's side of the vector index: sends calls (`add`, `nearest`, `remove`, …) to the child
process, each with a deadline, and reports its health. Raises `MemoryDown`, or `VectorsLater` when the same call can
succeed later.

`penstock.memory.vectors.process` says why it is another process. Texts are not kept there, and everything can be
rebuilt from the memory's database.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from penstock.base.child_process import PAUSE_S, Child, ChildBusy, ChildFailed, ChildKilled, ChildLate
from penstock.base.errors import MemoryDown, VectorsLater
from penstock.memory.vectors.messages import CALL_S, OPEN_S, START_S, Answer, Begin, Fault, Question, decoder

__all__ = ["PROCESS", "Health", "VectorIndex"]

PROCESS = "penstock.memory.vectors.process"
COUNT_S = 20.0
"""Seconds to wait for the answer to a health check."""
BATCH = 1000
_OPENING = ("add", "nearest", "probe", "remove")
"""The calls that open a collection, the first of them in each process."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the child process."""

    pid: int | None
    """The id of the process. None: it does not run, because nobody has asked for vectors or because it failed."""
    memory: int
    """Bytes it had in memory when it last answered; 0: unknown, or it does not run."""
    starts: int
    """How often the process was started; more than one means that it failed."""
    fault: str
    """Why it failed last; empty while it answers."""


class VectorIndex:
    """Raises `MemoryDown` when Chroma cannot carry a call out, and `VectorsLater` when the same call can succeed later;
    the caller goes on with words alone. Any thread may call."""

    is_absent = False
    """Whether there is none, so that the vectors of the memory's database are compared one by one."""
    is_for_many = False
    """Whether it is asked only where a project has more vectors than are compared one by one."""

    def __init__(
        self,
        folder: Path,
        server: str = "",
        namespace: str = "",
        *,
        process: str = "",
        within_s: float = CALL_S,
        open_s: float = OPEN_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        """`namespace`: what tells these vectors from others on the server; the folder without it. `process`: the module
        to run instead of `PROCESS`. `within_s`: the deadline of a call in seconds; `open_s`: of one that opens the
        vectors of a project. `pause_s`: before the process is started again after a failure, doubled with each."""
        self.folder, self._server, self._within_s, self._open_s = folder, server, within_s, open_s
        greeting = msgspec.msgpack.encode(Begin(namespace if server and namespace else str(folder), server))
        # Chroma writes its files in place: a process that is killed meanwhile leaves some that cannot be read.
        self._child = Child(process or PROCESS, greeting, start_s=START_S, pause_s=pause_s, close_s=within_s)
        self._was_open = False
        self._opened = set[tuple[int, int]]()
        """The projects whose vectors are open, each with the id of the process that opened them."""
        self.doubted: dict[int, bytes] = {}
        """The projects of which a search failed that a probe has not repeated yet, and what was searched for."""
        self._late_probes = 0
        self._memory = 0

    @property
    def is_ours(self) -> bool:
        """Whether the vectors are in a folder of this process, not on a server."""
        return not self._server

    def add(
        self, project: int, model: str, ids: Sequence[int], vectors: npt.NDArray[np.float32], total: int = 0
    ) -> None:
        """Store vectors under the numbers of their passages; those already there are replaced. `total`: how many are to
        be added in a row, with these, if they are many."""
        for i in range(0, len(ids), BATCH):
            rows = np.ascontiguousarray(vectors[i : i + BATCH], np.float32)
            packed = _packed(ids[i : i + BATCH])
            self._ask(Question("add", project, model, rows.shape[1], packed, rows.tobytes(), total=total))

    def nearest(
        self,
        project: int,
        model: str,
        vector: npt.NDArray[np.float32],
        limit: int,
        *,
        patience_s: float | None = None,
    ) -> list[tuple[int, float]]:
        """Passages by the inner product of their vectors with `vector`, the largest first. Waits at most `patience_s`
        seconds; without it, for as long as the process is given."""
        raw = np.ascontiguousarray(vector, np.float32).tobytes()
        try:
            found = self._ask(Question("nearest", project, model, len(vector), b"", raw, limit), patience_s)
        except VectorsLater:
            raise
        except MemoryDown:
            self.doubted[project] = raw
            raise
        scores = np.frombuffer(found.scores, np.float32)
        return list(zip(np.frombuffer(found.ids, np.int64).tolist(), scores.tolist(), strict=True))

    def remove(self, project: int, model: str, ids: Sequence[int], dimension: int) -> None:
        """Remove vectors; missing ones are ignored."""
        for i in range(0, len(ids), BATCH):
            self._ask(Question("remove", project, model, dimension, _packed(ids[i : i + BATCH])))

    def is_gone(self) -> bool:
        """Whether the folder was deleted after it was opened."""
        return self._was_open and not self._server and not (self.folder / "chroma.sqlite3").exists()

    def count(self, project: int, model: str, dimension: int) -> int:
        """How many vectors there are. Does not wait long."""
        return self._ask(Question("count", project, model, dimension), COUNT_S).count

    def probe(self, project: int, model: str, dimension: int, ids: Sequence[int] = ()) -> int:
        """How many vectors there are, without those of `ids` that are missing. Also raises if those cannot be read, or
        none searched as in a search that failed, for example after a power cut. Damage that ends or hangs the process
        raises `MemoryDown`, not `VectorsLater`."""
        asked = Question("probe", project, model, dimension, _packed(ids), self.doubted.get(project, b""))
        try:
            count = self._ask(asked).count
        except VectorsLater as e:
            self._late_probes += isinstance(e.__cause__, ChildLate)
            if self._late_probes > 1:  # once may be the machine
                self._late_probes = 0
                raise MemoryDown(str(e)) from e
            raise
        self.doubted.pop(project, None)
        self._late_probes = 0
        return count

    def drop(self, project: int) -> None:
        """Remove all vectors of a project, of whatever embedder."""
        self._ask(Question("drop", project))

    def reset(self) -> None:
        """Delete all vectors."""
        if self._server:
            self._ask(Question("reset"))
        self.close()
        self.doubted.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """End the process, which lets go of the folder. The next call starts another."""
        self._child.close()
        self._was_open, self._memory = False, 0
        self._opened = set()

    def health(self) -> Health:
        """The state of the child process, without calling it."""
        pid = self._child.pid
        return Health(pid, self._memory if pid is not None else 0, self._child.starts, self._child.fault)

    def _ask(self, asked: Question, patience_s: float | None = None) -> Answer:
        is_open = asked.do not in _OPENING or (self._child.pid or 0, asked.project) in self._opened
        within_s = asked.within_s = self._within_s if is_open else self._open_s
        message = msgspec.msgpack.encode(asked)
        try:
            answer = decoder.decode(self._child.call(message, within_s=within_s, patience_s=patience_s))
        except (ChildBusy, ChildKilled, ChildLate) as e:
            raise VectorsLater(f"{self._named()} do not answer: {e}") from e
        except (ChildFailed, msgspec.MsgspecError) as e:
            raise MemoryDown(f"{self._named()} do not answer: {e}") from e
        if isinstance(answer, Fault):
            raise (VectorsLater if answer.is_full else MemoryDown)(answer.error)
        if not isinstance(answer, Answer):
            raise MemoryDown(f"{self._named()} do not answer: their process said something else")
        self._was_open, self._memory = True, answer.memory
        if not is_open:
            self._opened = {one for one in self._opened if one[0] == self._child.pid}
            self._opened.add((self._child.pid or 0, asked.project))
        return answer

    def _named(self) -> str:
        return f"the vectors in {self._server or self.folder}"


def _packed(ids: Sequence[int]) -> bytes:
    return np.array(ids, np.int64).tobytes()
