"""Describes one edit in words (`describe`): operation, state (`state_of`), tokens before and after (`size_of`), reason;
and gives the sign (`mark_of`) and the colour (`tone_of_edit`) of its state."""

from __future__ import annotations

from penstock_tui.exchange.model import Change, EditState
from penstock_tui.format import count

__all__ = ["describe", "mark_of", "size_of", "state_of", "tone_of_edit"]

_MARKS = {EditState.LANDED: "✎", EditState.FROZEN: "❄", EditState.PENDING: "…", EditState.LEFT_OUT: "✗"}
_TONES = {EditState.LANDED: "good", EditState.FROZEN: "accent", EditState.PENDING: "warn", EditState.LEFT_OUT: "dim"}


def describe(change: Change) -> str:
    """An edit in one line: operation, state, saving, reason."""
    what = " ".join(filter(None, (change.op or "edit", state_of(change), size_of(change))))
    return f"{what}: {change.reason}" if change.reason else what


def state_of(change: Change) -> str:
    """The state of an edit, in words."""
    if change.is_covered:
        return "in a record"
    if change.edit_state is EditState.FROZEN:
        return f"frozen (turn {change.turn})" if change.turn else "frozen"
    return str(change.edit_state or change.state)


def mark_of(change: Change) -> str:
    """The sign of an edit's state."""
    return "·" if change.is_covered else _MARKS[change.edit_state] if change.edit_state else "?"


def tone_of_edit(change: Change) -> str:
    """The colour of an edit's state."""
    return "dim" if change.edit_state is None or change.is_covered else _TONES[change.edit_state]


def size_of(change: Change) -> str:
    """Tokens before and after."""
    if change.before and change.after is not None:
        return f"{count(change.before)} → {count(change.after)} tokens"
    return f"+{count(change.after)} tokens" if change.after is not None else ""
