"""`OpenAIEmbedder`: vectors from a service with OpenAI's interface: OpenAI, Ollama, llama.cpp, vLLM and others. Never
the default, because remembered texts are sent to the service."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock.base.errors import MemoryDown

__all__ = ["OpenAIEmbedder"]

_BATCH = 64
_OWN_MODEL, _OWN_DIMENSION = "text-embedding-3-small", 1536


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(default="https://api.openai.com/v1", pattern=r"^https?://")
    model: str = Field(default=_OWN_MODEL, min_length=1)
    api_key_env: str = "OPENAI_API_KEY"
    dimension: int = Field(default=0, ge=0)
    timeout_s: float = Field(default=30, gt=0)


class OpenAIEmbedder:
    """Embeds texts in batches. Raises `MemoryDown` if the service fails: searches use words alone then, and
    `Memory.sync` makes the missing vectors later."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self.dimension = settings.dimension
        self.name = f"openai-{re.sub(r'[^A-Za-z0-9]+', '-', settings.model).strip('-')}-{settings.dimension}"

    @classmethod
    def of(cls, table: Mapping[str, Any], where: str) -> Self:
        """The embedder that a profile's `embedder_settings` describe. Raises `MemoryDown` for a wrong setting, with its
        key and what was expected."""
        try:
            settings = _Settings.model_validate(table)
        except ValidationError as e:
            first = e.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise MemoryDown(f"{where}.embedder_settings.{key} = {first['input']!r}: {first['msg']}") from e
        if not settings.dimension and settings.model != _OWN_MODEL:
            raise MemoryDown(
                f"{where}.embedder_settings.dimension: say how long the vectors of {settings.model!r} are; a shorter "
                "length cuts them"
            )
        return cls(settings.model_copy(update={"dimension": settings.dimension or _OWN_DIMENSION}))

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text."""
        import httpx  # a tenth of a second that only those pay who use it

        key = os.environ.get(self._settings.api_key_env, "")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        # Without the proxies of the environment: one of them may be this one.
        with httpx.Client(timeout=self._settings.timeout_s, trust_env=False, headers=headers) as client:
            try:
                batches = [self._ask(client, texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
            except httpx.HTTPError as e:  # its text may quote a header, and that the key
                raise MemoryDown(f"{self._settings.base_url} does not answer: {type(e).__name__}") from None
        return [vector for batch in batches for vector in batch]

    def _ask(self, client: Any, texts: Sequence[str]) -> list[list[float]]:
        url = f"{self._settings.base_url.rstrip('/')}/embeddings"
        # An empty text is refused by some.
        answer = client.post(url, json={"model": self._settings.model, "input": [text or " " for text in texts]})
        if answer.status_code != 200:
            hint = f" (is {self._settings.api_key_env} set?)" if answer.status_code in (401, 403) else ""
            raise MemoryDown(f"{url} answered {answer.status_code}{hint}")
        try:
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = [[float(number) for number in row["embedding"]] for row in rows]
        except (ValueError, KeyError, TypeError) as e:
            raise MemoryDown(f"{url} gave no list of vectors: {type(e).__name__}") from e
        if len(vectors) != len(texts) or any(len(vector) < self.dimension for vector in vectors):
            raise MemoryDown(
                f"{url} gave {len(vectors)} vectors for {len(texts)} texts, or some below {self.dimension}"
            )
        return [vector[: self.dimension] for vector in vectors]
