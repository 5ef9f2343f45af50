"""`EncryptedWriter` and `EncryptedReader`: encrypt a file with a passphrase, and decrypt it, as streams. Reading raises
`BackupError` if the passphrase is wrong or bytes are missing or changed; it returns only checked bytes.

The head is the magic bytes, the cost of scrypt, a salt and a check of the key, which tells a wrong passphrase from
damage. Then come chunks of 1 MiB, each encrypted with AES-256-GCM. The nonce of a chunk is its number and whether it is
the last, so none can be changed, moved, left out, or cut off without notice. The salt makes the key of each file
another: no nonce is used twice under a key.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from penstock.backup.errors import BackupError

__all__ = ["MAGIC", "EncryptedReader", "EncryptedWriter"]

MAGIC = b"penstock encrypted backup 1\n"
CHUNK = 1 << 20
_TAG = 16
_SALT = 16
_COST, _R, _P = 17, 8, 1
"""scrypt with N = 2^17, r = 8, p = 1: 128 MB and some tenths of a second for each passphrase that is tried."""
_MOST_COST = 20
_HEAD = struct.Struct(f">{len(MAGIC)}sB{_SALT}s")
_CHECK = 32


class EncryptedWriter:
    """Encrypts what is written to it into `out`. `close`, or the end of the block, writes the last chunk; if the block
    raises, every reader refuses the file as incomplete."""

    def __init__(self, out: BinaryIO, passphrase: str, cost: int = _COST) -> None:
        head = _HEAD.pack(MAGIC, cost, secrets.token_bytes(_SALT))
        self._cipher, check = _keys(head, passphrase)
        self._out, self._waiting, self._number = out, bytearray(), 0
        out.write(head + check)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            self.close()

    def write(self, data: bytes) -> int:
        """Encrypt `data`. Returns its length."""
        self._waiting += data
        while len(self._waiting) > CHUNK:  # one is kept back: it may be the last
            self._write(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Write the last chunk. `out` stays open."""
        self._write(bytes(self._waiting), is_last=True)

    def _write(self, chunk: bytes, *, is_last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, None))
        self._number += 1


class EncryptedReader:
    """Reads what an `EncryptedWriter` has written. Raises `BackupError`: the passphrase is wrong, or bytes are missing
    or changed. Only checked bytes are returned."""

    def __init__(self, source: BinaryIO, passphrase: str, name: str) -> None:
        """`name`: the name of the file in errors."""
        self._source, self._name = source, name
        head, check = source.read(_HEAD.size), source.read(_CHECK)
        if len(check) < _CHECK or _HEAD.unpack(head)[1] > _MOST_COST:
            raise BackupError(f"{name} is truncated or damaged: its head is not whole. Take another backup")
        self._cipher, expected = _keys(head, passphrase)
        if not hmac.compare_digest(check, expected):
            raise BackupError(
                f"{name}: the passphrase is another one. Nothing was changed; try again with the right one"
            )
        self._number, self._plain = 0, b""
        self._next = source.read(CHUNK + _TAG)
        self._is_over = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; empty at the end."""
        while not self._is_over and (size < 0 or len(self._plain) < size):
            self._plain += self._chunk()
        out = self._plain if size < 0 else self._plain[:size]
        self._plain = self._plain[len(out) :]
        return out

    def _chunk(self) -> bytes:
        chunk, self._next = self._next, self._source.read(CHUNK + _TAG)
        self._is_over = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._number, self._is_over), chunk, None)
        except InvalidTag as e:
            raise BackupError(
                f"{self._name} is truncated or damaged, in megabyte {self._number + 1}. Take another backup"
            ) from e
        self._number += 1
        return plain


def _keys(head: bytes, passphrase: str) -> tuple[AESGCM, bytes]:
    """The cipher of a file with this head, and the check bytes that follow the head."""
    _, cost, salt = _HEAD.unpack(head)
    derived = Scrypt(salt=salt, length=64, n=1 << cost, r=_R, p=_P).derive(
        passphrase.encode("utf-8", "surrogateescape")
    )
    return AESGCM(derived[:32]), hmac.digest(derived[32:], head, "sha256")


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")
