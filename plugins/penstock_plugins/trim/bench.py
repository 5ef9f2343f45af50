"""The compressors as plain functions, for measuring them: no conversation, no store, one output at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from penstock_plugins.trim.compress import compress
from penstock_plugins.trim.types import Setting, ToolOutput

__all__ = ["tool_output_balanced", "tool_output_bold", "tool_output_safe"]

Method = Callable[[str, str, Any, str], str]


def _method(setting: Setting) -> Method:
    def shorten(text: str, name: str = "", tool_input: Any = None, query: str = "") -> str:
        given: Mapping[str, Any] = tool_input if isinstance(tool_input, dict) else {}
        found = compress(ToolOutput(text, name, given, query, setting))
        return text if found is None else found.text

    return shorten


def tool_output_safe() -> Method:
    return _method("safe")


def tool_output_balanced() -> Method:
    return _method("balanced")


def tool_output_bold() -> Method:
    return _method("bold")
