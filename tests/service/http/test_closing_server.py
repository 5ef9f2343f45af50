"""A server that says when calls are answered."""

from __future__ import annotations

import threading

import uvicorn
from starlette.applications import Starlette

from penstock_service.http.closing_server import ClosingServer


def test_one_that_is_stopped_before_it_serves_says_nothing() -> None:
    """Some versions of uvicorn do not shut down then, and what it said would stand for good."""
    said: list[str] = []
    config = uvicorn.Config(Starlette(), port=0, log_config=None)
    server = ClosingServer(config, threading.Event(), lambda: said.append("ready"))
    server.should_exit = True
    server.run()
    assert said == []
