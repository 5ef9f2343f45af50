"""`expand_hint`: the hint that tells an agent how to get the original of a shortened text: by its tool `expand`, or by
the command `penstock expand` (`how_to_expand`). The stages `trim`, `pruning` and `compaction` write it into what they
shorten."""

from __future__ import annotations

from penstock import handle_of

__all__ = ["expand_hint", "how_to_expand"]


def how_to_expand(text: str, *, can_expand: bool) -> str:
    """How the agent gets the original `text`, in words: by its tool `expand` where it has it, else by the command."""
    return f"{'' if can_expand else 'penstock '}expand {handle_of(text)}"


def expand_hint(text: str, *, can_expand: bool, again: str = "") -> str:
    """The hint for the head of a stub. `again`: what to do instead where the agent has no tool but gets the text by
    repeating its call."""
    return again if again and not can_expand else f"see all: {how_to_expand(text, can_expand=can_expand)}"
