"""What the words of a 400 are about."""

from __future__ import annotations

import pytest

from penstock.dialects.rejection import About, about

SAID = [
    (
        "messages.1.content.0: Invalid `signature` in `thinking` block. It is bound to a different conversation.",
        About.THINKING,
    ),
    (
        "messages.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified",
        About.THINKING,
    ),
    ("messages.3.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`", None),
    ("tools.3.custom.input_schema: JSON schema is invalid for tool_use", None),
    ("parallel_tool_calls is not supported for this tool_call", None),
    ("messages.0.content.1.cache_control: a ttl='1h' block must not come after a ttl='5m' block", None),
    ("A maximum of 4 blocks with cache_control may be provided. Found 5.", About.BREAKPOINT),
    ("messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1", About.HISTORY),
    ("messages.4.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1", About.HISTORY),
    ("No tool output found for function call call_1.", About.HISTORY),
    ("An assistant message with 'tool_calls' must be followed by tool messages", About.HISTORY),
    ("Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'", About.HISTORY),
    ("messages.1: all messages must have non-empty content", About.HISTORY),
    ("prompt is too long: 1000001 tokens > 1000000 maximum", None),
    ("max_tokens: 64000 > 32000, which is the maximum allowed", None),
    ("", None),
]


@pytest.mark.parametrize(("error", "expected"), SAID)
def test_a_refusal_is_about(error: str, expected: About | None) -> None:
    """Only what an edit of ours can be the cause of."""
    assert about(error) is expected
