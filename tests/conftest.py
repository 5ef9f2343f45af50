"""What holds for every test: a Penstock home of its own, the model table as on a fixed day, shared vector processes, a
check for leftover threads, the order of tests, and the settings of Hypothesis."""

from __future__ import annotations

import datetime
import gc
import itertools
import os
import signal
from collections.abc import Iterator
from functools import cache

import httpx
import pytest
from hypothesis import HealthCheck, settings

from penstock.memory.embedders import wordllama
from penstock.memory.vectors import index
from penstock.models import age
from penstock.plugins import manager
from penstock.plugins.manager import BLOCK_VARIABLE
from tests.certificates import shared_ssl_context
from tests.leftover_threads import LeftoverThreads
from tests.sizing import EXPLORE, examples
from tests.vectorprocesses import SharedChild

THE_DAY = datetime.date(2026, 11, 22)
"""A day on which no price of the bundled table was about to change."""

_HOMES = itertools.count()

pytest_plugins = ["penstock.testing.fixtures", "tests.real_parts", "tests.brokers", "tests.postgres", "tests.pgbouncer"]

# A shell starts what runs in the background with Ctrl-C ignored, and so would be what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: how long an example takes depends on what else the machine does. The same examples each time, so that a
# change is judged by what it changes; PENSTOCK_EXPLORE=1 looks for new ones, and many more.
settings.register_profile(
    "penstock",
    deadline=None,
    max_examples=examples(12),
    derandomize=not EXPLORE,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("penstock")


WAITING = ("road", "tui", "service", "hardening", "addons")
"""Folders whose tests wait for processes and screens most of the time."""
COMPUTING = ("promises", "plugins", "deploy", "docs", "examples", "test_imports.py")
"""Others whose files take long. Those of no folder here are many short ones: they come last, so that all workers end at
about the same time."""
IN_MEMORY = "/dev/shm"
"""Where temporary files are, if there is enough space: thousands of databases that live for a second waited for the
disk."""
SPACE = 4 << 30
"""Bytes."""
_RANKS = {folder: rank for rank, folder in enumerate((*WAITING, *COMPUTING))}


def pytest_configure() -> None:
    """Chooses where temporary files are."""
    disk = os.statvfs(IN_MEMORY) if os.access(IN_MEMORY, os.W_OK) else None
    if disk is not None and disk.f_bavail * disk.f_frsize > SPACE and not disk.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", IN_MEMORY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests wait and files whose tests compute take turns: else all workers wait at the same time, and then
    all compute."""
    files: dict[tuple[int, str], list[pytest.Item]] = {}
    for item in items:
        name = item.nodeid.partition("::")[0]
        files.setdefault((_RANKS.get(name.split("/")[1], len(_RANKS)), name), []).append(item)
    ranked = sorted(files)
    waiting = [files[rank, name] for rank, name in ranked if rank < len(WAITING)]
    computing = [files[rank, name] for rank, name in ranked if rank >= len(WAITING)]
    turns = itertools.zip_longest(waiting, computing, fillvalue=[])
    items[:] = [item for turn in turns for file in turn for item in file]


def pytest_collection_finish() -> None:
    """Exempts what is imported and collected from garbage collection: a tenth of the time went into searching it, and
    with Python's default thresholds short tests pay for it, too."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _in_every_test() -> Iterator[None]:
    """The table of models is as old as on the day it was made, so that tests hold in later years, too. A memory gets a
    process for its vectors that another test has used, and the same table of tokens; HTTP clients share the trusted
    certificates, and what is installed is looked up once. No plugin is blocked, and no vocabulary installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(age, "today", lambda: THE_DAY)
        patch.setattr(index, "Child", SharedChild)
        patch.setattr(wordllama, "_loaded", cache(wordllama._loaded))
        patch.setattr(manager, "entry_points", cache(manager.entry_points))
        patch.setattr(httpx._transports.default, "create_ssl_context", shared_ssl_context)
        patch.delenv(BLOCK_VARIABLE, raising=False)
        patch.setenv("TIKTOKEN_CACHE_DIR", "")
        yield


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads the profiles, plugins or store of the user who runs it. No folder is made: that took longer than
    most tests."""
    monkeypatch.setenv("PENSTOCK_HOME", f"{tmp_path_factory.getbasetemp()}/home-{next(_HOMES)}")


@pytest.fixture(scope="module", autouse=True)
def _threads() -> Iterator[LeftoverThreads]:
    """Fails if tests of a module leave threads of Penstock: they would slow later tests, and hide a leak."""
    threads = LeftoverThreads()
    yield threads
    found = threads.found()
    assert not found, "threads of Penstock are left:\n" + "\n".join(found)


@pytest.fixture(autouse=True)
def _threads_of_the_test(request: pytest.FixtureRequest, _threads: LeftoverThreads) -> Iterator[None]:
    """Notes which test began a thread."""
    yield
    _threads.note(request.node.name)
