"""`tiny`: a tokenizer vocabulary small enough to make for a test: every byte, and some words. `put` installs it in a
folder."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from penstock.tokens.vocabulary import KNOWN, Vocabulary

__all__ = ["TINY", "TINY_FILE", "WORDS", "put", "tiny"]

WORDS = ("hello", " world", " the", " read", " file", " of")
"""One token each."""


def _file() -> bytes:
    tokens = [bytes((byte,)) for byte in range(256)]
    for word in WORDS:
        raw = word.encode()
        tokens += [raw[:end] for end in range(2, len(raw) + 1) if raw[:end] not in tokens]
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


TINY_FILE = _file()


def tiny(name: str = "o200k_base", data: bytes = TINY_FILE) -> Vocabulary:
    """A vocabulary that stands in for the one of this name."""
    known = KNOWN[name]
    url = f"http://127.0.0.1:1/{name}.tiktoken"
    return Vocabulary(name, url, hashlib.sha256(data).hexdigest(), known.pattern, known.models)


TINY = {name: tiny(name) for name in KNOWN}


def put(folder: Path, name: str = "o200k_base", data: bytes = TINY_FILE) -> Path:
    """Its file in a folder, as if it had been installed. Gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TINY[name].file_name
    path.write_bytes(data)
    return path
