"""`kept_name`: shortens names that others chose (of models, tools, calls) to 200 characters before they are kept in
tables or written into events; two different names stay different."""

from __future__ import annotations

from hashlib import blake2b

__all__ = ["LONGEST", "kept_name"]

LONGEST = 200
"""Characters. The longest name of a model or tool that a provider takes has 128
(https://platform.claude.com/docs/en/api/messages, `tools.name`)."""
_DIGEST = 16


def kept_name(name: str) -> str:
    """`name`, or of a longer one its beginning and a digest, so that two different names stay different."""
    if len(name) <= LONGEST:
        return name
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_DIGEST // 2).hexdigest()
    return f"{name[: LONGEST - _DIGEST - 1]}…{digest}"
