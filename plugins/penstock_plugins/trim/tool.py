"""`COMPRESS`: the agent tool `compress`, also called `context_compress`: shortens a text that an agent passes, as tool
outputs are shortened on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from penstock import Caller, Tool, ToolOutput, estimate_tokens, handle_of
from penstock_plugins.trim.compress import compress as shorten

__all__ = ["COMPRESS"]


def compress(
    caller: Caller,
    text: Annotated[str, Field(max_length=1_000_000)],
    question: Annotated[str, Field(description="What you look for in it; lines about that are kept.")] = "",
    aggressiveness: Literal["safe", "balanced", "bold"] = "balanced",
) -> Any:
    """Shorten a long text (a log, test results, JSON, a search) before you store it or hand it to another agent.
    Errors stay. The answer says how many tokens it had and has; `lossless` is false where lines were left out: they
    are not stored anywhere, so keep the original if you need it."""
    output = ToolOutput(text, question=question, aggressiveness=aggressiveness, can_expand=False)
    found = shorten(output)
    # Nothing is stored, so there is no original to be asked for.
    short = text if found is None else found.text.replace(f"; see all: penstock expand {handle_of(text)}", "")
    return {
        "text": short,
        "lossless": found is None or found.lossless,
        "kind": None if found is None else found.kind,
        "tokens_before": estimate_tokens(text),
        "tokens": estimate_tokens(short),
    }


COMPRESS = [Tool(compress, "Shorten a text"), Tool(compress, "Shorten a text", called="context_compress")]
