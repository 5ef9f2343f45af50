"""Messages (msgpack) between the proxy and its child process for the vector index: the proxy sends `Begin` and
`Question`, the child answers `Answer` or `Fault`. Also their time limits (`CALL_S`, `OPEN_S`, `START_S`)."""

from __future__ import annotations

import msgspec

__all__ = ["CALL_S", "OPEN_S", "START_S", "Answer", "Begin", "Fault", "Question", "decoder"]

CALL_S = 30.0
"""The most seconds of a call; if it takes longer, its process is killed. 1,000 vectors are written in 0.2 to 1 s, with
much other work on the machine in 4 s."""
OPEN_S = 300.0
"""The most seconds of a call that opens a collection: the first of a process for a project. Of a million vectors it
reads 1.5 GB, and adds up to 5,000 again that were not saved. A process killed too early would never open them."""
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
    total: int = 0
    """How many vectors are to be added in a row."""
    within_s: float = CALL_S
    """After so many seconds the process is killed."""


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
