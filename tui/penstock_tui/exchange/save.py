"""`write_new`: writes JSON to a new file that only its owner may read; raises `FileExistsError` if there is one.
`record`: an exchange as JSON data: its events as logged, its blocks, edits and differences.

Nothing is redacted here: the texts must be already, as those of the log are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from penstock.base.private_files import replacing
from penstock.events.event import Event
from penstock_tui.exchange.diff import Difference
from penstock_tui.exchange.model import Block, Change, ExchangeDetail

__all__ = ["record", "write_new"]


def record(events: Sequence[Event], detail: ExchangeDetail, found: Sequence[Difference]) -> dict[str, object]:
    """`detail` is complete. Texts are redacted, as they are in the log."""
    return {
        "exchange": detail.id,
        "events": [{"seq": e.seq, "at": e.at, "kind": str(e.kind), "payload": dict(e.payload)} for e in events],
        "known_from": detail.known_from,
        "blocks": [_block(block) for block in detail.blocks],
        "edits": [_change(change) for change in detail.changes],
        "diff": [_difference(one) for one in found],
    }


def write_new(path: Path, content: Mapping[str, object]) -> int:
    """Write a file that only its owner may read, whole or not at all; how many bytes it has. Raises `FileExistsError`
    where there is one, and `OSError`."""
    text = json.dumps(content, ensure_ascii=True, indent=1, default=str).encode()
    with replacing(path, replace=False) as file:
        file.write(text)
    return len(text)


def _block(block: Block) -> dict[str, object]:
    return {
        "m": block.m,
        "b": block.b,
        "role": block.role,
        "kind": block.kind,
        "name": block.name,
        "id": block.id,
        "tokens": block.tokens,
        "tokens_sent": block.tokens if block.sent is None else block.sent,
        "new": block.new,
        "turn": block.turn,
        "text": block.text,
    }


def _change(change: Change) -> dict[str, object]:
    told = asdict(change)
    del told["here"], told["is_covered"]
    return told | {"state": str(change.edit_state or change.state)}


def _difference(one: Difference) -> dict[str, object]:
    change = one.change
    return {
        "m": change.m,
        "b": change.b,
        "stage": change.stage,
        "op": change.op,
        "covers": one.covers,
        "before": one.before,
        "before_is_whole": one.is_before_whole,
        "after": one.after,
        "after_is_whole": one.is_after_whole,
    }
