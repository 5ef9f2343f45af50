"""`PatternKind`: the kinds of what is learned. `learned_project`: the project that holds what was learned about the
work in another project (`is_learned`); `with_learned`: both, to look an item up. `form_of`: what makes a text a
pattern."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from penstock.memory.owners import split_apart

if TYPE_CHECKING:
    from penstock.memory.memory import Memory

__all__ = ["PatternKind", "form_of", "is_learned", "learned_project", "with_learned"]

_SUFFIX = " (learned)"
_QUOTED = re.compile(r"`[^`\n]+`")


class PatternKind(StrEnum):
    """The kinds of patterns."""

    FIX = "fix"
    """What was done between an error and the time when the same command passed."""
    TOGETHER = "together"
    """Files that change in one turn."""
    UNUSED = "unused"
    """Outputs of which nothing was used again."""
    CORRECTION = "correction"
    """What a user asked to use instead of something else."""


def learned_project(project: str) -> str:
    """The name of the project for what was learned in `project`. It is one of its own: patterns are not searched among
    what was said, and counting them does not touch what is cached for a search. Of an account's part of a project
    (`apart`) it is that account's part of the project for what was learned."""
    named, account = split_apart(project)
    return f"{named}{_SUFFIX}{account}"


def is_learned(project: str) -> bool:
    """Whether `learned_project` made this name."""
    return split_apart(project)[0].endswith(_SUFFIX)


def form_of(text: str) -> str:
    """What no edit may change of the text of a pattern: all but what stands between backticks."""
    return _QUOTED.sub("`…`", text.strip())


def with_learned(memory: Memory, project: str) -> list[str]:
    """`project`, and the project of what was learned there, if there is one."""
    learned = learned_project(project)
    return [project, learned] if learned in memory.projects() else [project]
