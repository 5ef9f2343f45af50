"""Budgets in words, for clients and people."""

from __future__ import annotations

from penstock.base.format import printable
from penstock.budget.scopes import Key, Scope

__all__ = ["amount_in_words", "blocked", "part_in_words", "share_blocked", "too_fast"]

_WHOSE = {
    Scope.DAY: "the budget for everything",
    Scope.PROJECT: "the budget of project {name}",
    Scope.AGENT: "the budget of {name}",
    Scope.SESSION: "the budget of this session",
    Scope.CONVERSATION: "the budget of this conversation",
}
_SPANS = {10: "today", 7: "this month", 13: "this hour", 0: ""}
"""By how a period is written."""


def amount_in_words(measure: str, amount: float) -> str:
    """`$3.20`, `1,200 tokens`."""
    return f"${amount:,.2f}" if measure == "dollars" else f"{amount:,.0f} {measure}"


def part_in_words(measure: str, used: float, limit: float) -> str:
    """`$3.20 of $5.00`, `1,200 of 5,000 tokens`."""
    if measure == "dollars":
        return f"{amount_in_words(measure, used)} of {amount_in_words(measure, limit)}"
    return f"{used:,.0f} of {limit:,.0f} {measure}"


def blocked(key: Key, measure: str, used: float, limit: float, *, chat: bool) -> str:
    """Why a request is refused, and what lifts it: one sentence each. `chat`: a message may."""
    whose = _WHOSE[key.scope].format(name=printable(key.name))
    span = _SPANS.get(len(key.period), "")
    say = ", or say here: penstock budget raise" if chat else ""
    return (
        f"Penstock: {whose}{f' {span}' if span else ''} is used up ({part_in_words(measure, used, limit)}). "
        f"To go on, run `penstock budget raise`{say}"
    )


def share_blocked(measure: str, used: float, limit: float) -> str:
    """The same for a subagent. Its agent reads that, and a person has to decide: no command is named."""
    figures = part_in_words(measure, used, limit)
    return f"Penstock: this subagent's share of the session's budget is used up ({figures}). Ask the person"


def too_fast(what: str, wait: float) -> str:
    """Why a request is refused that would have to wait too long."""
    return f"Penstock: {what} is reached; try again in {max(1, round(wait))} s (`penstock budget show`)"
