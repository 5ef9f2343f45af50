"""Encrypted streams: what was written comes back, and nothing else does."""

from __future__ import annotations

from io import BytesIO

import pytest

from penstock.backup.encryption import CHUNK, MAGIC, EncryptedReader, EncryptedWriter
from penstock.backup.errors import BackupError

COST = 4
HEAD = len(MAGIC) + 1 + 16 + 32


def encrypted(plain: bytes, passphrase: str = "open sesame") -> bytes:
    out = BytesIO()
    with EncryptedWriter(out, passphrase, COST) as writer:
        for at in range(0, len(plain), 300_000):
            writer.write(plain[at : at + 300_000])
    return out.getvalue()


def decrypted(sealed: bytes, passphrase: str = "open sesame") -> bytes:
    reader = EncryptedReader(BytesIO(sealed), passphrase, "b.tar")
    return b"".join(iter(lambda: reader.read(77_777), b""))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_it_comes_back(size: int) -> None:
    plain = bytes(n % 251 for n in range(size))
    assert decrypted(encrypted(plain)) == plain
    reader = EncryptedReader(BytesIO(encrypted(plain)), "open sesame", "b.tar")
    assert reader.read() == plain
    assert reader.read() == b""


def test_two_of_the_same_differ_and_neither_shows_its_text() -> None:
    one, two = encrypted(b"canary" * 100), encrypted(b"canary" * 100)
    assert one != two
    assert b"canary" not in one


def test_a_wrong_passphrase_is_told_from_damage() -> None:
    with pytest.raises(BackupError, match=r"b\.tar: the passphrase is another one"):
        decrypted(encrypted(b"x"), "open barley")


@pytest.mark.parametrize(
    "cut", [0, 10, HEAD - 1, HEAD, HEAD + 5, HEAD + CHUNK + 16, HEAD + 2 * (CHUNK + 16), HEAD + 2 * (CHUNK + 16) + 20]
)
def test_what_is_cut_off_is_noticed_also_between_two_chunks(cut: int) -> None:
    whole = encrypted(b"a" * (2 * CHUNK + 10))
    assert len(whole) == HEAD + 2 * (CHUNK + 16) + 26
    with pytest.raises(BackupError, match="truncated or damaged"):
        decrypted(whole[:cut])


def test_a_changed_a_moved_or_an_added_chunk_is_noticed() -> None:
    whole = encrypted(b"a" * CHUNK + b"b" * CHUNK + b"c")
    first, second = (slice(HEAD + n * (CHUNK + 16), HEAD + (n + 1) * (CHUNK + 16)) for n in (0, 1))
    for wrong in (
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole[:HEAD] + whole[second] + whole[first] + whole[second.stop :],
        whole[: second.start] + whole[second.stop :],
        whole + whole[second.stop :],
        whole + b"x",
    ):
        with pytest.raises(BackupError, match="damaged, in megabyte"):
            decrypted(wrong)


def test_a_block_that_raises_leaves_no_file_that_is_whole() -> None:
    out = BytesIO()

    def fails() -> None:
        with EncryptedWriter(out, "open sesame", COST) as writer:
            writer.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with pytest.raises(BackupError, match="truncated or damaged"):
        decrypted(out.getvalue())


def test_a_head_cannot_ask_for_all_the_memory_there_is() -> None:
    whole = bytearray(encrypted(b"x"))
    whole[len(MAGIC)] = 40
    with pytest.raises(BackupError, match="truncated or damaged"):
        decrypted(bytes(whole))
