"""`FeedbackCommands`: the memory command `feedback`: stores what a caller says of an item (helpful, wrong, outdated,
duplicate; from -1 to 1, with a comment of up to 2,000 characters), which counts in later searches. `shown_voice` is one
caller's feedback as JSON data; `Value`, `Comment` and `Caller` are the types of its fields."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from penstock.control.memory_access import MemoryAccess, Project
from penstock.control.memory_lookup import the_item
from penstock.memory.feedback import FeedbackKind, Voice
from penstock.memory.learned import with_learned

__all__ = ["Caller", "Comment", "FeedbackCommands", "Value", "shown_voice"]

Value = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Comment = Annotated[str, Field(max_length=2_000)]
Caller = Annotated[str, Field(max_length=200)]


class FeedbackCommands:
    """Runs the command `feedback`."""

    COMMANDS = frozenset({"feedback"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _feedback(
        self,
        item_id: str,
        feedback_type: FeedbackKind,
        project: Project,
        value: Value = 1.0,
        comment: Comment = "",
        by: Caller = "owner",
    ) -> dict[str, Any]:
        """Returns `{item_id, feedback_type, value, comment, by, at, replaced}`. A caller (`by`) has one feedback for an
        item: a later one replaces it."""
        memory = self._access.open()
        item = the_item(memory, item_id, with_learned(memory, project))
        voice = Voice(feedback_type, by, self._access.now(), value, self._access.clean(comment))
        replaced = memory.hear(item, voice)
        return {"item_id": item.key, **shown_voice(voice), "replaced": replaced}


def shown_voice(voice: Voice) -> dict[str, Any]:
    """One caller's feedback as JSON data; `at` is in seconds since 1970."""
    return {
        "feedback_type": voice.kind.value,
        "value": voice.value,
        "comment": voice.comment,
        "by": voice.by,
        "at": voice.at,
    }
