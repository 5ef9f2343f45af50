"""A fault that a loop meets again and again is logged once."""

from __future__ import annotations

import logging

import pytest

from penstock.base.errors import ServerAway, StoreError
from penstock.base.recurring_fault import RecurringFault


def test_it_is_logged_once_and_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    """And again once what failed has worked meanwhile."""
    fault = RecurringFault(logging.getLogger("penstock"), "jobs wait: %s")
    refused = OSError("connection refused")
    for error in (refused, refused, OSError("no answer"), refused):
        fault.met(error)
    fault.over()
    fault.met(refused)
    said = [one.message.removeprefix("jobs wait: ") for one in caplog.records]
    assert said == ["connection refused", "no answer", "connection refused", "connection refused"]


def test_a_server_that_stays_away_is_told_by_its_outage(caplog: pytest.LogCaptureFixture) -> None:
    """Which logs each reason; here it would stand once more, for each loop that needs the server."""
    fault = RecurringFault(logging.getLogger("penstock"), "jobs wait: %s")
    for error in (StoreError("cannot be read"), ServerAway("connection refused"), ServerAway("is starting")):
        fault.met(error)
    fault.over()
    fault.met(ServerAway("connection refused"))
    said = [one.message.removeprefix("jobs wait: ") for one in caplog.records]
    assert said == ["cannot be read", "connection refused"]
