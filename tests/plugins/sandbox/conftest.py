"""Fixtures: a sandbox with small limits, in which code is run as the tools run it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock_plugins.sandbox.bubblewrap import why_unusable
from penstock_plugins.sandbox.run import Outcome, Program, run
from penstock_plugins.sandbox.runtimes import RUNTIMES, find_runtimes
from penstock_plugins.sandbox.settings import Settings
from penstock_plugins.sandbox.states import States

Execute = Callable[..., Outcome]


@pytest.fixture(scope="session")
def sandbox() -> None:
    """Skips where bubblewrap is not installed; fails where it is and does not work."""
    why = why_unusable()
    if why and (not shutil.which("bwrap") or "installed" in why):
        pytest.skip(f"the sandbox: {why}")
    assert not why


@pytest.fixture
def states_at() -> Iterator[Path]:
    """A folder that `nobody` can reach, too, which the temporary folders of tests are not."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-states-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def execute(sandbox: None, states_at: Path) -> Execute:
    """Run code in a language, with other settings if given."""
    installed = find_runtimes()

    def one(language: str, code: str, *, state: str = "", stdin: str = "", **settings: object) -> Outcome:
        if language not in installed:
            pytest.skip(f"{language} is not installed below /usr")
        limits = Settings.model_validate({"wall_s": 20, "memory_mb": 256, "disk_mb": 8, **settings})
        with States(states_at, 7).opened("project", state) as work:
            return run(Program(RUNTIMES[language], installed[language], code, stdin, work), limits)

    return one
