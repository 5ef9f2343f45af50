"""The stage `trim` (`Trim`, given by the hook `stages`): shortens tool outputs before they are first sent, when that
costs no cache. The hooks `compressors` and `tools` register the bundled compressor and the agent tool `compress`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

import msgspec

from penstock import (
    Aggressiveness,
    Block,
    BlockKind,
    BlockRef,
    Compressed,
    Compressor,
    CompressorPool,
    CompressorRun,
    Draft,
    KnownContent,
    Level,
    Message,
    Profile,
    Role,
    Stage,
    ToolOutput,
    hookimpl,
)
from penstock_plugins.common.settings import read_settings
from penstock_plugins.trim.compress import compress
from penstock_plugins.trim.request_content import RequestContent
from penstock_plugins.trim.settings import Settings

if TYPE_CHECKING:
    from penstock import Tool

__all__ = ["REPACKED", "Trim", "compressors", "stages", "tools"]

REPACKED = "repacked without a loss"
_LEVELS: tuple[Aggressiveness, ...] = ("safe", "balanced", "bold")
_SAID = 2_000
"""Characters of the agent's last words that count as its question."""


class Trim(Stage):
    """Passes each new tool output to the compressors, with the agent's question."""

    name = "trim"
    enabled_by_default = False
    deadline = 0.5

    def __init__(self, settings: Settings, pool: CompressorPool | None = None) -> None:
        self.settings = self._settings = settings
        self._pool = pool or CompressorPool(trusted=[compress])
        self._standing = RequestContent()

    def migrate_from(self, before: Stage) -> None:
        # The pool is a new one: what a person changed may be why a compressor rests.
        if isinstance(before, Trim):
            self._standing = before._standing

    def on_request(self, draft: Draft) -> str | None:
        if draft.replacements_rejected:
            return draft.replacements_rejected
        new = [s for s in draft.blocks(BlockKind.TOOL_RESULT, new=True) if self._is_ours(s)]
        if not new:
            return "no new results"
        seen = cache(partial(self._standing.seen, draft))
        question = _question(draft)
        run = CompressorRun(self._pool, draft.services.compressors)
        done: dict[str, int] = {}
        for spot in new:
            output = self._output(draft, spot, question, seen)
            if output.is_original or output.tool in self._settings.off:
                continue
            found = run.first(output, partial(_replace, draft, spot))
            if found is not None:
                done[found.kind] = done.get(found.kind, 0) + len(spot.text) - len(found.text)
        said = [f"{kind}: {chars:,} characters less" for kind, chars in done.items()] or ["nothing to gain"]
        return "; ".join([", ".join(said), *run.problems])

    def _is_ours(self, spot: BlockRef) -> bool:
        return spot.is_editable and len(spot.text) >= self._settings.least

    def _output(self, draft: Draft, spot: BlockRef, question: str, seen: Callable[[], KnownContent]) -> ToolOutput:
        call = draft.call(spot)
        tool = call.tool_name if call is not None else spot.block.tool_name
        aggressiveness = _raised(self._settings.aggressiveness, draft.level)
        return ToolOutput(spot.text, tool, _given(call), question, aggressiveness, seen, draft.can_expand)


def _raised(aggressiveness: Aggressiveness, level: Level) -> Aggressiveness:
    """One preset stricter when a budget runs low, and the strictest near its end."""
    steps = {Level.NORMAL: 0, Level.REDUCED: 1}.get(level, len(_LEVELS))
    return _LEVELS[min(_LEVELS.index(aggressiveness) + steps, len(_LEVELS) - 1)]


def _replace(draft: Draft, spot: BlockRef, found: Compressed) -> None:
    draft.replace(spot, found.text, reason=_reason(found))


def _reason(found: Compressed) -> str:
    return REPACKED if found.lossless else f"{found.kind}: {found.lines_kept:,} of {found.lines:,} lines"


def _given(call: Block | None) -> dict[str, object]:
    """The call's input; empty when it is no JSON object."""
    try:
        given = msgspec.json.decode(call.text) if call is not None else {}
    except msgspec.DecodeError:
        return {}
    return given if isinstance(given, dict) else {}


def _question(draft: Draft) -> str:
    """The user's last words, then the agent's own."""
    words, said = (draft.conversation.running(last, "")[-1] for last in (_prompt, _text))
    return f"{words}\n{said[-_SAID:]}"


def _prompt(before: str, message: Message) -> str:
    return message.prompt or before


def _text(before: str, message: Message) -> str:
    if message.role is not Role.ASSISTANT:
        return before
    return next((block.text for block in reversed(message.blocks) if block.kind is BlockKind.TEXT), before)


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The trim stage, as the profile sets it up."""
    pool = CompressorPool(profile.limits.failures, profile.limits.rest_s, trusted=[compress])
    return [Trim(read_settings(profile, "trim", Settings, {}), pool)]


@hookimpl
def tools() -> list[Tool]:
    """The agent tool `compress`, by both its names."""
    from penstock_plugins.trim.tool import COMPRESS  # a proxy calls no tools

    return COMPRESS


@hookimpl
def compressors() -> list[Compressor]:
    """The bundled compressor of tool outputs."""
    return [compress]
