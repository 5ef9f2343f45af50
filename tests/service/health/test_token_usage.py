"""Tokens by provider and model, from the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore
from penstock_service.health.token_usage import TokenUsage


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(tmp_path / "penstock.db")
    yield store
    store.close()


def answer(log: SqlStore, id: str, model: str, tokens: int) -> None:
    """An exchange that has its answer."""
    about = {"provider": "anthropic", "model": model, "session": "s", "conversation": "c", "kind": "main"}
    usage = {"input": tokens, "cache_read": 10, "output": 1}
    log.add_events(
        [
            Event(0, 1.0, id, EventKind.CLASSIFIED, about),
            Event(0, 2.0, id, EventKind.ANSWERED, {"status": 200, "usage": usage}),
        ]
    )


def found(usage: TokenUsage) -> dict[tuple[str, ...], float]:
    return {tuple(one.labels.values()): one.value for family in usage.collect() for one in family.samples}


def test_counts_what_comes_after_the_first_look(log: SqlStore) -> None:
    """Each answer once, all input together, whether read from the cache or not."""
    answer(log, "before", "m", 1000)
    usage = TokenUsage(log.path)
    assert found(usage) == {}
    answer(log, "a", "m", 100)
    answer(log, "b", "m", 50)
    assert found(usage) == {("anthropic", "m", "input"): 170, ("anthropic", "m", "output"): 2}
    assert found(usage) == {("anthropic", "m", "input"): 170, ("anthropic", "m", "output"): 2}


def test_an_answer_to_a_request_before_the_look(log: SqlStore) -> None:
    """Both halves are put together, though a scrape came in between."""
    about = {"provider": "openai", "model": "m", "session": "s", "conversation": "c", "kind": "main"}
    usage = TokenUsage(log.path)
    found(usage)
    log.add_events([Event(0, 1.0, "a", EventKind.CLASSIFIED, about)])
    found(usage)
    log.add_events([Event(0, 2.0, "a", EventKind.ANSWERED, {"status": 200, "usage": {"input": 3, "output": 4}})])
    assert found(usage) == {("openai", "m", "input"): 3, ("openai", "m", "output"): 4}


def test_a_log_that_begins_later_counts_whole(tmp_path: Path) -> None:
    usage = TokenUsage(tmp_path / "penstock.db")
    assert found(usage) == {}
    store = SqlStore(tmp_path / "penstock.db")
    answer(store, "a", "m", 5)
    assert found(usage)["anthropic", "m", "input"] == 15
    store.close()


def test_names_that_clients_make_up_do_not_fill_the_memory(log: SqlStore) -> None:
    """The rows have an end: what is beyond is in `other`."""
    usage = TokenUsage(log.path)
    found(usage)
    for n in range(150):
        answer(log, f"x{n}", f"model-{n}", 0)
    rows = found(usage)
    assert len({model for _, model, _ in rows}) == 101
    assert rows["anthropic", "other", "output"] == 50
