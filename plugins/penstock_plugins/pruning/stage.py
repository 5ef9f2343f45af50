"""The stage `pruning` (`Pruning`, given by the hook `stages`): on arrival replaces repeated tool results by pointers
and repacks the others, at a flush shortens old ones. `stages` raises `ProfileError` if `age_warm` is below `age`."""

from __future__ import annotations

from penstock import BlockKind, Draft, Profile, ProfileError, Stage, hookimpl
from penstock_plugins.common.settings import read_settings
from penstock_plugins.pruning.aged import shorten_aged
from penstock_plugins.pruning.arrival import settle_new
from penstock_plugins.pruning.history import Histories, Lookup
from penstock_plugins.pruning.settings import PRESETS, Settings

__all__ = ["Pruning", "stages"]


class Pruning(Stage):
    """Shortens tool results: new ones without loss, old ones to the lines most likely to be needed again."""

    name = "pruning"
    after = ("trim", "compaction")
    enabled_by_default = False
    deadline = 1.0

    def __init__(self, settings: Settings) -> None:
        self.settings = self._settings = settings
        self._histories = Histories(Lookup())

    def migrate_from(self, before: Stage) -> None:
        if isinstance(before, Pruning):
            self._histories = before._histories

    def on_request(self, draft: Draft) -> str | None:
        if draft.replacements_rejected:
            return draft.replacements_rejected
        if not draft.blocks(BlockKind.TOOL_RESULT, new=True):
            return "no new results"
        return settle_new(draft, self._histories.of(draft), self._settings)

    def on_flush(self, draft: Draft) -> str | None:
        if not self._settings.late or draft.replacements_rejected:
            return None
        return shorten_aged(draft, self._histories.of(draft), self._settings)


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The pruning stage, as the profile sets it up."""
    settings, given = read_settings(profile, "pruning", Settings, PRESETS), profile.settings_of("pruning")
    if "age" in given and "age_warm" in given and settings.age_warm < settings.age:
        key, said = "stage.pruning.age_warm", f"it is below age = {settings.age!r}; at least that is right"
        raise ProfileError(f"{profile.where}: {key} = {settings.age_warm!r}: {said}", {key: said})
    return [Pruning(settings)]
