"""`learned_project`: the project that holds what was learned about the work in another project (`is_learned`);
`with_learned`: both, to look an item up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.memory.owners import split_apart

if TYPE_CHECKING:
    from penstock.memory.memory import Memory

__all__ = ["is_learned", "learned_project", "with_learned"]

_SUFFIX = " (learned)"


def learned_project(project: str) -> str:
    """The name of the project for what was learned in `project`. It is one of its own: patterns are not searched among
    what was said, and counting them does not touch what is cached for a search. Of an account's part of a project
    (`apart`) it is that account's part of the project for what was learned."""
    named, account = split_apart(project)
    return f"{named}{_SUFFIX}{account}"


def is_learned(project: str) -> bool:
    """Whether `learned_project` made this name."""
    return split_apart(project)[0].endswith(_SUFFIX)


def with_learned(memory: Memory, project: str) -> list[str]:
    """`project`, and the project of what was learned there, if there is one."""
    learned = learned_project(project)
    return [project, learned] if learned in memory.projects() else [project]
