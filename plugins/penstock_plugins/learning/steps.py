"""`step_of`: what the agent did in one tool call and what came of it, as a `Step`: the programs that it ran, the files
that it read or changed, and the error that it met."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock import Block
from penstock_plugins.common.commands import command_of
from penstock_plugins.common.tool_calls import ToolKind, decode, files_of, kind_of, reports, words_of_input
from penstock_plugins.learning.errors import error_of, is_refused
from penstock_plugins.learning.shapes import command_line, shapes_of

__all__ = ["Step", "step_of"]

_KEPT = 4_000
"""Characters of an input and an output that are kept, half of them from its end."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call and its result."""

    tool: str
    kind: ToolKind
    said: str = field(repr=False)
    """The texts of the call's input."""
    output: str = field(repr=False)
    command: str = ""
    """The command on one line, where the call ran one."""
    shapes: tuple[str, ...] = ()
    """The shapes of its programs."""
    files: tuple[str, ...] = ()
    """The files that it read or changed."""
    error: str = ""
    """The signature of the error it met."""
    is_refused: bool = False
    """A person or the client did not let it run."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """What can fail and later pass: the programs of a command, or the tool."""
        return self.shapes or (() if self.command else (self.tool,))

    @property
    def changed(self) -> tuple[str, ...]:
        """The files that it changed."""
        return self.files if self.kind is ToolKind.EDIT and not self.error and not self.is_refused else ()


def step_of(call: Block, result: Block) -> Step:
    """A call with its result."""
    given, kind = decode(call.text), kind_of(call.tool_name)
    command = command_of(given) if kind is ToolKind.RUN else ""
    is_report = kind is ToolKind.RUN and reports(kind, given)
    return Step(
        tool=call.tool_name,
        kind=kind,
        said=_ends(words_of_input(given)),
        output=_ends(result.text),
        command=command_line(command),
        shapes=shapes_of(command),
        files=files_of(kind, given),
        error=error_of(result.text, is_error=result.is_error, reports=is_report),
        is_refused=result.is_error and is_refused(result.text),
    )


def _ends(text: str) -> str:
    return text if len(text) <= _KEPT else f"{text[: _KEPT // 2]}\n{text[-_KEPT // 2 :]}"
