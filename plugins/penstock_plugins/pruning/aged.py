"""`shorten_aged`: at a flush, shortens old tool results to the lines most likely to be needed again."""

from __future__ import annotations

from penstock import Draft
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.pruning.arrival import PARTIAL, REPACKED, held, is_pointer
from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.hunks import Room, choose
from penstock_plugins.pruning.page import Page
from penstock_plugins.pruning.repeats import overtaken
from penstock_plugins.pruning.settings import Settings
from penstock_plugins.pruning.stub import stub
from penstock_plugins.pruning.worth import chances

__all__ = ["shorten_aged"]


def shorten_aged(draft: Draft, history: History, settings: Settings) -> str | None:
    """Propose a shorter text for every result that is old enough, the oldest first. Returns the reason when nothing was
    shortened, else None."""
    gone = draft.is_compacted
    told = [r for r in history.results if not is_pointer(draft, r)]
    out_of_date = overtaken(told) if settings.overtaken else {}
    age = settings.age if draft.flush_reason else max(settings.age, settings.age_warm)
    stays = held(draft, history, age)
    here = [r for r in history.results if not gone(r.spot.message)]
    due = [r for r in here if history.age(r) >= age and _is_due(draft, history, settings, r, stays)]
    known = _known(draft, history, here, due)
    shortened = 0
    for result in due:
        why = out_of_date.get((result.spot.message, result.spot.index), "")
        now = draft.text(result.spot)
        page = history.lookup.pages(result.packed)
        kept = _kept(history, settings, result, page, known, bool(why))
        text = _told(draft, result, page, kept, why)
        if len(text) <= (1 - settings.gain) * len(now):
            draft.replace(result.spot, text, reason=why or f"{history.age(result)} turns old")
            known |= page.names_of(kept)
            shortened += 1
        else:
            known |= history.lookup.names(now)
    return f"{shortened} of {len(here)} results shortened" if shortened else "nothing has aged"


def _is_due(draft: Draft, history: History, settings: Settings, result: Result, stays: set[tuple[int, int]]) -> bool:
    spot = result.spot
    if (spot.message, spot.index) in stays or spot.block.slot is None:
        return False
    edit = draft.proposed(spot) or draft.landed(spot)
    was_shortened = edit is not None and edit.stage == "pruning" and edit.reason not in (PARTIAL, REPACKED)
    if was_shortened or len(draft.text(spot)) < settings.least:
        return False
    return not _is_worked_on(history, settings, result)


def _is_worked_on(history: History, settings: Settings, result: Result) -> bool:
    """Whether a result shows a file that was read or written recently."""
    if result.kind not in (ToolKind.READ, ToolKind.RUN):
        return False
    return any(history.turns - history.touched.get(file, 0) < settings.active for file in result.files)


def _known(draft: Draft, history: History, here: list[Result], due: list[Result]) -> set[str]:
    """The names in results that are left whole."""
    later = {(r.spot.message, r.spot.index) for r in due}
    known: set[str] = set()
    for result in here:
        if (result.spot.message, result.spot.index) not in later:
            known |= history.lookup.names(draft.text(result.spot))
    return known


def _kept(
    history: History, settings: Settings, result: Result, page: Page, known: set[str], is_overtaken: bool
) -> list[int]:
    value, share = (settings.value * 2, settings.share / 2) if is_overtaken else (settings.value, settings.share)
    room = Room(value, share, settings.lines, settings.below)
    return choose(page, chances(history, result, page), known, room, is_report=result.is_report)


def _told(draft: Draft, result: Result, page: Page, kept: list[int], why: str) -> str:
    errors = len(set(page.failures).difference(kept)) if result.is_report else 0
    return stub(result, page.lines, kept, can_expand=draft.can_expand, why=why, errors=errors)
