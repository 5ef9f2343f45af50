"""`gather`: collects the blocks and edits that the earlier exchanges of a conversation sent (`History`), up to about a
number of blocks. `complete`: adds them to the details of an exchange, which then show all that it sent, as far as the
log has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from penstock_tui.exchange.model import Block, Change, EditState, ExchangeDetail

__all__ = ["History", "complete", "gather"]


@dataclass(slots=True)
class History:
    """The blocks and edits that the earlier exchanges of a conversation sent."""

    blocks: list[Block] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """Newest first: those that landed, and those that still wait."""
    known_from: int = 0


def gather(earlier: Iterable[ExchangeDetail], first: int | None, limit: int) -> History:
    """What `earlier` exchanges (newest first) sent of the messages before `first`, at most about `limit` blocks.

    Each exchange lists what was new in it. Going back, the latest one that describes a message counts: after a rewind,
    or a compaction by the client, the same index may have held something else before.
    """
    history = History(known_from=first or 0)
    pages: list[list[Block]] = []
    size = 0
    settled: _Settled = set()
    for detail in earlier:
        if history.known_from <= 0 or size >= limit:
            break
        history.changes += _standing(detail, history.known_from, settled)
        if detail.first is None or detail.first >= history.known_from or not detail.blocks:
            continue
        page = [replace(block, new=False) for block in detail.blocks if block.m < history.known_from]
        pages.append(page)
        size += len(page)
        history.known_from = detail.first
    history.blocks = [block for page in reversed(pages) for block in page]
    return history


_Key = tuple[str, str, str]
_Settled = set[tuple[_Key, EditState]]
_SETTLES = {
    EditState.LANDED: (EditState.LANDED, EditState.PENDING),
    EditState.PENDING: (EditState.PENDING,),
    EditState.LEFT_OUT: (EditState.PENDING,),
}
"""What is told of an edit, and what it makes void of all that was told of it before."""


def _standing(detail: ExchangeDetail, before: int, settled: _Settled) -> list[Change]:
    """The edits of an earlier exchange that are still in effect. Those of messages from `before` on are not."""
    found = []
    for change in detail.changes:
        if change.m is None or change.m >= before or change.edit_state is None:
            continue
        if change.edit_state is not EditState.LEFT_OUT and (change.key, change.edit_state) not in settled:
            found.append(replace(change, here=False))
        settled |= _settled_by(change)
    return found


def _settled_by(change: Change) -> _Settled:
    """What identifies the place that an edit applies to. Several notes can be in one place."""
    if change.op == "note" or change.edit_state is None:
        return set()
    edit_state = EditState.LANDED if change.edit_state is EditState.FROZEN else change.edit_state
    return {(change.key, one) for one in _SETTLES[edit_state]}


def complete(detail: ExchangeDetail, history: History, covers: Callable[[Change], int] | None = None) -> ExchangeDetail:
    """`detail` with the blocks of its conversation before it, each edit assigned to its block, and each result with its
    tool's name.

    `covers`: how many messages a compaction covers, as the ledger has it; 0 where it is not known.
    """
    settled = {one for change in detail.changes for one in _settled_by(change)}
    earlier = [one for one in reversed(history.changes) if (one.key, EditState(one.state)) not in settled]
    changes = [*earlier, *detail.changes]
    gone, records = _records(changes, covers)
    changes = [replace(one, is_covered=True) if one.m in gone and one not in records else one for one in changes]
    by_place: dict[tuple[int | None, int | None], list[Change]] = {}
    for change in changes:
        by_place.setdefault((change.m, change.b), []).append(change)
    calls: dict[str, str] = {}
    blocks = []
    for one in (*history.blocks, *detail.blocks):
        if one.kind == "tool_use":
            calls[one.id] = one.name
        # Some results name their tool by the call's id alone.
        name = one.name or (calls.get(one.id, "") if one.kind == "tool_result" else "")
        here = tuple(by_place.get((one.m, one.b), ()))
        blocks.append(replace(one, name=name, changes=here, sent=0 if one.m in gone else _sent(here)))
    return replace(detail, blocks=blocks, changes=changes, known_from=history.known_from)


def _records(changes: Iterable[Change], covers: Callable[[Change], int] | None) -> tuple[set[int], list[Change]]:
    """The messages that are replaced by records, and those records: of one inside another, the larger."""
    gone: set[int] = set()
    kept = []
    ranges = [
        (one.m, max(covers(one) if covers is not None else 0, 1), one)
        for one in changes
        if one.op == "compact" and one.m is not None and one.edit_state in (EditState.LANDED, EditState.FROZEN)
    ]
    for m, count, one in sorted(ranges, key=lambda found: -found[1]):
        if m not in gone:
            kept.append(one)
            gone.update(range(m, m + count))
    return gone, kept


def _sent(changes: Iterable[Change]) -> int | None:
    """The tokens of a block after its latest replacement."""
    stands = [one for one in changes if one.op == "replace" and one.edit_state in (EditState.LANDED, EditState.FROZEN)]
    return stands[-1].after if stands else None
