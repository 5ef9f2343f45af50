"""`usage`: reads token counts and cost items from the `usage` of an Anthropic answer.

Fields: https://platform.claude.com/docs/en/api/messages (`Usage`), and `BetaUsage` of the Python SDK 2.12.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from penstock.conversation.reply import Usage
from penstock.conversation.reported_counts import count, dollars, line, mapping, objects

__all__ = ["usage"]

T = TypeVar("T")

_LOOP = "message"
"""The type of an iteration that the top-level counts sum up: one pass of the model that answered."""
_SERVED = "fallback_message"
"""The last pass of a model that answered in another's place."""


def usage(said: object, before: Usage) -> Usage:
    """`before` updated with the fields of `said`. `message_delta` repeats the counts of `message_start` with a larger
    output, so the last value counts; missing fields keep theirs."""
    fields = mapping(said)
    iterations = list(objects(fields.get("iterations")))
    out = _with_counts(replace(before), fields, [one for one in iterations if _is_summed(one, _server(iterations))])
    tools = mapping(fields.get("server_tool_use"))
    out.searches = _last(count(tools.get("web_search_requests")), out.searches)
    called = out.searches + (count(tools.get("web_fetch_requests")) or 0)
    out.passes = max(out.passes, len(iterations), 2 if called else 1)
    if iterations:
        out.others = tuple(_others(iterations))
    out.is_fast = _last(_is(fields, "speed", "fast"), out.is_fast)
    out.is_us = _last(_is(fields, "inference_geo", "us"), out.is_us)
    out.is_deferred = _last(_is(fields, "service_tier", "batch"), out.is_deferred)
    out.dollars = _last(dollars(fields.get("cost")), out.dollars)  # OpenRouter speaks this format, too
    return out


def _with_counts(out: Usage, fields: Mapping[str, Any], passes: list[Mapping[str, Any]]) -> Usage:
    out.input = _last(count(fields.get("input_tokens")), out.input)
    out.output = _last(count(fields.get("output_tokens")), out.output)
    out.cache_read = _last(count(fields.get("cache_read_input_tokens")), out.cache_read)
    written = count(fields.get("cache_creation_input_tokens"))
    split = _split(fields) or _sum(passes)
    if split is not None:
        # Some answers name writes in the breakdown alone, and 0 or nothing as their sum: Claude Code reads both since
        # 2.1.152 (https://github.com/anthropics/claude-code/blob/main/CHANGELOG.md).
        out.cache_write = max(written or 0, sum(split))
        out.cache_write_hour = _share(out.cache_write, split[1], sum(split))
    elif written:
        # `message_delta` has a sum that may have grown, and no breakdown.
        if out.cache_write_hour is not None:
            out.cache_write_hour = _share(written, out.cache_write_hour, out.cache_write or 0)
        out.cache_write = written
    elif written == 0 and out.cache_write is None:
        out.cache_write = 0
    return out


def _split(fields: Mapping[str, Any]) -> tuple[int, int] | None:
    """Tokens written for five minutes and for an hour. None: it is not said."""
    said = mapping(fields.get("cache_creation"))
    five, hour = (count(said.get(f"ephemeral_{life}_input_tokens")) for life in ("5m", "1h"))
    return None if five is None and hour is None else (five or 0, hour or 0)


def _sum(passes: list[Mapping[str, Any]]) -> tuple[int, int] | None:
    splits = [split for one in passes if (split := _split(one)) is not None]
    if not splits or len(splits) < len(passes):
        return None
    return sum(five for five, _ in splits), sum(hour for _, hour in splits)


def _share(total: int, part: int, whole: int) -> int | None:
    """Of `total`, as much as `part` is of `whole`."""
    if whole:
        return round(total * part / whole)
    return None if total else 0


def _others(iterations: list[Mapping[str, Any]]) -> list[Usage]:
    """The iterations that the top-level counts leave out: every type but a pass of the model that answered, such as a
    `compaction` and an `advisor_message`.

    Where another model answered in place of one that declined, the top-level counts are that model's
    (https://github.com/ccusage/ccusage/issues/1552). The pass of the model that declined was paid if it had begun to
    answer: a request that is declined before any output is not billed
    (https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback)."""
    served = _server(iterations)
    others = (one for one in iterations if not _is_summed(one, served))
    paid = (one for one in others if one.get("type") != _LOOP or count(one.get("output_tokens")))
    return [replace(_with_counts(Usage(), one, []), model=line(one.get("model"))) for one in paid]


def _server(iterations: list[Mapping[str, Any]]) -> str:
    """The model that answered in another's place. Empty: none did."""
    return next((line(one.get("model")) for one in iterations if one.get("type") == _SERVED), "")


def _is_summed(one: Mapping[str, Any], served: str) -> bool:
    """Whether the top-level counts hold an iteration."""
    model = line(one.get("model"))
    return one.get("type") == _SERVED or (one.get("type") == _LOOP and (not served or model in ("", served)))


def _is(fields: Mapping[str, Any], name: str, word: str) -> bool | None:
    """Whether a field says `word`. None: it says nothing."""
    said = fields.get(name)
    return said == word if isinstance(said, str) else None


def _last(said: T | None, before: T) -> T:
    return before if said is None else said
