"""The stage `budget` (`Hint`, given by the hook `stages`): tells a subagent by a note in its request that a budget
which it draws on runs low, once for each level, where the profile has `[budget] hint`."""

from __future__ import annotations

from penstock import Draft, Kind, Level, Profile, Stage, hookimpl

__all__ = ["Hint", "stages"]

_HINTS = {
    Level.REDUCED: "[Budget: most of what may be spent here is spent. Start nothing new; work towards your answer.]",
    Level.MINIMAL: "[Budget: nearly all of what may be spent here is spent. Give your answer now, with what is open.]",
}


class Hint(Stage):
    """Adds a note to the end of the newest message, once for each budget level."""

    name = "budget"

    def on_request(self, draft: Draft) -> str | None:
        hint = _HINTS.get(draft.level)
        if hint is None or draft.exchange.kind is not Kind.SUBAGENT:
            return None
        if hint in draft.additions:  # it stands there and is sent again
            return "it was told"
        draft.note(hint, reason=f"the level is {draft.level}")
        return "told to come to an end"


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The stage, if `[budget] hint` is true."""
    return [Hint()] if profile.budget.hint else []
