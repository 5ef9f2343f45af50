"""Messages (msgpack) between the proxy and its child process for the vector index: the proxy sends `Begin` and
`Question`, the child answers `Answer` or `Fault`. Also their time limits (`CALL_S`, `START_S`)."""

from __future__ import annotations

import msgspec

__all__ = ["CALL_S", "START_S", "Answer", "Begin", "Fault", "Question", "decoder"]

CALL_S = 30.0
"""The most seconds of a call; if it takes longer, its process is killed. 1,000 vectors are written in 0.2 to 0.5 s; the
first search of a collection of 100,000 reads 150 MB."""
START_S = 60.0
"""The most seconds until the first answer, since the process imports Chroma: 1 to 3 s, and 20 s on a cold and busy
disk."""


class Begin(msgspec.Struct, array_like=True, tag="begin"):
    """The first message: where the vectors are."""

    folder: str
    server: str


class Question(msgspec.Struct, array_like=True, tag="ask"):
    """One call of the index."""

    do: str
    """`add`, `nearest`, `remove`, `count`, `probe`, `drop` or `reset`."""
    project: int = 0
    model: str = ""
    dimension: int = 0
    ids: bytes = b""
    """Numbers of passages, as int64."""
    vectors: bytes = b""
    """One after the other, as float32."""
    limit: int = 0


class Answer(msgspec.Struct, array_like=True, tag="answer"):
    """The result of a call."""

    count: int = 0
    ids: bytes = b""
    scores: bytes = b""
    """The scores of the same passages, as float32."""
    memory: int = 0
    """Bytes the process has in memory; 0: unknown."""


class Fault(msgspec.Struct, array_like=True, tag="fault"):
    """The call could not be carried out."""

    error: str
    is_full: bool = False
    """Because of the disk: the same call can succeed later, and nothing is damaged."""


decoder: msgspec.msgpack.Decoder[Begin | Question | Answer | Fault] = msgspec.msgpack.Decoder(
    Begin | Question | Answer | Fault
)
