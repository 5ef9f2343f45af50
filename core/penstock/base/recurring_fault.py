"""`RecurringFault`: logs a fault that a loop meets at each turn while it lasts: once, and when its text changes. Of a
server that stays away, its outage has the reasons in the log."""

from __future__ import annotations

import logging

from penstock.base.errors import ServerAway

__all__ = ["RecurringFault"]


class RecurringFault:
    """Any thread may call."""

    def __init__(self, logger: logging.Logger, message: str) -> None:
        """`message`: what goes wrong, with `%s` for the error."""
        self._logger, self._message = logger, message
        self._logged = ""

    def met(self, error: Exception) -> None:
        """It was met, now or again."""
        said = str(error)
        if self._logged and isinstance(error, ServerAway):
            return
        if said != self._logged:
            self._logged = said
            self._logger.warning(self._message, said)

    def over(self) -> None:
        """What failed has worked: the next fault is logged whatever its text is."""
        self._logged = ""
