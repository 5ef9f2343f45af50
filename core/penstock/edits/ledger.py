"""`Ledger`: the edits of a conversation, both those that were sent and those that are pending; `resolve` finds their
blocks in each request, so that they are replayed; `locate`: where blocks of some content are.

What was sent once is always sent the same: an edit is found again by the content of its block, not by its position, and
its text never changes. Each application of edits has a revision, so that a retry gets the state of the ledger that the
first attempt was sent with.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from penstock.conversation.conversation import KEY_BYTES, Conversation, chain_of, digest
from penstock.dialects.base import BlockEdit, RangeEdit, Removal
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.edits.edits_in_request import Replay

__all__ = ["Ledger", "locate", "resolve", "thinking_of"]

_EDIT_BYTES = 900
"""Bytes of memory of an edit, besides its text."""


class Ledger:
    """The edits of one conversation: those that have landed, and the pending ones."""

    def __init__(self, landed: Iterable[Landed] = (), *, limit: int = 20_000) -> None:
        self._landed: list[Landed] = []
        self._revision = 0
        self._latest: dict[tuple[Op, Place, str], Edit] = {}
        self._places: set[tuple[Op, Place]] = set()
        self._limit = limit
        self._pending: dict[tuple[Op, Place], Edit] = {}
        self._standing: tuple[Edit, ...] = ()
        self.size = 0
        """About the bytes that what has landed takes in memory."""
        self.land(list(landed))

    @property
    def revision(self) -> int:
        """The number of the newest revision, 0 if nothing has landed. Never used twice, even if its edits were
        released."""
        return self._revision

    @property
    def revisions(self) -> list[int]:
        """The revisions that are replayed, oldest first."""
        return sorted({one.revision for one in self._landed})

    @property
    def pending(self) -> list[Edit]:
        """The edits that wait for a flush."""
        return list(self._pending.values())

    @property
    def is_full(self) -> bool:
        """Whether the limit of edits is reached. No edit can be dropped then, since all that landed must be
        replayed."""
        return len(self._landed) >= self._limit

    def has_landed(self, edit: Edit) -> bool:
        """Whether an edit of this kind has landed at this place, which stays as it is then."""
        return (edit.op, edit.place) in self._places

    def replays(self, edit: Edit) -> bool:
        """Whether this edit is replayed already, so that a stage has proposed again what has landed."""
        old = self._latest.get(_slot(edit))
        return old is not None and old.text == edit.text

    def wait(self, edits: Iterable[Edit]) -> None:
        """Keep `edits` as pending until a flush. A later edit of the same kind and place replaces the earlier one."""
        for edit in edits:
            if len(self._pending) < self._limit:
                self._pending[(edit.op, edit.place)] = edit

    def forget(self, edits: Iterable[Edit]) -> None:
        """Drop pending edits: they have landed, or would make the request invalid."""
        for edit in edits:
            self._pending.pop((edit.op, edit.place), None)

    def prepare(self, edits: Sequence[Edit]) -> list[Landed]:
        """`edits` as the next revision, to be stored before they `land`."""
        return [Landed(self.revision + 1, edit) for edit in edits]

    def land(self, landed: Sequence[Landed]) -> None:
        """Replay these edits from now on."""
        for one in landed:
            edit = one.edit.without_original()
            self._landed.append(Landed(one.revision, edit))
            self._revision = max(self._revision, one.revision)
            self.size += _EDIT_BYTES + sys.getsizeof(edit.text)
            self._latest[_slot(edit)] = edit
            self._places.add((edit.op, edit.place))
        self._standing = tuple(self._latest.values())
        self.forget(one.edit for one in landed)

    def release(self, revision: int = 0) -> int:
        """Drop the edits of one revision (0: all edits), since the provider has refused a request with them. Returns
        how many."""
        gone = [one for one in self._landed if revision in (0, one.revision)]
        kept = [one for one in self._landed if revision not in (0, one.revision)]
        self._landed, self._latest, self._places, self.size = [], {}, set(), 0
        self.land(kept)
        return len(gone)

    def edits(self, upto: int | None = None, also: Iterable[Edit] = ()) -> list[Edit]:
        """What is replayed, of the revisions up to `upto`: for each place the latest replacement and compaction, and
        every note. `also`: edits that are about to land; the list is the same as after they have landed."""
        if upto is None:
            latest = dict(self._latest)
        else:
            latest = {_slot(one.edit): one.edit for one in self._landed if one.revision <= upto}
        latest.update((_slot(edit), edit) for edit in also)
        return list(latest.values())

    def standing(self) -> list[Edit]:
        """The edits that are replayed now, for readers without the conversation's lock."""
        return list(self._standing)


_Slot = tuple[Op, Place, str]


def _slot(edit: Edit) -> _Slot:
    """The key by which an edit replaces an earlier one of its kind at the same place. Notes do not replace each
    other."""
    return edit.op, edit.place, edit.text if edit.op is Op.NOTE else ""


def resolve(conversation: Conversation, edits: Sequence[Edit]) -> Replay:
    """Find the blocks of `edits` in a request. Edits whose block is not there (any more) are left out."""
    out = Replay()
    if not edits:
        return out
    found = locate(conversation, {edit.place.key for edit in edits})
    ranges = _ranges(conversation, edits, found, out)
    _strip(conversation, [edit for edit in edits if edit.op is Op.STRIP], out, ranges)
    blocks: dict[tuple[int, int], BlockEdit] = {}
    for edit in edits:
        at = found.get(edit.place)
        if edit.op in (Op.COMPACT, Op.STRIP) or at is None:
            continue
        if ranges and any(r.first <= at[0] <= r.last for r in ranges):
            continue
        old = blocks.get(at)
        if edit.op is Op.REPLACE:
            blocks[at] = BlockEdit(*at, edit.text, old.notes if old else ())
        else:
            blocks[at] = BlockEdit(*at, old.text if old else None, (*(old.notes if old else ()), edit.text))
        out.applied.append(edit)
        out.spots.append(at)
    out.changes += [*ranges, *blocks.values()]
    return out


def _strip(conversation: Conversation, edits: Sequence[Edit], out: Replay, ranges: list[RangeEdit]) -> None:
    """Leave thinking out: add to `ranges` the messages that hold nothing else, and to `out` the blocks of others. Found
    by content alone, so that thinking which has gone stays away when a person goes back to earlier words."""
    if not edits:
        return
    left: Counter[bytes] = Counter()
    for edit in edits:
        left.update(thinking_of(edit))
    gone: dict[int, list[int]] = {}
    last: dict[bytes, tuple[int, int]] = {}
    for m, b in conversation.thinking:
        key = conversation.messages[m].blocks[b].key
        if left[key] > 0:
            left[key] -= 1
            gone.setdefault(m, []).append(b)
            last[key] = m, b
    covered = {i for r in ranges for i in range(r.first, r.last + 1)}
    for m, blocks in gone.items():
        if m in covered:
            continue
        if len(blocks) == len(conversation.messages[m].blocks):
            ranges.append(RangeEdit(m, m, ""))
        else:
            out.changes.append(Removal(m, frozenset(blocks)))
    for edit in edits:
        at = next((last[key] for key in reversed(thinking_of(edit)) if key in last), None)
        if at is not None:
            out.applied.append(edit)
            out.spots.append(at)


def thinking_of(edit: Edit) -> list[bytes]:
    """The keys of the blocks that a `STRIP` leaves out."""
    return [edit.chain[at : at + KEY_BYTES] for at in range(0, len(edit.chain), KEY_BYTES)]


def locate(conversation: Conversation, keys: Iterable[bytes]) -> dict[Place, tuple[int, int]]:
    """Message and block index of every block with one of these keys."""
    return {Place(key, nth): at for key in keys for nth, at in enumerate(conversation.places(key))}


def _ranges(
    conversation: Conversation, edits: Sequence[Edit], found: dict[Place, tuple[int, int]], out: Replay
) -> list[RangeEdit]:
    """The compactions whose messages are all there, unchanged; one inside another is left to the larger. A compaction
    that would cover the newest user message, after a person went back in the history, is left out."""
    candidates = []
    newest = conversation.newest_user()
    end = len(conversation.messages) if newest is None else newest
    for edit in edits:
        at = found.get(edit.place)
        if edit.op is Op.COMPACT and at is not None and at[1] in (0, conversation.messages[at[0]].opening):
            covered = conversation.messages[at[0] : min(at[0] + edit.count, end)]
            if len(covered) == edit.count and edit.chain in (chain_of(covered), digest(*(m.key for m in covered))):
                candidates.append((edit, RangeEdit(at[0], at[0] + edit.count - 1, edit.text)))
    kept: list[RangeEdit] = []
    for edit, found_range in sorted(candidates, key=lambda c: c[0].count, reverse=True):
        if all(found_range.last < r.first or found_range.first > r.last for r in kept):
            kept.append(found_range)
            out.applied.append(edit)
            out.spots.append((found_range.first, 0))
    return kept
