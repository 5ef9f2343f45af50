"""`OutputIndexer`: adds tool outputs to their index and deletes old ones, in a thread of its own, so that no request
waits for it. When too much waits, an output is not indexed; what cannot be indexed is logged."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.base.threads import NoWorker, Workers
from penstock.memory.clean import sanitize
from penstock.outputs.output import Output
from penstock.outputs.store import OutputIndex
from penstock.store.originals import RetentionPolicy

__all__ = ["OutputIndexer"]

logger = logging.getLogger(__name__)
WAITING = 16 << 20
"""The most characters of outputs that wait."""
CLOSE_S = 5.0


class OutputIndexer:
    """Opens the index beside `store` when there is first something to do. Any thread may call."""

    def __init__(self, store: Path, redactors: Sequence[Callable[[str], str]] = ()) -> None:
        self._store, self._redactors = store, tuple(redactors)
        self._workers = Workers(limit=1, lost_limit=1, name="penstock-outputs")
        self._change = threading.Condition()
        self._waiting = self._jobs = 0
        self._index: OutputIndex | None = None
        self._fault = ""

    def submit(self, output: Output) -> bool:
        """Index `output` soon. Never waits. False: its project is not known, or too much waits already."""
        size = len(output.text)
        with self._change:
            if not output.project or self._waiting + size > WAITING:
                return False
            self._waiting += size

        def add(index: OutputIndex) -> None:
            try:
                index.add(output, lambda text: sanitize(text, self._redactors))
            finally:
                with self._change:
                    self._waiting -= size

        return self._do(add)

    def prune(self, keep: RetentionPolicy) -> None:
        """Delete soon what is beyond the limits, if anything was ever indexed."""
        if self._is_there():
            self._do(lambda index: index.prune(keep))

    def forget_conversations(self, names: Collection[str]) -> None:
        """Delete soon the outputs that stood in these conversations alone."""
        if self._is_there():
            self._do(lambda index: index.forget_conversations(names))

    def drain(self, timeout: float = CLOSE_S) -> bool:
        """Wait until all is done. False: it was not done in time."""
        with self._change:
            return self._change.wait_for(lambda: not self._jobs, timeout)

    def close(self) -> None:
        """Do what waits, for at most `CLOSE_S` seconds, and close the file."""
        self.drain()
        self._workers.close()
        if self._index is not None:
            self._index.close()

    def _is_there(self) -> bool:
        return OutputIndex.path(self._store).exists()

    def _do(self, work: Callable[[OutputIndex], object]) -> bool:
        with self._change:
            self._jobs += 1
        try:
            self._workers.submit(lambda: self._run(work))
        except NoWorker:
            self._end()
            return False
        return True

    def _run(self, work: Callable[[OutputIndex], object]) -> None:
        try:
            if self._index is None:
                self._index = OutputIndex.beside(self._store)
            work(self._index)
            self._fault = ""
        except StoreError as e:
            if str(e) != self._fault:  # once, not for each output
                logger.warning("tool outputs are not indexed: %s", e)
            self._fault = str(e)
        except Exception:  # one bad output must not end the thread
            logger.warning("a tool output could not be indexed", exc_info=True)
        finally:
            self._end()

    def _end(self) -> None:
        with self._change:
            self._jobs -= 1
            self._change.notify_all()
