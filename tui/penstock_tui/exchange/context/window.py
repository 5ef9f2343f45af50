"""`window_map`: computes the context map of an exchange (`WindowMap`) from its chart, those of earlier requests, and
the findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.conversation.exchange import Kind
from penstock_tui.exchange.context.chart import Chart, chart
from penstock_tui.exchange.context.findings import Finding, findings
from penstock_tui.exchange.context.limits import Limits
from penstock_tui.exchange.model import ExchangeDetail

__all__ = ["WindowMap", "window_map"]


@dataclass(frozen=True, slots=True)
class WindowMap:
    """The context map at the time of one exchange."""

    detail: ExchangeDetail
    now: Chart
    request_before: Chart | None
    """The chart of the conversation's previous request. None: this is the first that the log has."""
    turn_before: Chart | None
    """The chart of the last request of an earlier turn."""
    findings: tuple[Finding, ...]
    by: str = ""
    """The tokenizer with which the parts were measured. Empty: they are estimates."""


def window_map(
    detail: ExchangeDetail, earlier: Sequence[ExchangeDetail], limits: Limits, whole: Callable[[int], ExchangeDetail]
) -> WindowMap:
    """Compute the context map. `detail` is complete; `earlier`: the previous exchanges of its conversation from their
    events, newest first; `whole` gives the complete details of one of them by its index."""
    real = [i for i, one in enumerate(earlier) if one.kind in _REAL and one.shares.total is not None]
    turn = next((i for i in real if (earlier[i].epoch, earlier[i].turn) != (detail.epoch, detail.turn)), None)
    now = chart(detail, limits)
    return WindowMap(
        detail,
        now,
        chart(whole(real[0]), limits) if real else None,
        chart(whole(turn), limits) if turn is not None else None,
        tuple(findings(detail, earlier, now)),
    )


_REAL = frozenset(kind for kind in Kind if kind.is_real)
