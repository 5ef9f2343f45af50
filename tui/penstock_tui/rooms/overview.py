"""The overview: sums, the pulse of requests, and whether every part works."""

from __future__ import annotations

from penstock_tui.figures import age, ago, count, dollars, many, percent, sparkline
from penstock_tui.health import Proxy
from penstock_tui.rooms.names import RoomName
from penstock_tui.rooms.parts import part_lines
from penstock_tui.rooms.room import Words
from penstock_tui.rooms.text_room import TextRoom
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.lines import LABEL, Line, labelled, section

__all__ = ["OverviewRoom"]

HOUR = 60


class OverviewRoom(TextRoom):
    """The whole at a glance."""

    NAME = RoomName.OVERVIEW

    def words(self) -> Words | None:
        return None  # an empty log has a health too

    def head(self, now: float) -> list[Fact]:
        requests = self.feed.model.totals.requests
        return [Fact(many(requests, "request") if requests else "no request yet", 2)]

    def lines(self, now: float, width: int) -> list[Line]:
        return [
            *section("Sums over this log", self._sums(now)),
            *section("Pulse", self._pulse(now, width)),
            *section("Health", part_lines(self.feed, now)),
        ]

    def _sums(self, now: float) -> list[Line]:
        totals, taken = self.feed.model.totals, self.feed.model.compactions
        waiting = f", {taken.waiting:,} pending" if taken.waiting else ""
        freed = f", {count(taken.freed)} tokens freed" if taken.landed else ""
        cache = percent(totals.cache_share)
        return [
            labelled("uptime", (self._uptime(now), "plain")),
            labelled("requests", (f"{many(totals.requests, 'request')}, {many(totals.turns, 'turn')}", "plain")),
            labelled("compactions", (f"{taken.landed:,} landed{freed}{waiting}", "plain")),
            labelled("tokens", *self._tokens()),
            labelled("money", *self._money()),
            labelled("cache", (f"{cache} of input read from it" if cache else "no provider has told yet", "plain")),
        ]

    def _uptime(self, now: float) -> str:
        health = self.feed.model.health
        if health.started_at is None:
            return "not known: no proxy has signed this log"
        if self.feed.proxy is Proxy.RUNNING:
            return f"{age(now - health.started_at)}, since the proxy started"
        end = health.stopped_at if health.stopped_at is not None else health.last_at or health.started_at
        return f"{age(end - health.started_at)}, until the proxy ended {ago(end, now)}"

    def _tokens(self) -> tuple[tuple[str, str], ...]:
        totals = self.feed.model.totals
        sent = (f"{count(totals.tokens_out)} sent", "plain")
        if not totals.saved:
            return (sent,)
        share = f" ({percent(abs(totals.saved) / totals.tokens_in)})" if totals.tokens_in else ""
        if totals.saved < 0:
            return sent, (f", {count(-totals.saved)} added{share}", "warn")
        return sent, (f", {count(totals.saved)} kept off the wire{share}", "good")

    def _money(self) -> tuple[tuple[str, str], ...]:
        purse = self.feed.model.totals.purse
        if not purse.requests:
            return (("nothing booked yet", "plain"),)
        about = "~" if purse.estimated else ""
        word, tone = ("lost", "bad") if purse.saved < 0 else ("saved", "good")
        share = f" ({percent(abs(purse.saved) / purse.baseline)})" if purse.baseline and purse.saved else ""
        paid = f", {about}{dollars(purse.paid)} paid"
        return (f"{about}{dollars(purse.saved)} {word}{share}", tone), (paid, "plain")

    def _pulse(self, now: float, width: int) -> list[Line]:
        pulse = self.feed.model.pulse
        minutes = pulse.minutes(now, HOUR)
        drawn = sparkline(minutes, min(HOUR, width - LABEL))
        axis = f"{f'{HOUR} min ago':<{max(len(drawn) - 3, 0)}}now" if len(drawn) > 16 else ""
        return [
            labelled("now", (f"{pulse.per_minute(now)} requests a minute", "plain")),
            labelled("last hour", (drawn, "accent")),
            labelled("", (axis, "dim")),
            labelled("", (f"{many(sum(minutes), 'request')}, at most {max(minutes)} in a minute", "dim")),
        ]
