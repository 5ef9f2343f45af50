"""`is_signed`: recognises requests with a signed body or a digest in the headers, which one changed byte would make
invalid; `signed_headers` and `signer_of` read the rest of such a signature.

Amazon's Signature Version 4 covers a hash of the body and the headers that `SignedHeaders` lists
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html); Alibaba, Tencent and
others copied its form. Digests of the body in a header: RFC 9530, and RFC 3230 and RFC 1864 before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["SIGNED", "is_signed", "signed_headers", "signer_of"]

SIGNED = "the body is signed"
"""The reason in events why such a request is read, counted and shown, but never changed."""

_SCHEME = re.compile(r"(?:[\w-]+-sha(?:256|384|512)|signature)\s", re.IGNORECASE)
"""`AWS4-HMAC-SHA256 …`, `AWS4-ECDSA-P256-SHA256 …`, `ACS3-HMAC-SHA256 …`; `Signature …` of Oracle and of old drafts. A
bearer token says who sends the body and nothing about its bytes."""
_DIGESTS = ("x-amz-content-sha256", "x-content-sha256", "content-digest", "repr-digest", "digest", "content-md5")
_CREDENTIAL = re.compile(r"\bCredential=([^/,\s]+)")
_NAMES = re.compile(r"\b(?:SignedHeaders=|headers=\")([^,\"]+)")


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether a header signs or hashes the body's bytes, so that nothing in the request may change.

    `headers` with names in lower case.
    """
    return _SCHEME.match(headers.get("authorization", "")) is not None or any(name in headers for name in _DIGESTS)


def signed_headers(headers: Mapping[str, str]) -> frozenset[str]:
    """The names of the headers that the signature covers, which must not be removed or changed. Empty without such a
    signature."""
    authorization = headers.get("authorization", "")
    found = _NAMES.search(authorization) if _SCHEME.match(authorization) else None
    return frozenset(re.split(r"[;\s]+", found[1].strip().lower())) if found else frozenset()


def signer_of(headers: Mapping[str, str]) -> str:
    """The public id of the signing key, which stays the same while the signature changes from request to request. Empty
    without such a key."""
    authorization = headers.get("authorization", "")
    found = _CREDENTIAL.search(authorization) if _SCHEME.match(authorization) else None
    return found[1] if found else ""
