"""The child process of the vector index: `python -m penstock.memory.vectors.process` (`main`), started by the proxy.
`serve` answers messages in a row, `carry_out` runs one call on the index.

Chroma's own code holds the interpreter while it works, and may hang if the disk fills up: no other thread of the same
process runs then. The process reads messages from its standard input, writes an answer to each to its standard output,
and ends when its input does.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from penstock.base.child_process import receive, send
from penstock.base.errors import MemoryDown
from penstock.memory.vectors.chroma import ChromaIndex, NoSpace, load_chroma
from penstock.memory.vectors.messages import START_S, Answer, Begin, Fault, Question, decoder

__all__ = ["carry_out", "main", "serve"]

ORPHAN_S = 5.0
"""Seconds after a call's deadline at which the process ends itself: the proxy, which would have killed it, is gone."""


def main() -> int:
    """Answer until the input ends."""
    # Ctrl-C and the like are for the proxy, which closes the input when it leaves.
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    serve(questions, answers)
    return 0


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer every message of `questions` on `answers`."""
    index: ChromaIndex | None = None
    with suppress(EOFError, BrokenPipeError):
        while True:
            message = decoder.decode(receive(questions))
            within_s = message.within_s if isinstance(message, Question) else START_S
            # It needs no interpreter, which Chroma may hold.
            faulthandler.dump_traceback_later(within_s + ORPHAN_S, exit=True)
            reply: Answer | Fault
            if isinstance(message, Begin):
                if index is not None:
                    index.close()
                index, reply = ChromaIndex(Path(message.folder), message.server), _warmed_up()
            elif index is None or not isinstance(message, Question):
                reply = Fault("a message that no process of the vector index expects")
            else:
                reply = carry_out(index, message)
            faulthandler.cancel_dump_traceback_later()
            send(answers, msgspec.msgpack.encode(reply))
    if index is not None:
        index.close()


def carry_out(index: ChromaIndex, asked: Question) -> Answer | Fault:
    """Carry out one call on the index."""
    project, model = asked.project, asked.model
    ids = np.frombuffer(asked.ids, np.int64).tolist()
    count, found = 0, list[tuple[int, float]]()
    try:
        match asked.do:
            case "add":
                vectors = np.frombuffer(asked.vectors, np.float32).reshape(len(ids), -1)
                index.add(project, model, ids, vectors, asked.total)
            case "nearest":
                found = index.nearest(project, model, np.frombuffer(asked.vectors, np.float32), asked.limit)
            case "remove":
                index.remove(project, model, ids, asked.dimension)
            case "count":
                count = index.count(project, model, asked.dimension)
            case "probe":
                vector = np.frombuffer(asked.vectors, np.float32) if asked.vectors else None
                count = index.probe(project, model, asked.dimension, ids, vector)
            case "drop":
                index.drop(project)
            case "reset":
                index.reset()
            case _:
                return Fault(f"the vector index has no call {asked.do!r}")
    except MemoryDown as e:
        return Fault(str(e), is_full=isinstance(e, NoSpace))
    numbers = np.array([number for number, _ in found], np.int64)
    scores = np.array([score for _, score in found], np.float32)
    return Answer(count, numbers.tobytes(), scores.tobytes(), _memory())


def _warmed_up() -> Answer | Fault:
    try:
        load_chroma()
    except Exception as e:  # noqa: BLE001 - a broken installation raises what it likes
        return Fault(f"chromadb cannot be imported: {e}")
    return Answer(memory=_memory())


def _memory() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):  # no Linux
        return 0


if __name__ == "__main__":
    sys.exit(main())
