"""`Binding`: a provider that binds thinking blocks to the content before them by signatures, and refuses those that
come back behind other content. It works on the bytes of requests alone and uses nothing of Penstock.

The rules are those of https://platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks: a block
is valid behind the same `system`, tools and messages; thinking may go as a run from the start, from the end, or all of
it, and not from in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Binding"]

_THINKING = ("thinking", "redacted_thinking")
_Json = dict[str, Any]


@dataclass
class Binding:
    """Mints signatures, and refuses those that come back behind something else."""

    minted: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By signature: what stood before the block, and the signature of the thinking before it."""
    refused: int = 0

    def mint(self, body: bytes) -> str:
        """The signature of the thinking that answers `body`, as it was forwarded."""
        before, previous = "", ""
        for before, signature in _walk(json.loads(body)):  # noqa: B007 - the last one is wanted
            previous = signature or previous
        made = f"sig{len(self.minted):06}"
        self.minted[made] = before, previous
        return made

    def faults(self, body: bytes) -> list[str]:
        """Why the provider refuses `body`, a line for each block of thinking."""
        out, kept = [], ""
        for before, signature in _walk(json.loads(body)):
            if not signature:
                continue
            bound_to, previous = self.minted.get(signature, ("", ""))
            if bound_to != before:
                out.append(f"{signature} stands behind something else than it was made behind")
            elif kept and previous != kept:
                out.append(f"{previous or 'nothing'} stood before {signature}, and now {kept}")
            else:
                kept = signature
        self.refused += bool(out)
        return out


def _walk(value: _Json) -> Iterator[tuple[str, str]]:
    """For each block of a request, a digest of all before it that counts, and its signature; and the digest of all."""
    head = json.dumps([_plain(value.get("system")), _plain(value.get("tools"))], sort_keys=True)
    digest = hashlib.sha256(head.encode()).hexdigest()
    for message in value["messages"]:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if block["type"] in _THINKING:
                yield digest, block["signature"]
            else:
                said = json.dumps([message["role"], _plain(block)], sort_keys=True)
                digest = hashlib.sha256(f"{digest}{said}".encode()).hexdigest()
    yield digest, ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("type") == "tool_result" and isinstance(value.get("content"), str):
            value = value | {"content": [{"type": "text", "text": value["content"]}]}
        return {k: _plain(v) for k, v in value.items() if k != "cache_control"}
    return [_plain(v) for v in value] if isinstance(value, list) else value
