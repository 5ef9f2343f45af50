"""The certificates that HTTP clients trust, loaded once."""

from __future__ import annotations

import functools
import os
import ssl
from typing import Any

import httpx

__all__ = ["shared_ssl_context"]


def shared_ssl_context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """As httpx makes it, the same one for the same arguments and environment. To read the bundle of certificates takes
    20 ms, and each client of httpx does, also one that speaks plain HTTP to this machine."""
    return _made(verify, cert, trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@functools.cache
def _made(verify: Any, cert: Any, trust_env: bool, *_environment: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(verify, cert, trust_env)
