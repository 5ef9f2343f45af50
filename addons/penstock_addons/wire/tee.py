"""`Tee`: the function through which a streamed answer passes. It returns each chunk unchanged, and shows it to a reader
that collects usage and text; past 64 MiB, or where that reader fails, the rest passes unread."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from penstock.base.errors import Unreadable
from penstock.conversation.reply import Reply
from penstock.dialects.content_encoding import StreamDecoder, morsels
from penstock.dialects.replies import ReplyReader

__all__ = ["Tee"]

logger = logging.getLogger(__name__)
DECODED_LIMIT = 64 << 20
"""The largest number of bytes of an answer, after undoing its content-encoding, that are read."""


class Tee:
    """For `flow.response.stream`. Returns every chunk as it is; errors of the reader do not get out."""

    def __init__(self, reader: ReplyReader | None, decoder: StreamDecoder | None) -> None:
        self._reader, self._decoder = reader, decoder
        self._decoded = 0
        self.first_at: float | None = None
        """`time.perf_counter()` at the first byte of the body."""
        self.size = 0
        """The number of bytes that passed."""

    def __call__(self, chunk: bytes) -> bytes:
        if chunk:
            if self.first_at is None:
                self.first_at = time.perf_counter()
            self.size += len(chunk)
            if self._reader is not None:
                self._look(self._reader, chunk)
        return chunk

    def close(self) -> Reply | None:
        """What was read of the answer. None: it could not be read."""
        if self._reader is None:
            return None
        try:
            return self._reader.close()
        except Exception:  # a dialect may be a stranger's
            logger.exception("an answer could not be read")
            return None

    def _look(self, reader: ReplyReader, chunk: bytes) -> None:
        try:
            for piece in self._unpacked(chunk):
                self._decoded += len(piece)
                if self._decoded > DECODED_LIMIT:
                    self._reader = None
                    return
                reader.feed(piece)
        except Unreadable as e:
            logger.warning("an answer could not be read: %s", e)
            self._reader = None
        except Exception:  # a dialect may be a stranger's; the client gets the bytes all the same
            logger.warning("an answer could not be read", exc_info=True)
            self._reader = None

    def _unpacked(self, chunk: bytes) -> Iterator[bytes]:
        if self._decoder is None:
            yield chunk
            return
        for piece in morsels(chunk):
            yield self._decoder(piece)
