"""`DataKey`: a key of 32 bytes that encrypts values with AES-256-GCM (`seal`), each bound to the place where it
belongs, decrypts them (`open`), and makes keyed digests. `open` raises `SealingError` if the bytes were changed, moved,
or belong to another key."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from penstock.sealing.master_key import KEY_BYTES, SealingError

__all__ = ["DataKey"]

_NONCE_BYTES = 12
"""Random for each value. NIST SP 800-38D allows 2^32 values of random nonces under one key."""


class DataKey:
    """A key of 32 bytes. Any thread may call."""

    def __init__(self, key: bytes | None = None) -> None:
        """`key`: 32 bytes; None: a new random key."""
        self.key = secrets.token_bytes(KEY_BYTES) if key is None else key
        self._cipher = AESGCM(self.key)
        self._digest_key = hashlib.sha256(b"penstock digest" + self.key).digest()

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt `plain`: nonce, ciphertext and tag. `place`: a text without which it cannot be decrypted."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what `seal` encrypted for `place`. Raises `SealingError` if it was changed, moved, or encrypted with
        another key."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as e:
            raise SealingError("its bytes were changed, or are those of another value") from e

    def digest(self, plain: bytes) -> str:
        """HMAC-SHA256 of `plain`, hexadecimal: equal for equal texts, and useless for guessing the text without the
        key."""
        return hmac.new(self._digest_key, plain, hashlib.sha256).hexdigest()
