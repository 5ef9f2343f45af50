"""The stage `keepalive` (`KeepAlive`, given by the hook `stages`): while the user is idle, decides whether the proxy
repeats the last request before the provider's prompt cache expires, within the limits of requests and dollars of its
settings."""

from __future__ import annotations

from collections import OrderedDict, deque

from penstock import Idle, Profile, Stage, hookimpl, validate_table
from penstock_plugins.keepalive.pauses import Pauses
from penstock_plugins.keepalive.settings import Settings
from penstock_plugins.keepalive.worth import value_of_reading

__all__ = ["KeepAlive", "stages"]

PEOPLE = 500
"""The number of users and projects whose pauses are kept."""
SPENT = 1 / 3
"""The share of what a conversation has saved, by estimate, that may be spent on one more read."""
_HOUR = 3600.0


class KeepAlive(Stage):
    """Asks for keep-alive requests while their expected value is above their cost."""

    name = "keepalive"
    enabled_by_default = False

    def __init__(self, settings: Settings) -> None:
        self.settings = self._settings = settings
        self._pauses: OrderedDict[tuple[str, str], Pauses] = OrderedDict()
        self._reads: deque[tuple[float, float]] = deque()
        """When reads were sent in the last hour, and what they cost."""

    def migrate_from(self, before: Stage) -> None:
        if isinstance(before, KeepAlive):
            self._pauses, self._reads = before._pauses, before._reads

    def on_idle(self, idle: Idle) -> bool:
        pauses = self._of(idle)
        if not idle.reads and not idle.is_due and idle.paused_s is not None:
            pauses.add(idle.paused_s)
        wants = self._is_within_the_hour(idle) and self._may(idle) and self._pays(idle, pauses)
        if wants and idle.is_due:
            self._reads.append((idle.at, idle.cost))
        return wants

    def _of(self, idle: Idle) -> Pauses:
        who = idle.exchange.identity
        found = self._pauses.setdefault((who.account, who.project), Pauses())
        self._pauses.move_to_end((who.account, who.project))
        while len(self._pauses) > PEOPLE:
            self._pauses.popitem(last=False)
        return found

    def _may(self, idle: Idle) -> bool:
        given = self._settings
        return (
            (given.logins or not idle.is_login)
            and idle.requests >= given.requests
            and idle.tokens >= given.least
            and idle.reads < given.per_pause
            and idle.cost <= given.dollars_per_read
            and idle.cost <= min(SPENT * idle.saved, idle.saved) + given.risk * idle.untouched
        )

    def _pays(self, idle: Idle, pauses: Pauses) -> bool:
        price, step = idle.price, idle.step_s

        def chance(n: int) -> float:
            return pauses.chance((idle.reads + n + 1) * step, step)

        write = price.write_hour if idle.is_long else price.write
        rewrite = (write - price.read) * self._settings.rewritten
        return value_of_reading(chance, price.read, rewrite) > 0

    def _is_within_the_hour(self, idle: Idle) -> bool:
        while self._reads and self._reads[0][0] < idle.at - _HOUR:
            self._reads.popleft()
        spent = sum(dollars for _, dollars in self._reads)
        return len(self._reads) < self._settings.per_hour and spent + idle.cost <= self._settings.dollars_per_hour


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The keep-alive stage, as the profile sets it up."""
    given = profile.settings_of("keepalive")
    return [KeepAlive(validate_table(Settings, given, f"{profile.where}: stage.keepalive."))]
