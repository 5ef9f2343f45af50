"""`about`: recognises from the text of a provider's 400 which part of the request it refuses (`About`: thinking, cache
breakpoints, the order of the history), where an edit of Penstock's may be the cause."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["About", "about"]

LONGEST = 4000
"""Characters of an error text that are read."""
LEFT_OUT = "thinking was left out, since what stands before it has changed"
"""The text used where a provider answers, but has left thinking out of the request."""


class About(StrEnum):
    """The part of a request that a provider's refusal is about."""

    THINKING = "thinking"
    BREAKPOINT = "cache breakpoints"
    HISTORY = "the order of the history"


_SIGNS: tuple[tuple[About, tuple[str, ...]], ...] = (
    (
        About.THINKING,  # Anthropic
        (
            LEFT_OUT,
            "bound to a different conversation",
            "invalid `signature` in `thinking`",
            "invalid `signature` in `redacted_thinking`",
            "blocks in the latest assistant message cannot be modified",
        ),
    ),
    (About.BREAKPOINT, ("blocks with cache_control may be provided",)),  # Anthropic
    (
        About.HISTORY,
        (
            # Anthropic
            "ids were found without `tool_result` blocks",
            "unexpected `tool_use_id` found",
            "each `tool_use` block must have a corresponding",
            "each `tool_result` block must have a corresponding",
            "`tool_use` ids must be unique",
            "must have non-empty content",
            "text content blocks must be non-empty",
            "roles must alternate",
            # OpenAI
            "must be followed by tool messages",
            "must be a response to a preceding message with 'tool_calls'",
            "no tool output found for function call",
            "no tool call found for function call output",
            "without its required",
            # Gemini
            "number of function response parts",
        ),
    ),
)
"""The providers' own wording in lower case. It is narrow, so that a client's own mistake is not taken for ours."""


def about(error: str) -> About | None:
    """What the text of a 400 is about. None: something that no edit can be the cause of."""
    said = error[:LONGEST].lower()
    return next((one for one, signs in _SIGNS if any(sign in said for sign in signs)), None)
