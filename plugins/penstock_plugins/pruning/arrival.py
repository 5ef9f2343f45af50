"""`settle_new`: shortens new tool results without loss: a repeated one becomes a pointer to the earlier one
(`is_pointer`), a file that is read again loses the lines that the request holds already, the others are repacked;
`POINTER`, `PARTIAL` and `REPACKED` are the reasons in these edits. `held`: the results that a pointer keeps from being
shortened."""

from __future__ import annotations

from penstock import Draft
from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.repeats import told_before
from penstock_plugins.pruning.reread import runs_known, without_runs
from penstock_plugins.pruning.settings import Settings
from penstock_plugins.pruning.stub import pointer

__all__ = ["PARTIAL", "POINTER", "REPACKED", "held", "is_pointer", "settle_new"]

POINTER = "unchanged since an earlier result"
PARTIAL = "without lines that are in an earlier result or call"
REPACKED = "repacked without a loss"
_LEAST_REPEAT = 450
_LEAST_PACK = 200


def settle_new(draft: Draft, history: History, settings: Settings) -> str | None:
    """Replace new results that repeat an earlier one by a pointer, and repack the others. Returns the reason when
    nothing was changed, else None."""
    proposed = len(draft.edits)
    new = {(spot.message, spot.index) for spot in draft.blocks(new=True)}

    def is_here(result: Result) -> bool:
        spot = result.spot
        may_stay = spot.is_editable if (spot.message, spot.index) in new else not draft.is_compacted(spot.message)
        return may_stay and _is_whole(draft, result)

    first = history.since(min(message for message, _ in new)) if new else len(history.results)
    for at, result in enumerate(history.results[first:], first):
        spot = result.spot
        if (spot.message, spot.index) not in new or not spot.is_editable or result.is_original:
            continue
        whole = [one for one in history.alike(at) if is_here(one)]
        if not _point(draft, history, settings, result, whole) and not _elide(draft, history, settings, result, whole):
            _repack(draft, settings, result)
    return None if len(draft.edits) > proposed else "nothing told twice"


def held(draft: Draft, history: History, age: int) -> set[tuple[int, int]]:
    """Results that a pointer younger than `age` turns refers to, by message and block: they are kept as long as the
    pointer's own text would have been."""
    out: set[tuple[int, int]] = set()
    whole: list[Result] = []
    for result in history.results:
        if is_pointer(draft, result):
            if history.age(result) < age:
                target = told_before(result, whole, history)
                if target is not None:
                    out.add((target.spot.message, target.spot.index))
        elif _is_partial(draft, result):
            if history.age(result) < age:
                runs = runs_known(draft, history, result, whole)
                spots = [run.source.result.spot for run in runs if run.source.result is not None]
                out.update((spot.message, spot.index) for spot in spots)
        elif _is_whole(draft, result):
            whole.append(result)
    return out


def is_pointer(draft: Draft, result: Result) -> bool:
    """Whether a result is a pointer, as sent before or as proposed in this request."""
    edit = draft.proposed(result.spot) or draft.landed(result.spot)
    return edit is not None and edit.reason == POINTER


def _point(draft: Draft, history: History, settings: Settings, result: Result, whole: list[Result]) -> bool:
    if not settings.repeats or len(result.text) < _LEAST_REPEAT:
        return False
    target = told_before(result, whole, history)
    if target is None:
        return False
    text = pointer(result, target, can_expand=draft.can_expand)
    if len(text) >= len(result.text):
        return False
    draft.replace(result.spot, text, reason=POINTER)
    return True


def _elide(draft: Draft, history: History, settings: Settings, result: Result, whole: list[Result]) -> bool:
    if not settings.repeats or len(result.text) < _LEAST_REPEAT:
        return False
    runs = runs_known(draft, history, result, whole)
    text = without_runs(result, runs, can_expand=draft.can_expand) if runs else result.text
    if len(text) >= len(draft.text(result.spot)):
        return False
    draft.replace(result.spot, text, reason=PARTIAL)
    return True


def _is_partial(draft: Draft, result: Result) -> bool:
    edit = draft.proposed(result.spot) or draft.landed(result.spot)
    return edit is not None and edit.reason == PARTIAL


def _repack(draft: Draft, settings: Settings, result: Result) -> None:
    if draft.text(result.spot) != result.text:
        return
    if settings.repack and len(result.text) >= _LEAST_PACK and len(result.packed) < len(result.text):
        draft.replace(result.spot, result.packed, reason=REPACKED)


def _is_whole(draft: Draft, result: Result) -> bool:
    """Whether nothing but padding was removed from a result."""
    edit = draft.proposed(result.spot) or draft.landed(result.spot)
    return edit is None or edit.reason == REPACKED
