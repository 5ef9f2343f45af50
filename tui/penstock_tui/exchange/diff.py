"""`differences`: for each edit that is in a request as forwarded, at most 300, the text before and after as lines of a
diff (`Difference`), with whole texts where the store still has them; raises `StoreError`. `folded` makes those
lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from penstock.base.diff import changed_lines
from penstock.edits.edit import Edit
from penstock.redaction.redaction import redact
from penstock.store.base import Store
from penstock.store.before_after import before_after
from penstock_tui.exchange.lossless import same_content
from penstock_tui.exchange.model import Block, Change, EditState, ExchangeDetail

__all__ = ["Difference", "differences", "folded"]

MOST = 300
"""The largest number of edits whose texts are read."""
CONTEXT = 2
"""Unchanged lines that are shown around each change."""
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? ")


@dataclass(frozen=True, slots=True)
class Difference:
    """One edit that is in the request as forwarded, with the text before and after."""

    change: Change
    block: Block | None
    """The edited block. None: the log does not list it."""
    before: str = field(repr=False)
    """The text as received, redacted as all texts here are."""
    after: str = field(repr=False)
    is_before_whole: bool = True
    """False: only the beginning that the log has is kept."""
    is_after_whole: bool = True
    same: str = ""
    """Why nothing is lost, where both texts hold the same. Empty: they do not, or that is not known."""
    covers: int = 0
    """Messages that a record stands for; 0 where that is not known."""
    lines: tuple[str, ...] = field(default=(), repr=False)
    """The lines of the difference, each with a sign in front: `-` was received and not sent, `+` was sent in its place,
    a blank is the same; `@` and a number stands for so many that are the same."""


def differences(store: Store, ledger: Sequence[Edit], detail: ExchangeDetail) -> list[Difference]:
    """The differences of complete details, those that were applied in this request first. Raises `StoreError`."""
    blocks = {(block.m, block.b): block for block in detail.blocks}
    shown = [
        one for one in detail.changes if one.edit_state in (EditState.LANDED, EditState.FROZEN) and not one.is_covered
    ]
    shown = sorted(shown, key=lambda one: (not one.here, one.m or 0, one.b or 0))[:MOST]
    return [_difference(store, ledger, one, blocks.get((one.m or 0, one.b or 0))) for one in shown]


def _difference(store: Store, ledger: Sequence[Edit], change: Change, block: Block | None) -> Difference:
    texts = before_after(store, ledger, change.event)
    before = texts.before
    if before is None and block is not None and change.op == "replace":
        before = block.text
    came, sent = redact(before or ""), redact(texts.after)
    is_before_whole, is_after_whole = texts.before is not None, texts.is_whole or not change.text.endswith("…")
    return Difference(
        change,
        block,
        came,
        sent,
        is_before_whole=is_before_whole,
        is_after_whole=is_after_whole,
        same=same_content(before or "", texts.after) if is_before_whole and is_after_whole else "",
        covers=texts.count,
        lines=tuple(folded(came.splitlines(), sent.splitlines())),
    )


def folded(old: list[str], new: list[str]) -> Iterator[str]:
    """The lines of a difference as `Difference.lines` has them."""
    at = 0
    for line in changed_lines(old, new, CONTEXT):
        hunk = _HUNK.match(line)
        if hunk is None:
            at += line[:1] != "+"
            yield line
            continue
        start = int(hunk[1]) - (hunk[2] != "0")
        if start > at:
            yield f"@{start - at}"
        at = start
    if at < len(old):
        yield f"@{len(old) - at}"
