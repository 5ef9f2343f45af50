"""What an Anthropic answer cost, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.conversation.reply import Usage
from penstock.dialects.anthropic_usage import usage

HOUR = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 60_000}


def read(*said: Any) -> Usage:
    """The counts of a stream that says these one after the other."""
    found = Usage()
    for one in said:
        found = usage(one, found)
    return found


def written(found: Usage) -> tuple[int | None, int | None]:
    return found.cache_write, found.cache_write_hour


@pytest.mark.parametrize(
    "said",
    [
        {"cache_creation_input_tokens": 60_000, "cache_creation": HOUR},
        {"cache_creation_input_tokens": 0, "cache_creation": HOUR},
        {"cache_creation": HOUR},
        {"cache_creation": {"ephemeral_1h_input_tokens": 60_000}},
    ],
)
def test_writes_are_found_where_only_the_breakdown_names_them(said: dict[str, Any]) -> None:
    """Some answers give them in `cache_creation` alone, with 0 or nothing as their sum."""
    assert written(read(said)) == (60_000, 60_000)


def test_one_sum_is_not_split() -> None:
    """Which lifetime it was is not said then."""
    assert written(read({"cache_creation_input_tokens": 700})) == (700, None)


def test_a_sum_that_grows_is_split_as_before() -> None:
    """`message_delta` repeats the sum without the breakdown; one of 0 takes nothing back."""
    start = {"cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 300}}
    assert written(read(start, {"cache_creation_input_tokens": 800})) == (800, 600)
    assert written(read(start, {"cache_creation_input_tokens": 0})) == (400, 300)
    nothing = {"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}}
    assert written(read(nothing, {"cache_creation_input_tokens": 800})) == (800, None)


COMPACTED = {
    "input_tokens": 23_000,
    "output_tokens": 1000,
    "iterations": [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1000},
    ],
}
"""The example of https://platform.claude.com/docs/en/build-with-claude/compaction-threshold."""


def test_a_compaction_is_paid_besides() -> None:
    """The top-level counts leave it out; what they sum up is not added again."""
    found = read(COMPACTED)
    assert (found.input, found.output, found.passes) == (23_000, 1000, 2)
    assert found.others == (Usage(input=180_000, output=3500),)


def test_an_advisor_is_paid_at_its_own_price() -> None:
    """Each entry names its model."""
    advice = {"type": "advisor_message", "model": "claude-opus-5-5", "input_tokens": 900, "output_tokens": 70}
    found = read({"input_tokens": 10, "iterations": [{"type": "message", "input_tokens": 10}, advice]})
    assert found.others == (Usage(input=900, output=70, model="claude-opus-5-5"),)


@pytest.mark.parametrize(("output", "others"), [(578, 1), (0, 0)])
def test_a_model_that_declined_is_paid_if_it_had_begun(output: int, others: int) -> None:
    """The top-level counts are those of the model that answered in its place."""
    declined = {"type": "message", "model": "fable", "input_tokens": 2, "output_tokens": output}
    declined |= {"cache_creation_input_tokens": 10_421, "cache_read_input_tokens": 72_769}
    served = {"type": "fallback_message", "model": "opus", "input_tokens": 2, "output_tokens": 13_658}
    loop = {"type": "message", "model": "opus", "input_tokens": 1, "output_tokens": 1}
    found = read({"input_tokens": 3, "output_tokens": 13_659, "iterations": [declined, loop, served]})
    wanted = Usage(input=2, output=578, cache_read=72_769, cache_write=10_421, model="fable")
    assert found.others == (wanted,) * others


def test_the_split_of_several_passes_is_that_of_the_model_that_answered() -> None:
    """`message_delta` has no breakdown of its own, its iterations do."""

    def one(kind: str, model: str, five: int, hour: int) -> dict[str, Any]:
        split = {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}
        return {"type": kind, "model": model, "cache_creation": split, "output_tokens": 1}

    passes = [one("message", "fable", 7, 7), one("message", "opus", 10, 20), one("fallback_message", "opus", 30, 0)]
    found = read({"cache_creation_input_tokens": 60, "iterations": passes})
    assert written(found) == (60, 20)
    assert [written(other) for other in found.others] == [(14, 7)]


def test_passes_of_the_model_are_no_longer_request() -> None:
    """With server-side tools the counts are sums over passes: they say nothing of the length of the request."""
    assert read({"input_tokens": 10, "iterations": [{"type": "message"}] * 3}).passes == 3
    assert read({"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0}}).passes == 2
    assert read({"server_tool_use": {"web_fetch_requests": 1}}).passes == 2
    assert read({"input_tokens": 10, "iterations": [{"type": "message"}]}).passes == 1


def test_the_terms_of_a_request_are_told() -> None:
    """How fast, where, and whether it could wait; what is said first stays until it is said again."""
    found = read({"speed": "fast", "inference_geo": "us", "service_tier": "batch"}, {"output_tokens": 3})
    assert (found.is_fast, found.is_us, found.is_deferred) == (True, True, True)
    found = read({"speed": "standard", "inference_geo": "global", "service_tier": "standard"})
    assert (found.is_fast, found.is_us, found.is_deferred) == (False, False, False)
    assert read({"server_tool_use": {"web_search_requests": 4}}).searches == 4
    assert read({"cost": 0.0123}).dollars == 0.0123
