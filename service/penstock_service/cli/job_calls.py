"""Calls a running service about jobs for the commands (`call`), waits for a job with its progress shown (`wait_for`;
raises `PenstockError` if it failed or was cancelled), and describes a job in words (`said`)."""

from __future__ import annotations

import sys
import time
from typing import Any

import typer

from penstock.base.errors import PenstockError
from penstock.client import Client
from penstock.client.requests import Request

__all__ = ["JOBS", "call", "said", "wait_for"]

JOBS = "/v1/workers/jobs"
_ASK_S = 0.3
"""Seconds between two questions how far a job is."""


def call(client: Client, method: str, path: str, body: Any = None, query: Any = None) -> dict[str, Any]:
    """Make a call whose answer is a JSON object. Raises `ServiceError`."""
    return client.do(Request(method, path, lambda answer: dict(answer), body, query or {}))


def wait_for(client: Client, number: str) -> dict[str, Any]:
    """A job when it has ended; at a terminal its progress is shown meanwhile. Raises `PenstockError` when it failed or
    was cancelled."""
    shown = ""
    while (job := call(client, "GET", f"{JOBS}/{number}"))["state"] in ("waiting", "running"):
        if sys.stderr.isatty() and (far := said(job)) != shown:
            typer.echo(far, err=True)
            shown = far
        time.sleep(_ASK_S)
    if job["state"] != "done":
        raise PenstockError(f"job {number} ({job['job_type']}) {job['state']}: {job['error'] or 'on request'}")
    return job


def said(job: dict[str, Any]) -> str:
    """The state of a job in a few words, with its progress."""
    far = job["progress"]
    if job["state"] != "running" or far is None:
        return str(job["error"] or "")
    of = f" of {far['total']:,}" if far["total"] else ""
    return f"{far['what']}: {far['done']:,}{of}"
