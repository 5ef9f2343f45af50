"""What is known of earlier requests saves work, and changes nothing: neither a byte that leaves nor an event."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects import continued
from penstock.testing import Session, Turn, profile_of, user
from tests.shapes import claude_code
from tests.strategies import Op, Scripted, edits, steps
from tests.strategies import turns as histories

MODELS = ("claude-sonnet-5", "claude-opus-5-5")
EVERYTHING, NOTHING = 0, 1 << 60
"""From so many bytes on a request is looked for among the earlier ones."""


def told(
    least: int, story: list[tuple[int, list[Turn], list[Op], float]], model: str, ttl: str, aggressiveness: str
) -> tuple[list[bytes], list[object]]:
    """What leaves, request by request, and all that the log says of it but how long things took."""
    stage, left, history = Scripted(), list[bytes](), [user("begin")]
    with patch.object(continued, "_LEAST", least):
        profile = profile_of(f'aggressiveness = "{aggressiveness}"')
        with Session(stage, profile=profile) as session:
            for back, more, ops, gap in story:
                session.wait(gap)
                history = [*history[: max(1, len(history) - back)], *more]
                stage.ops = ops
                left.append(
                    session.send(claude_code(history, ttl=ttl).replace(b"claude-sonnet-4-5", model.encode(), 1))
                )
                if session.outcome.exchange is not None and session.outcome.refusal is None:
                    session.reply("done")
            said = [(e.exchange, e.kind, {k: v for k, v in e.payload.items() if k != "ms"}) for e in session.events()]
    return left, said


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("aggressiveness", ["safe", "bold"])
@given(
    begin=histories(),
    story=st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 1, 3, 6]), steps(), edits, st.sampled_from([0.0, 60.0, 311.0, 3611.0])),
        min_size=1,
        max_size=6,
    ),
    ttl=st.sampled_from(["5m", "1h"]),
)
def test_a_request_that_goes_on_leaves_as_if_it_were_the_first_of_its_kind(
    model: str,
    aggressiveness: str,
    begin: list[Turn],
    story: list[tuple[int, list[Turn], list[Op], float]],
    ttl: str,
) -> None:
    """Whatever a client sends and stages propose: growing, shrinking, cold and warm, with thinking bound or not."""
    story = [(0, begin[1:], [], 0.0), *story]
    assert told(EVERYTHING, story, model, ttl, aggressiveness) == told(NOTHING, story, model, ttl, aggressiveness)
