"""The replay view's content: `sums`, `progress`, the state of the `cache`, a `hint` on what to do, and the `COLUMNS` of
its table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from penstock.base.format import plural
from penstock.base.readable import readable
from penstock.replay.run import WARM, Run, Stage
from penstock_tui.format import bar, count, dollars, duration, home_path, percent
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.fitted_line import Fact

if TYPE_CHECKING:
    from penstock.replay.prompt_replay import Played
    from penstock.stats.cost_totals import CostTotals

__all__ = ["COLUMNS", "cache", "hint", "progress", "sums"]

BAR = 24
HINT = (
    "A file with one prompt a line; # begins a comment, /clear an empty history, @notes.md is read. Nothing leaves "
    "this machine: a stand-in answers, and store and memory are of this replay alone."
)


def sums(run: Run) -> list[Fact]:
    """The totals of the replay so far."""
    found, about = run.sums, "~" if run.sums.money.estimated else ""
    slow = max((one.passed.suite_ms or 0 for one in run.played), default=0)
    return [
        Fact(readable(run.name), 2),
        Fact(f"{count(found.came)} → {count(found.sent)} tokens", 3),
        Fact(f"+{count(found.injected)} recalled" if found.injected else "", 4, "accent"),
        Fact(
            f"{about}{dollars(found.money.saved)} saved" if _has_price(found.money) else "unknown price",
            5,
            "bad" if found.money.saved < 0 else "plain",
        ),
        Fact(f"suite at most {duration(slow)}" if slow else "", 6, "dim"),
    ]


def _has_price(money: CostTotals) -> bool:
    return bool(money.requests or not money.unpriced)


def cache(gap: float) -> Fact:
    """The state of the provider's cache in the next replay."""
    return Fact(f"{gap:.0f} s between prompts: the cache is {'warm' if gap == WARM else 'cold'}", 7, "dim")


def hint(run: Run | None) -> str:
    """What the user should know, or can do."""
    if run is None:
        return HINT
    if run.error:
        return f"! {run.error}"
    more = f" (and {len(run.remarks) - 1} more remarks)" if len(run.remarks) > 1 else ""
    where = "Enter on a row, or o: its log." if run.played else ""
    return f"{readable(run.remarks[0])}{more}. {where}" if run.remarks else where or HINT


def progress(run: Run | None) -> list[Fact]:
    """How far the replay is."""
    if run is None:
        return [Fact("/ names a file, → takes what is suggested, Enter begins", 1, "dim")]
    done = len(run.played)
    states = {
        Stage.OPENING: ("… opening", "accent"),
        Stage.RUNNING: ("▶ running", "accent"),
        Stage.STOPPING: ("■ stopping", "warn"),
        Stage.DONE: ("✓ done", "good") if done == run.total and not run.error else ("■ ended early", "warn"),
    }
    text, tone = states[run.stage]
    return [
        Fact(text, 1, tone),
        Fact(bar(done / run.total if run.total else 0.0, BAR), 3),
        Fact(f"{done:,} of {plural(run.total, 'prompt')}", 2),
        Fact(f"profile {run.profile}", 4, "dim"),
        Fact(f"log {home_path(run.log)}" if done else "", 5, "dim"),
    ]


def _recalled(one: Played, _moment: Moment) -> Cell:
    tokens = one.passed.sums.injected
    return (f"+{count(tokens)}", "accent") if tokens else ("", "")


def _tokens(one: Played, _moment: Moment) -> Cell:
    found = one.passed.sums
    return f"{count(found.came)} → {count(found.sent)}" if found.came else "", ""


def _saved(one: Played, _moment: Moment) -> Cell:
    money = one.passed.sums.money
    if not money.requests:
        return ("?", "dim") if money.unpriced else ("", "")
    tone = "bad" if money.saved < 0 else "good" if money.saved else "dim"
    return f"{'~' if money.estimated else ''}{dollars(money.saved)}", tone


def _prompt(one: Played, _moment: Moment) -> Cell:
    text = readable(one.prompt.text).replace("\t", " ")
    return (f"! {readable(one.passed.error)}: {text}", "bad") if one.passed.error else (text, "")


def _edits(op: str, one: Played, _moment: Moment) -> Cell:
    return str(one.passed.landed(op) or ""), ""


COLUMNS: Final[tuple[Column[Played], ...]] = (
    Column("#", 4, 3, "", lambda one, _: (str(one.number), "dim"), True),
    Column("prompt", 20, 1, "", _prompt, grows=True),
    Column("tags", 22, 6, "", lambda one, _: (", ".join(one.passed.tags[:3]), "")),
    Column("received → sent", 15, 2, "", _tokens, True),
    Column("recalled", 8, 4, "", _recalled, True),
    Column("trimmed", 7, 8, "", partial(_edits, "replace"), True),
    Column("compacted", 9, 9, "", partial(_edits, "compact"), True),
    Column("cached", 6, 10, "", lambda one, _: (percent(one.passed.sums.cache_share), ""), True),
    Column("saved", 9, 7, "", _saved, True),
    Column("suite", 6, 5, "", lambda one, _: (duration(one.passed.suite_ms), ""), True),
)
