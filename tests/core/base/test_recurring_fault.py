"""A fault that a loop meets again and again is logged once."""

from __future__ import annotations

import logging

import pytest

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
