"""Fixtures for tests of the gateway's commands: run one that succeeds (`say`) or fails (`fail`), and the store they
write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from typer.testing import CliRunner, Result

from penstock.base import paths
from penstock.cli import build
from penstock.gateway.database import FILE_NAME, GatewayStore

Say = Callable[..., str]
Fail = Callable[..., str]


def _run(words: tuple[str, ...], stdin: str | None) -> Result:
    return CliRunner().invoke(build(), list(words), prog_name="penstock", input=stdin)


@pytest.fixture
def say() -> Say:
    """Types a command that goes well, and gives what was printed to stdout."""

    def say(*words: str, stdin: str | None = None) -> str:
        found = _run(words, stdin)
        assert found.exit_code == 0, found.output
        return found.stdout

    return say


@pytest.fixture
def fail() -> Fail:
    """Types a command that ends with an error, and gives all that was printed."""

    def fail(*words: str, stdin: str | None = None) -> str:
        found = _run(words, stdin)
        assert found.exit_code != 0, found.output
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return " ".join(found.output.split())

    return fail


@pytest.fixture
def store() -> Iterator[GatewayStore]:
    """The store that the commands write."""
    with closing(GatewayStore(paths.store_path().parent / FILE_NAME)) as store:
        yield store
