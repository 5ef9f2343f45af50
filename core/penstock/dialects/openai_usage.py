"""`usage` reads the token counts of an answer in OpenAI's formats, with what DeepSeek, Moonshot and OpenRouter add:
tokens read from the cache, and dollars.

Never raises: a number that is missing, or is not one, counts as not reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.conversation.reply import Usage
from penstock.conversation.reported_counts import count, dollars, mapping

__all__ = ["usage"]


def usage(said: object, sent: str, got: str, tier: object = None) -> Usage:
    """The token counts of an answer; `sent` and `got` are the format's words for the two sides, `tier` is the answer's
    `service_tier`.

    OpenAI counts what was read from the cache, and what was written to it, inside the total, and bills each token once
    (https://developers.openai.com/api/docs/guides/prompt-caching; `ResponseUsage` and `CompletionUsage` of the Python
    SDK 3.54.0). DeepSeek and Moonshot name what was read beside the total (https://api-docs.deepseek.com/guides/kv_cache,
    https://platform.moonshot.ai/docs/api/chat). OpenRouter names the dollars in `cost`, and apart from it what another
    provider charges for a request with the client's own key
    (https://openrouter.ai/docs/use-cases/usage-accounting).
    """
    data = mapping(said)
    total = count(data.get(f"{sent}_tokens"))
    details = mapping(data.get(f"{sent}_tokens_details"))
    read = _first(details.get("cached_tokens"), data.get("prompt_cache_hit_tokens"), data.get("cached_tokens"))
    split = mapping(details.get("cache_write_tokens_details"))
    long, short = count(split.get("ttl_12h_tokens")), count(split.get("ttl_30m_tokens"))
    written = count(details.get("cache_write_tokens"))
    if long is not None or short is not None:
        written = max(written or 0, (long or 0) + (short or 0))
        long = long or 0
    if total is not None:
        read = None if read is None else min(read, total)
        written = None if written is None else min(written, total - (read or 0))
        total -= (read or 0) + (written or 0)
    return Usage(
        input=total,
        output=count(data.get(f"{got}_tokens")),
        cache_read=read,
        cache_write=written,
        cache_write_hour=None if long is None else min(long, written or 0),
        is_fast=tier == "priority",
        is_deferred=tier == "flex",
        dollars=_cost(data),
    )


def _first(*said: object) -> int | None:
    return next((n for one in said if (n := count(one)) is not None), None)


def _cost(data: Mapping[str, Any]) -> float | None:
    paid = dollars(data.get("cost"))
    if paid is None or data.get("is_byok") is not True:
        return paid
    upstream = dollars(mapping(data.get("cost_details")).get("upstream_inference_cost"))
    return None if upstream is None else paid + upstream
