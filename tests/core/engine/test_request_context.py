"""One request, shared by the loop that waits and the thread that works."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from penstock.base.errors import Unreadable
from penstock.cost.prices import Price
from penstock.engine.request_context import RequestContext, Superseded
from penstock.testing import Session, conversation, user
from tests.engines import Blocks, request


@pytest.fixture
def context() -> Iterator[RequestContext]:
    """Of a request that nobody has read yet, with one stage before it."""
    with Session(Blocks()) as session:
        yield session.engine._context(request(conversation(user("one"))))


@pytest.mark.parametrize("name", ["conversation", "exchange", "state"])
def test_what_was_not_read_is_not_known(context: RequestContext, name: str) -> None:
    """Whoever asks too early is told, and the request goes past the pipeline."""
    with pytest.raises(Unreadable):
        getattr(context, name)


@pytest.mark.parametrize("does", [lambda c: c.advance(0, 1, 10.0), lambda c: c.commit(0)], ids=["advance", "commit"])
def test_a_superseded_thread_changes_nothing(context: RequestContext, does: Callable[[RequestContext], None]) -> None:
    """Another goes on from where it stood."""
    context.generation = 1
    before = context.step, context.deadline
    with pytest.raises(Superseded):
        does(context)
    assert (context.step, context.deadline) == before


def test_each_step_has_its_own_deadline(context: RequestContext) -> None:
    """A stage's, then that of writing; once committed there is none."""
    limits = context.profile.limits
    context.advance(0, 0, 10.0)
    assert context.deadline == 10 + limits.stage_ms / 1000
    context.advance(0, 1, 20.0)
    assert context.deadline == 20 + limits.read_ms / 1000
    context.commit(0)
    assert context.deadline == float("inf")


@pytest.mark.parametrize(
    ("aggressiveness", "read", "may"), [("bold", 0.1, True), ("bold", 0.05, False), ("balanced", 0.1, False)]
)
def test_a_warm_cache_is_edited_where_its_tokens_are_dear(
    context: RequestContext, *, aggressiveness: str, read: float, may: bool
) -> None:
    """What is read at a twentieth of the price saves too little to pay for what is fetched again."""
    context.pipeline.profile = context.profile.model_copy(update={"aggressiveness": aggressiveness})
    context.price = Price.of({"input": 4.0, "output": 20.0, "read": read})
    assert context.edits_warm is may
