"""`OwnEmbeddings`: answers requests for embeddings by the name `penstock/NAME` on this machine, with an embedder of
Penstock's own, of at most 2,048 texts: no provider is asked, and nothing is paid. Raises `Unreadable` for a wrong
request, `NotThere` for an unknown embedder."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence

import msgspec
import numpy as np

from penstock.base.errors import Unreadable
from penstock.gateway.errors import NotThere
from penstock.memory.embedders import Embedder, chosen, vectors_of
from penstock.tokens.estimate import estimate

__all__ = ["OWN_PREFIX", "OwnEmbeddings"]

OWN_PREFIX = "penstock/"
_NAMES = {"wordllama": "wordllama-256", "trigrams": "trigrams-256"}
_MOST_TEXTS = 2048
"""As many as OpenAI takes: https://platform.openai.com/docs/api-reference/embeddings/create."""


class _Asked(msgspec.Struct):
    model: str
    input: str | list[str]
    encoding_format: str = "float"


class OwnEmbeddings:
    """Embeds texts with Penstock's own embedder, one text after the other. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, Embedder] = {}

    def answer(self, body: bytes) -> tuple[bytes, int]:
        """The answer to a request in OpenAI's form, and how many tokens its texts have, by estimate. Raises
        `Unreadable`, `NotThere` and `MemoryDown`."""
        try:
            asked = msgspec.json.decode(body, type=_Asked)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
            raise Unreadable(f"the body is no request for embeddings of texts: {e}") from e
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        if not 0 < len(texts) <= _MOST_TEXTS:
            raise Unreadable(f"input: 1 to {_MOST_TEXTS} texts were expected")
        if asked.encoding_format not in ("float", "base64"):
            raise Unreadable("encoding_format: float or base64 was expected")
        vectors = self._vectors(asked.model.removeprefix(OWN_PREFIX), texts)
        rows = [
            {"object": "embedding", "index": at, "embedding": _encoded(vector, asked.encoding_format)}
            for at, vector in enumerate(vectors)
        ]
        tokens = sum(map(estimate, texts))
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return msgspec.json.encode({"object": "list", "data": rows, "model": asked.model, "usage": usage}), tokens

    def _vectors(self, name: str, texts: Sequence[str]) -> np.ndarray:
        if name not in _NAMES:
            known = ", ".join(f"{OWN_PREFIX}{one}" for one in _NAMES)
            raise NotThere(f"there is no embedder {OWN_PREFIX}{name[:80]}; there are {known}")
        with self._lock:
            if name not in self._made:
                self._made[name] = chosen(_NAMES[name])
            return vectors_of(self._made[name], texts)


def _encoded(vector: np.ndarray, form: str) -> object:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode() if form == "base64" else vector.tolist()
