"""`fixes_in`: finds in the steps of a turn what was done between an error and the time when the same command passed, as
observations of patterns; `failure_of` is what a step failed with. A fix is another form of the command itself, another
command that was run in between, or reading the file first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from penstock.memory import PatternKind
from penstock_plugins.common.commands import OF_FILES, shown_by
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.learning.errors import NOT_SAID
from penstock_plugins.learning.patterns import Observation, Pattern
from penstock_plugins.learning.steps import Step

__all__ = ["failure_of", "fixes_in", "form_of"]

_WITHIN = 25
"""Calls after an error in which the same command must pass."""
_LONGEST = 200
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])|\b[0-9a-f]{7,40}\b")
_MESSAGE = re.compile(r"(?s)((?:-m|--message|--body|-b|--title|-t)[ =])(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S+)")


def failure_of(step: Step) -> tuple[str, str] | None:
    """What failed, and its error. None: the step did not fail, or failed without a cause that would be known again."""
    if not step.error or not step.subjects or step.error.startswith(NOT_SAID):
        return None
    return " && ".join(step.subjects).replace("`", "'")[:_LONGEST], step.error


def fixes_in(steps: Sequence[Step], known: Iterable[Pattern]) -> list[Observation]:
    """The fixes of a turn; of `known` patterns, those without which the same error was overcome."""
    followed: dict[tuple[str, str], set[str]] = {}
    for first, failed in enumerate(steps):
        failure = failure_of(failed)
        passed = _passed(steps, first) if failure is not None else None
        if failure is not None and passed is not None:
            followed.setdefault(failure, set()).update(_actions(failed, steps[first + 1 : passed + 1]))
    seen = [
        Observation(Pattern(PatternKind.FIX, *failure, action), followed=True)
        for failure, actions in followed.items()
        for action in sorted(actions)
    ]
    without = [
        Observation(one, followed=False)
        for one in known
        if one.kind is PatternKind.FIX and one.action not in followed.get((one.trigger, one.error), {one.action})
    ]
    return [*seen, *without]


def form_of(command: str) -> str:
    """A command with its numbers, hashes and messages left open, so that it is known again."""
    return _NUMBER.sub("N", _MESSAGE.sub(r"\1…", command)).replace("`", "'")[:_LONGEST]


def _passed(steps: Sequence[Step], first: int) -> int | None:
    failed = steps[first]
    for at in range(first + 1, min(first + 1 + _WITHIN, len(steps))):
        step = steps[at]
        if not step.error and not step.is_refused and failed.subjects[-1] in step.subjects:
            if failed.files and not set(failed.files) & set(step.files) and failed.kind is not ToolKind.READ:
                continue
            return at
    return None


def _actions(failed: Step, steps: Sequence[Step]) -> set[str]:
    """What was done about an error in `steps`, of which the last one passed."""
    is_edited = any(step.kind is ToolKind.EDIT for step in steps[:-1])
    # After an edit the command passes because of the edit, however it is written then.
    found = (_action(failed, step) for step in (steps[:-1] if is_edited else steps))
    return {action for action in found if action is not None}


def _action(failed: Step, step: Step) -> str | None:
    """What a step did about an error: the command it ran, or nothing for reading the file. None: nothing that can be
    told."""
    if step.error or step.is_refused:
        return None
    if step.kind is ToolKind.RUN and step.command and step.shapes:
        form, before = form_of(step.command), form_of(failed.command)
        is_same_program = failed.subjects[-1] in step.subjects
        is_told = is_same_program or not shown_by(step.command) <= OF_FILES
        return form if is_told and not _is_part(form, before) and not _is_part(before, form) else None
    if step.kind is ToolKind.READ and failed.kind is ToolKind.EDIT and set(step.files) & set(failed.files):
        return ""
    return None


def _is_part(form: str, of: str) -> bool:
    """Whether a command is another one, or some of the commands that the other runs one after the other."""
    return set(form.split(" && ")) <= set(of.split(" && "))
