"""`chart`: counts the tokens of one request by part (system prompt, tools, results, ...), as received and as forwarded,
which the context map draws as bars (`Chart`); `changes` gives the differences to another request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from penstock_tui.exchange.context.limits import Limits
from penstock_tui.exchange.context.parts import Part, PartName, part_of, share_out
from penstock_tui.exchange.model import EditState, ExchangeDetail

__all__ = ["Chart", "changes", "chart"]

NOISE, NOISE_SHARE = 20, 0.05
"""Tokens, and part of a head's part: changes up to these are the count's own."""
_Key = tuple[PartName, str]
"""A part, and the tool of a result."""
_Sizes = dict[_Key, float]
_UNSEEN: _Key = (PartName.UNSEEN, "")
_OWN = {"note": PartName.NOTES, "compact": PartName.RECORD}
"""What our edits put in."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The parts of one request, which add up to the whole, as received and as forwarded."""

    parts: tuple[Part, ...]
    """The parts that hold something, in the order of `PartName`."""
    came: int
    sent: int
    how: str
    """How the tokens of the whole were counted; the parts are shares of it, by estimate."""
    limits: Limits
    head: tuple[int, int] = (0, 0)
    """The tokens of the system prompt and of the tools, by themselves."""
    estimates: Mapping[PartName, float] = field(default_factory=dict)
    """Estimated tokens of the messages as they were sent, uncalibrated: those of two requests can be compared."""
    scale: float = 1.0
    """The factor from estimates to tokens of the whole."""

    @property
    def free(self) -> int:
        """Tokens of the window that are free."""
        return max(self.limits.window - self.sent, 0)

    def sent_of(self, name: PartName) -> int:
        return next((part.sent for part in self.parts if part.name is name), 0)


def changes(now: Chart, before: Chart) -> dict[PartName, int]:
    """The change of each part's tokens, as forwarded. Each answer calibrates the token counts again, so blocks are
    compared, and for tools and system only differences beyond the counting error."""
    found: dict[PartName, int] = {}
    for name in PartName:
        found[name] = round((now.estimates.get(name, 0) - before.estimates.get(name, 0)) * now.scale)
    found[PartName.UNSEEN] = now.sent_of(PartName.UNSEEN) - before.sent_of(PartName.UNSEEN)
    for name, new, old in zip((PartName.SYSTEM, PartName.TOOLS), now.head, before.head, strict=True):
        if abs(new - old) > max(NOISE, NOISE_SHARE * new):
            found[name] += new - old
    return {name: change for name, change in found.items() if change}


def chart(detail: ExchangeDetail, limits: Limits) -> Chart:
    """The chart of complete details. The log counts the whole request and estimates each block, so the estimates are
    scaled to the whole; what was not edited has the size it was received with."""
    told = max(detail.shares.total or 0, 0)
    came = max(detail.tokens_in if detail.tokens_in is not None else told, 0)
    sent = max(detail.tokens_out if detail.tokens_out is not None else came, 0)
    head = [max(size or 0, 0) for size in (detail.shares.system, detail.shares.tools)]
    *head, messages = share_out(came, [*head, max(told - sum(head), 0)] if told else [0, 0, 1])
    sizes, sizes_sent, touched = _sizes(detail)
    if _is_partly_unseen(detail):
        sizes[_UNSEEN] = sizes_sent[_UNSEEN] = max(messages - sum(sizes.values()), 0)
    whole_came = _shared(messages, sizes)
    # Only in a damaged log is less sent than the head has. The sum is right even so.
    head_sent = head if sent >= sum(head) else share_out(sent, head)
    whole_sent = _after(sent - sum(head_sent), whole_came, sizes, sizes_sent, touched)
    _add_head(whole_came, head)
    _add_head(whole_sent, head_sent)
    estimates: dict[PartName, float] = {}
    for (name, _), size in sizes_sent.items():
        estimates[name] = estimates.get(name, 0) + size
    scale = messages / whole if (whole := sum(sizes.values())) else 1.0
    return Chart(
        _parts(whole_came, whole_sent), came, sent, detail.how, limits, (head_sent[0], head_sent[1]), estimates, scale
    )


def _add_head(sizes: dict[_Key, int], head: Sequence[int]) -> None:
    """Add tools and system; these may also be among the messages."""
    for name, size in zip((PartName.SYSTEM, PartName.TOOLS), head, strict=True):
        sizes[name, ""] = sizes.get((name, ""), 0) + size


def _is_partly_unseen(detail: ExchangeDetail) -> bool:
    listed = {block.m for block in detail.blocks}
    return detail.known_from > 0 or len(listed) < (detail.messages or 0) or not listed


def _sizes(detail: ExchangeDetail) -> tuple[_Sizes, _Sizes, set[_Key]]:
    """The blocks' estimates by part, as received and as forwarded, and the parts in which these differ."""
    came: _Sizes = {}
    sent: _Sizes = {}
    touched: set[_Key] = set()
    for block in detail.blocks:
        name = part_of(block)
        key = (name, block.name if name is PartName.RESULTS else "")
        size = block.tokens or 0
        came[key] = came.get(key, 0) + size
        sent[key] = sent.get(key, 0) + (size if block.sent is None else block.sent)
        if block.sent is not None:
            touched.add(key)
    for change in detail.changes:
        if change.edit_state not in (EditState.LANDED, EditState.FROZEN) or change.is_covered or change.op not in _OWN:
            continue
        key = (_OWN[change.op], "")
        sent[key] = sent.get(key, 0) + (change.after or 0)
        touched.add(key)
    return came, sent, touched


def _shared(total: int, sizes: Mapping[_Key, float]) -> dict[_Key, int]:
    weights = sizes if sum(sizes.values()) > 0 or not total else {_UNSEEN: 1.0}
    return dict(zip(weights, share_out(total, list(weights.values())), strict=True))


def _after(
    total: int, came: Mapping[_Key, int], sizes: _Sizes, sizes_sent: _Sizes, touched: set[_Key]
) -> dict[_Key, int]:
    """`total` divided among the parts: unedited ones keep their size, the rest goes to the edited ones."""
    same = {key: size for key, size in came.items() if key not in touched}
    rest = total - sum(same.values())
    if not rest and not touched:
        return same
    if rest < 0 or not touched:  # the log does not tell of every edit
        return _shared(total, sizes_sent)
    whole = sum(sizes.values())
    scale = sum(came.values()) / whole if whole else 1.0
    expected = {}
    for key in sorted(touched):
        size = sizes.get(key)
        expected[key] = round(came.get(key, 0) * sizes_sent[key] / size if size else sizes_sent[key] * scale)
    return same | _settled(rest, expected)


def _settled(total: int, sizes: dict[_Key, int]) -> dict[_Key, int]:
    """`sizes` with their difference from `total` taken from, or added to, the largest ones."""
    off = total - sum(sizes.values())
    for key in sorted(sizes, key=lambda key: -sizes[key]):
        change = max(off, -sizes[key])
        sizes[key] += change
        off -= change
    return sizes


def _parts(came: Mapping[_Key, int], sent: Mapping[_Key, int]) -> tuple[Part, ...]:
    found = []
    for name in PartName:
        keys = dict.fromkeys(key for key in (*came, *sent) if key[0] is name)
        of = [Part(name, came.get(key, 0), sent.get(key, 0), label=key[1] or "a tool") for key in keys]
        of = sorted((one for one in of if one.came or one.sent), key=lambda one: -one.came)
        if of:
            whole = sum(one.came for one in of), sum(one.sent for one in of)
            found.append(Part(name, *whole, tuple(of) if name is PartName.RESULTS else ()))
    return tuple(found)
