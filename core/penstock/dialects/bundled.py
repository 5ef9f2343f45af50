"""`bundled_dialects`: the dialects that come with Penstock, in the order in which they are tried."""

from __future__ import annotations

from penstock.dialects.anthropic import Anthropic
from penstock.dialects.base import Dialect
from penstock.dialects.gemini import Gemini
from penstock.dialects.ollama import OllamaChat, OllamaGenerate
from penstock.dialects.openai_chat import OpenAIChat
from penstock.dialects.openai_responses import OpenAIResponses

__all__ = ["bundled_dialects"]


def bundled_dialects() -> list[Dialect]:
    """One of each, in the order in which they are asked whether they know a path."""
    return [Anthropic(), OpenAIChat(), OpenAIResponses(), OllamaChat(), OllamaGenerate(), Gemini()]
