"""All counts together: what they come to does not depend on how the log was read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.events.event import Event, EventKind
from penstock_tui.log.log_model import LogModel
from tests.tui.logs import paid_life

K = EventKind
WORDS = st.sampled_from(["", "a", "b", "c"])
STRANGE = st.dictionaries(
    st.sampled_from(["tags", "of", "op", "state", "stage", "outcome", "ms", "limits", "before", "usage", "session"]),
    st.one_of(st.none(), st.integers(-5, 5), WORDS, st.lists(WORDS, max_size=2), st.just("compact"), st.just("landed")),
)


def whole(number: int) -> list[Event]:
    """A life in one of three sessions, with tags and a compaction."""
    facts: list[tuple[EventKind, dict[str, Any]]] = list(paid_life(0.04, 0.01 * number, session=f"s{number % 3}"))
    facts.insert(3, (K.TAGGED, {"of": "turn", "tags": [f"tag{number % 4}"], "primary": f"tag{number % 4}"}))
    compact = {"stage": "compaction", "op": "compact", "state": "landed", "before": 90, "after": 10}
    facts.insert(3, (K.EDIT, compact | {"place": f"{number}.0"}))
    return [Event(number * 100 + i, 100.0 + i, f"x{number}", kind, data) for i, (kind, data) in enumerate(facts)]


def sums(model: LogModel) -> object:
    sessions = [(one.name, one.totals, one.first_at, one.last_at) for one in model.sessions.listed()]
    stages = {name: (one.outcomes, one.times.quantiles(0.5)) for name, one in model.pipeline.stages.items()}
    taken = [(one.key, one.state, one.freed) for one in model.compactions.rows]
    return model.totals, sessions, model.tags.listed(), taken, stages, model.request_rate.minutes(200.0)


def folded(events: list[Event], cuts: list[int]) -> LogModel:
    model = LogModel(limit=8)  # what follows an exchange that is still told of: two requests, and two lines for each
    bounds = [0, *sorted(cuts), len(events)]
    for start, end in pairwise(bounds):
        model.apply(events[start:end])
    return model


@given(st.lists(STRANGE, max_size=6), st.lists(st.integers(0, 60), max_size=8))
def test_batches_of_any_size_give_the_same_sums(strange: list[dict[str, Any]], cuts: list[int]) -> None:
    """A log read at once and one that was followed event by event; damaged payloads included."""
    events = [event for number in range(3) for event in whole(number)]
    events += [Event(900 + i, 150.0, f"x{i}", kind, data) for i, data in enumerate(strange) for kind in K]
    assert sums(folded(events, [cut for cut in cuts if cut < len(events)])) == sums(folded(events, []))


def test_sessions_add_up_to_the_whole() -> None:
    """Those included whose rows are gone."""
    model = LogModel(limit=4)
    for number in range(12):
        model.apply(whole(number))
    sessions = model.sessions.listed()
    assert sum(one.totals.requests for one in sessions) == model.totals.requests == 12
    assert sum(one.totals.tokens_out for one in sessions) == model.totals.tokens_out
    assert round(sum(one.totals.costs.saved for one in sessions), 6) == model.totals.costs.saved
    assert sum(one.rows for one in sessions) == 4


def test_a_new_log_begins_at_nothing() -> None:
    """What was counted in the one before is gone with it."""
    model = LogModel()
    model.apply(whole(1))
    model.clear()
    assert sums(model) == sums(LogModel())
