"""Trim: tool outputs are shortened before they are sent for the first time, when it costs no cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import msgspec

from penstock import (
    Block,
    BlockKind,
    Compressed,
    Compressor,
    Draft,
    Profile,
    Role,
    Seen,
    Spot,
    Stage,
    ToolOutput,
    hookimpl,
)
from penstock_plugins.common.settings import read_settings
from penstock_plugins.trim.compress import compress
from penstock_plugins.trim.settings import Settings
from penstock_plugins.trim.standing import Standing

__all__ = ["REPACKED", "Trim", "compressors", "stages"]

REPACKED = "repacked without a loss"
_SAID = 2_000
"""Characters of the agent's last words that count as its question."""


class Trim(Stage):
    """Gives each new tool output to the compressors, with what the agent is after."""

    name = "trim"
    enabled_by_default = False
    deadline = 0.5

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._standing = Standing()

    def on_request(self, draft: Draft) -> str | None:
        new = [s for s in draft.spots(BlockKind.TOOL_RESULT, new=True) if self._is_ours(s)]
        if not new:
            return "no new results"
        seen = cache(partial(self._standing.seen, draft))
        question = _question(draft)
        done: dict[str, int] = {}
        for spot in new:
            output = self._output(draft, spot, question, seen)
            spared = output.is_original or output.tool in self._settings.off
            found = None if spared else _first(draft.parts.compressors, output)
            if found is not None and 0 < len(found.text) < len(spot.text):
                draft.replace(spot, found.text, reason=_reason(found))
                done[found.kind] = done.get(found.kind, 0) + len(spot.text) - len(found.text)
        if not done:
            return "nothing to gain"
        return ", ".join(f"{kind}: {chars} characters less" for kind, chars in done.items())

    def _is_ours(self, spot: Spot) -> bool:
        return spot.is_editable and len(spot.text) >= self._settings.least

    def _output(self, draft: Draft, spot: Spot, question: str, seen: Callable[[], Seen]) -> ToolOutput:
        call = draft.call(spot)
        tool = call.tool_name if call is not None else spot.block.tool_name
        return ToolOutput(spot.text, tool, _given(call), question, self._settings.setting, seen, draft.can_expand)


def _first(found: tuple[Compressor, ...], output: ToolOutput) -> Compressed | None:
    return next((answer for one in found if (answer := one(output)) is not None), None)


def _reason(found: Compressed) -> str:
    return REPACKED if found.lossless else f"{found.kind}: {found.kept_lines} of {found.lines} lines"


def _given(call: Block | None) -> dict[str, object]:
    """The call's input; empty when it is no JSON object."""
    try:
        given = msgspec.json.decode(call.text) if call is not None else {}
    except msgspec.DecodeError:
        return {}
    return given if isinstance(given, dict) else {}


def _question(draft: Draft) -> str:
    """The person's last words, then the agent's own."""
    words = next((m.words for m in reversed(draft.conversation.messages) if m.words), "")
    said = next((s.text for s in reversed(draft.spots(BlockKind.TEXT, role=Role.ASSISTANT))), "")
    return f"{words}\n{said[-_SAID:]}"


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The trim stage, as the profile sets it up."""
    return [Trim(read_settings(profile, "trim", Settings, {}))]


@hookimpl
def compressors() -> list[Compressor]:
    """The bundled kinds of outputs."""
    return [compress]
