"""`proxy`: the check of the proxy for `penstock doctor`: whether one is up and answers, who can reach it, and what its
threads have used of the CPU. `health_of`: what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.base.browser_origin import is_loopback
from penstock.base.errors import PenstockError
from penstock.control.client import NoAnswer, Remote
from penstock.control.discovery import is_free, running
from penstock_addons.cli.check_result import CheckResult, Installation, Level
from penstock_addons.control.siblings import workers_beside

__all__ = ["health_of", "proxy"]

_ANSWER_S = 10.0
"""Seconds that a proxy gets to say how it is."""


def proxy(subject: Installation) -> CheckResult:
    """Whether a proxy is up, or could be."""
    up = running(subject.store)
    if up is not None and not is_loopback(up.host):
        return CheckResult(
            "proxy", Level.WARN, f"up on {up.host}:{up.port}, process {up.pid}: other machines can reach it",
            "They are answered only with penstock_allow_remote or proxyauth. --listen-host 127.0.0.1 (`penstock up` "
            "does it by itself) keeps it to this machine.",
        )  # fmt: skip
    if up is not None:
        workers = len(workers_beside(subject.store))
        who = f"process {up.pid} with {workers} workers" if workers else f"process {up.pid}"
        try:
            used = _cpu(subject.store)
        except NoAnswer:
            return CheckResult(
                "proxy", Level.FAIL, f"{who} accepts connections on {up.url()} and does not answer",
                f"Try again; if it stays so, `kill -9 {up.pid}` ends it, and `penstock up` starts another one.",
            )  # fmt: skip
        return CheckResult("proxy", Level.OK, f"up on {up.url()}, {who}, profile {up.profile}{used}")
    if is_free("127.0.0.1", subject.port):
        return CheckResult("proxy", Level.OK, f"none is up; port {subject.port} is free for `penstock up`")
    return CheckResult(
        "proxy", Level.WARN, f"none is up, and port {subject.port} is in use by another program",
        "Start the proxy elsewhere: penstock up --port PORT. `penstock run` finds a port by itself.",
    )  # fmt: skip


def health_of(store: Path) -> Mapping[str, Any]:
    """What the proxy with this store says of itself. Raises `NotUp`, `NoAnswer` and `Refused`."""
    return Remote(store).do("/health", {}, _ANSWER_S)


def _cpu(store: Path) -> str:
    """What the threads of the proxy have used of the CPU, the most first. Raises `NoAnswer`."""
    try:
        used: Mapping[str, float] = health_of(store)["threads"]
    except NoAnswer:
        raise
    except (PenstockError, KeyError):  # it has just ended, or is of an earlier version
        return ""
    most = sorted(used.items(), key=lambda one: -one[1])[:5]
    return f"; CPU: {', '.join(f'{name} {seconds:.1f} s' for name, seconds in most)}" if most else ""
