"""The names of contexts, called keys: `check_key` raises `InvalidContext` unless a key is segments of letters, digits
and `._~:@-`, joined by `/`, of at most 400 characters (`KEY_PATTERN`, `MAX_KEY`). `check_prefix` checks the beginning
of one; `new_key` makes a random one."""

from __future__ import annotations

import re
import secrets

from penstock.contexts.errors import InvalidContext

__all__ = ["KEY_PATTERN", "MAX_KEY", "check_key", "check_prefix", "new_key"]

MAX_KEY = 400
"""Characters."""
_SEGMENT = r"[A-Za-z0-9._~:@-]+"
KEY_PATTERN = rf"^{_SEGMENT}(?:/{_SEGMENT})*$"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_DOTS = {".", ".."}
"""A browser or a proxy takes these for steps between folders, and would ask for another key."""


def check_key(key: str) -> str:
    """`key`, if it is valid. Raises `InvalidContext`, which says what is wrong."""
    if len(key) > MAX_KEY:
        raise InvalidContext(f"a key has at most {MAX_KEY} characters, and this one has {len(key)}", "key")
    if not _KEY.fullmatch(key) or _DOTS & set(key.split("/")):
        raise InvalidContext(
            f"{key!r} is no key: segments of letters, digits and ._~:@- were expected, joined by single slashes, none "
            "of them a dot or two alone",
            "key",
        )
    return key


def check_prefix(prefix: str) -> None:
    """Raises `InvalidContext` if no valid key can begin with `prefix`, which may end anywhere."""
    *whole, _ = prefix.split("/")
    if len(prefix) > MAX_KEY or not _KEY.fullmatch(f"{prefix}-") or _DOTS & set(whole):
        raise InvalidContext(f"no key begins with {prefix!r}", "prefix")


def new_key() -> str:
    """A new random key."""
    return f"c-{secrets.token_hex(12)}"
