"""A vocabulary is fetched whole, checked and put in its place, or nothing changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from penstock.base.errors import VocabularyError
from penstock.tokens.vocabulary import find, load
from penstock.tokens.vocabulary_install import LIMIT, install
from tests.vocabularies import TINY, TINY_FILE, put

O200K = TINY["o200k_base"]


class Publisher(BaseHTTPRequestHandler):
    """Serves the file, and what goes wrong by its path."""

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/unsized":
            self.send_header("content-length", str(len(TINY_FILE)))
        self.end_headers()
        self.wfile.write(TINY_FILE[:1000] if self.path == "/cut" else TINY_FILE)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def publisher() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("path", "whole"), [("/file", len(TINY_FILE)), ("/unsized", None)])
def test_it_is_fetched_with_progress(publisher: str, tmp_path: Path, path: str, whole: int | None) -> None:
    """From nothing to all of it; the size is told where the server says it. Then it can be counted with."""
    seen: list[tuple[int, int | None]] = []
    folder = tmp_path / "new" / "folder"
    put_to = install(O200K, folder, publisher + path, lambda done, of: seen.append((done, of)))
    assert seen[0] == (0, whole)
    assert seen[-1] == (len(TINY_FILE), whole)
    assert put_to == find(O200K, [folder])
    assert load(O200K, put_to).count("hello world") == 2
    assert list(folder.iterdir()) == [put_to]


def test_a_file_will_do(tmp_path: Path) -> None:
    """On a machine without a network."""
    (tmp_path / "carried").write_bytes(TINY_FILE)
    assert install(O200K, tmp_path / "folder", str(tmp_path / "carried")).read_bytes() == TINY_FILE


@pytest.mark.parametrize(
    ("path", "said"),
    [("/gone", "answered 404"), ("/cut", "cannot be fetched from"), ("://", "an address that begins with http")],
)
def test_a_fetch_that_fails_changes_nothing(publisher: str, tmp_path: Path, path: str, said: str) -> None:
    """What was installed stays, no part is left behind, and the error names the address."""
    there = put(tmp_path, data=b"what was there")
    source = publisher + path if path != "://" else "ftp://127.0.0.1/file"
    with pytest.raises(VocabularyError, match=said) as e:
        install(O200K, tmp_path, source)
    assert source in str(e.value)
    assert list(tmp_path.iterdir()) == [there]
    assert there.read_bytes() == b"what was there"


def test_without_a_network_the_next_step_is_named(tmp_path: Path) -> None:
    """The published address, and how a file is installed that was fetched elsewhere."""
    with pytest.raises(VocabularyError) as e:
        install(O200K, tmp_path)
    assert O200K.url in str(e.value)
    assert "penstock tokens install o200k_base --from FILE" in str(e.value)


def test_what_is_not_the_vocabulary_is_not_installed(tmp_path: Path) -> None:
    """Both checksums are named."""
    (tmp_path / "other").write_bytes(TINY_FILE + b"\n")
    with pytest.raises(VocabularyError, match=O200K.sha256):
        install(O200K, tmp_path / "folder", str(tmp_path / "other"))
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_file_without_an_end_is_given_up(tmp_path: Path) -> None:
    """The disk is not filled."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(VocabularyError, match="larger than 64 MB"):
        install(O200K, tmp_path / "folder", str(tmp_path / "large"))


def test_a_source_or_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(VocabularyError, match="cannot be read from"):
        install(O200K, tmp_path, str(tmp_path / "none"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VocabularyError, match="TIKTOKEN_CACHE_DIR"):
        install(O200K, tmp_path / "file", str(tmp_path / "file"))
