"""`Vocabulary` and `Tokenizer`: finds, verifies and loads the vocabularies of OpenAI's models on this machine (`find`,
`load`), and counts texts with them. Raises `VocabularyError` for a file that cannot be read or is not the published
one, and `TimeoutError` when a count takes too long.

A vocabulary is a file of some megabytes that tiktoken reads. `tiktoken.get_encoding` downloads one that is missing or
damaged, without a time limit, so it is never called. What is needed to read a file (address, checksum, pattern) is in
`KNOWN`, and nothing here opens a connection. `penstock tokens install` does, on request
(`penstock.tokens.vocabulary_install`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from penstock.base import paths
from penstock.base.errors import VocabularyError

__all__ = [
    "KNOWN",
    "Tokenizer",
    "Vocabulary",
    "find",
    "folders",
    "install_folder",
    "load",
    "own_folder",
    "read_verified",
]

PIECE = 10_000
"""Characters given to tiktoken at once. Its pattern fails on a run of about 100,000 blanks ("StackOverflow", tiktoken
0.14.0), and between two pieces a deadline can be kept."""
_SPLIT_FROM = 0.5
"""A piece ends before a blank in its second half, where no token is cut; without one, at its end."""
_VARIABLES = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
"""Where tiktoken keeps files, the first that is set (`tiktoken/load.py`, 0.14.0); empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One vocabulary, as published."""

    name: str
    url: str
    sha256: str
    """The SHA-256 of the file, in hexadecimal."""
    pattern: str
    """The regular expression that cuts a text into words before they become tokens."""
    models: str = ""
    """The models that use it, in words."""

    @property
    def file_name(self) -> str:
        """What tiktoken calls the file in its cache folder: the SHA-1 of its address."""
        return hashlib.sha1(self.url.encode(), usedforsecurity=False).hexdigest()


_O200K_PATTERN = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
_CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|"
    r"\s+(?!\S)|\s"
)
KNOWN: Mapping[str, Vocabulary] = {
    one.name: one
    for one in (
        Vocabulary(
            "o200k_base",
            "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            _O200K_PATTERN,
            "GPT-4o to GPT-6, the o series, gpt-oss",
        ),
        Vocabulary(
            "cl100k_base",
            "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken",
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            _CL100K_PATTERN,
            "GPT-4, GPT-3.5, text embeddings",
        ),
    )
}
"""The vocabularies by name. Address, checksum and pattern are those of `tiktoken_ext/openai_public.py`, tiktoken
0.14.0."""


def own_folder() -> Path:
    """Penstock's own folder of vocabularies."""
    return paths.state_dir() / "vocabularies"


def folders() -> list[Path]:
    """Where vocabularies are looked for, in order: the cache folder that the environment names for tiktoken, Penstock's
    own folder, and tiktoken's default."""
    named = _named_folder()
    default = () if named is not None else (Path(tempfile.gettempdir()) / "data-gym-cache",)
    return list(dict.fromkeys((*((named,) if named else ()), own_folder(), *default)))


def install_folder() -> Path:
    """Where a vocabulary is installed: the first of `folders`."""
    return folders()[0]


def _named_folder() -> Path | None:
    """None: the environment names none. An empty name, by which tiktoken keeps nothing, is Penstock's own folder."""
    for variable in _VARIABLES:
        if variable in os.environ:
            return Path(os.environ[variable]) if os.environ[variable] else own_folder()
    return None


def find(vocabulary: Vocabulary, among: Sequence[Path] | None = None) -> Path | None:
    """The vocabulary's file, unread. None: it is in none of the folders. `among`: instead of `folders()`."""
    for folder in folders() if among is None else among:
        path = folder / vocabulary.file_name
        try:
            if path.is_file():
                return path
        except OSError:  # a folder that may not be looked into holds nothing for us
            continue
    return None


def read_verified(vocabulary: Vocabulary, path: Path) -> bytes:
    """The content of the file. Raises `VocabularyError` if it cannot be read or is not the published one."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise VocabularyError(f"the vocabulary {vocabulary.name} cannot be read from {path}: {e.strerror or e}") from e
    found = hashlib.sha256(data).hexdigest()
    if found != vocabulary.sha256:
        raise VocabularyError(
            f"{path} is not {vocabulary.name} as published: its SHA-256 is {found}, {vocabulary.sha256} was expected. "
            f"`penstock tokens install {vocabulary.name}` replaces it"
        )
    return data


class _Encoding(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...


class Tokenizer:
    """Counts texts with one vocabulary. Special tokens in a text count as the plain text they are."""

    def __init__(self, name: str, encoding: _Encoding, piece: int = PIECE) -> None:
        self.name = name
        self._encoding = encoding
        self._piece = piece

    def count(self, text: str, is_late: Callable[[], bool] | None = None) -> int:
        """The tokens of `text`. Long texts are counted in pieces that end before a blank; where there is none in 5,000
        characters, the count may be one or two tokens too high for each piece. Raises `TimeoutError` once `is_late`
        says so, asked before each piece."""
        tokens = 0
        for piece in _pieces(text, self._piece):
            if is_late is not None and is_late():
                raise TimeoutError(f"counting {len(text):,} characters took too long")
            tokens += len(self._encoding.encode_ordinary(piece))
        return tokens


def _pieces(text: str, size: int) -> Iterator[str]:
    start = 0
    while len(text) - start > size:
        end = _split_point(text, start + int(size * _SPLIT_FROM), start + size)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _split_point(text: str, first: int, last: int) -> int:
    """The last blank that follows something else and stands from `first` on: no word of the patterns goes across it."""
    at = text.rfind(" ", first, last)
    while at > first and text[at - 1].isspace():
        at = text.rfind(" ", first, at)
    return at if at > first else last


def load(vocabulary: Vocabulary, path: Path) -> Tokenizer:
    """The tokenizer of a vocabulary. Takes 0.4 s and 80 MB for 200,000 tokens, of these 0.2 s without letting other
    threads run: never call it in the proxy's process (`penstock.tokens.count_process` does it in one of its own). The
    newest is kept. Raises `VocabularyError`."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError as e:
        raise VocabularyError(f"the vocabulary {vocabulary.name} cannot be read from {path}: {e.strerror or e}") from e
    return _load(vocabulary, path, changed)


@lru_cache(maxsize=1)
def _load(vocabulary: Vocabulary, path: Path, changed: int) -> Tokenizer:
    ranks = _ranks(read_verified(vocabulary, path), path)
    import tiktoken  # 30 ms that only those pay who count with it

    encoding = tiktoken.Encoding(vocabulary.name, pat_str=vocabulary.pattern, mergeable_ranks=ranks, special_tokens={})
    return Tokenizer(vocabulary.name, encoding)


def _ranks(data: bytes, path: Path) -> dict[bytes, int]:
    """Each line: a token in base64, a blank, its rank."""
    ranks = {}
    for number, line in enumerate(data.splitlines(), 1):
        token, _, rank = line.partition(b" ")
        if not line:
            continue
        try:
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except (ValueError, binascii.Error) as e:
            raise VocabularyError(f"{path}, line {number}: {line[:80]!r} is no token and its rank") from e
    if any(bytes((byte,)) not in ranks for byte in range(256)):
        raise VocabularyError(f"{path} is no vocabulary: not every byte is a token")
    return ranks
