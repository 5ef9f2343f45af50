"""`install`: downloads a vocabulary's file of at most 64 MB on a person's request, or copies it from a file that is
named, checks it, and puts it where `penstock.tokens.vocabulary` looks for it. Raises `VocabularyError`, and leaves what
was there, if the file cannot be fetched, written, or is not the published one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import VocabularyError
from penstock.base.private_files import replacing
from penstock.tokens.vocabulary import Vocabulary

__all__ = ["LIMIT", "Progress", "install"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes received, and the total; None: the server does not say."""
LIMIT = 64 << 20
"""The most bytes of a file; o200k_base has 3.6 million."""
CONNECT_S = 10.0
READ_S = 30.0
"""Longest wait for the next bytes."""
_CHUNK = 1 << 16


def _silent(_done: int, _whole: int | None) -> None:
    """Shows no progress."""


def install(vocabulary: Vocabulary, folder: Path, source: str = "", progress: Progress = _silent) -> Path:
    """Put the vocabulary's file into `folder`, and give its path. `source`: a file or an address to take it from, not
    the published address. The file is written beside its place and moved there once its checksum is right, so a failure
    leaves what was there. Raises `VocabularyError`."""
    source = source or vocabulary.url
    path = folder / vocabulary.file_name
    try:
        paths.make_private(folder)
        with replacing(path, 0o644) as out:  # of a cache folder that others share
            _write(vocabulary, source, out.write, progress)
            out.flush()
            os.fsync(out.fileno())
    except OSError as e:
        raise VocabularyError(
            f"{vocabulary.name} cannot be written to {folder}: {e.strerror or e}. "
            f"TIKTOKEN_CACHE_DIR names another folder"
        ) from e
    return path


def _write(vocabulary: Vocabulary, source: str, write: Callable[[bytes], object], progress: Progress) -> None:
    """Write what `source` holds, if it is the vocabulary."""
    digest, done = hashlib.sha256(), 0
    with _open(vocabulary, source) as (whole, chunks):
        progress(0, whole)
        for chunk in chunks:
            done += len(chunk)
            if done > LIMIT:
                raise VocabularyError(f"{source} is no vocabulary: it is larger than {LIMIT >> 20} MB")
            digest.update(chunk)
            write(chunk)
            progress(done, whole)
    if digest.hexdigest() != vocabulary.sha256:
        raise VocabularyError(
            f"what came from {source} ({done:,} bytes) is not {vocabulary.name} as published: its SHA-256 is "
            f"{digest.hexdigest()}, {vocabulary.sha256} was expected. Nothing was installed; try again, or take the "
            f"file from elsewhere with --from"
        )


@contextmanager
def _open(vocabulary: Vocabulary, source: str) -> Iterator[tuple[int | None, Iterator[bytes]]]:
    """The size, if it is known, and the bytes."""
    if source.startswith(("http://", "https://")):
        with _fetch(vocabulary, source) as found:
            yield found
        return
    if "://" in source:
        raise VocabularyError(f"{source}: an address that begins with http:// or https://, or a file, was expected")
    try:
        with Path(source).expanduser().open("rb") as file:
            yield os.fstat(file.fileno()).st_size, iter(lambda: file.read(_CHUNK), b"")
    except OSError as e:
        raise VocabularyError(f"{vocabulary.name} cannot be read from {source}: {e.strerror or e}") from e


@contextmanager
def _fetch(vocabulary: Vocabulary, url: str) -> Iterator[tuple[int | None, Iterator[bytes]]]:
    import httpx  # a tenth of a second that only those pay who fetch

    timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=True) as client,
            client.stream("GET", url, headers={"accept-encoding": "identity"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                said = f"{response.status_code} {response.reason_phrase}".strip()
                raise VocabularyError(f"{url} answered {said}.{_else(vocabulary)}")
            size = response.headers.get("content-length", "")
            yield int(size) if size.isascii() and size.isdigit() else None, response.iter_bytes(_CHUNK)
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        raise VocabularyError(
            f"{vocabulary.name} cannot be fetched from {url}: {str(e) or type(e).__name__}.{_else(vocabulary)}"
        ) from e


def _else(vocabulary: Vocabulary) -> str:
    return (
        f" Without a network, fetch {vocabulary.url} elsewhere and run "
        f"`penstock tokens install {vocabulary.name} --from FILE`"
    )
