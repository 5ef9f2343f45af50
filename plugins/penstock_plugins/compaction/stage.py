"""Compaction: old turns become a record when a flush is due."""

from __future__ import annotations

from penstock import Draft, Profile, Stage, hookimpl
from penstock_plugins.common.settings import read_settings
from penstock_plugins.compaction.record import Recorder
from penstock_plugins.compaction.settings import PRESETS, Settings
from penstock_plugins.compaction.stretch import Stretch, old_stretches
from penstock_plugins.pruning.arrival import held
from penstock_plugins.pruning.history import History, Lookup, covered

__all__ = ["Compaction", "stages"]

CHARS_PER_TOKEN = 2.9
"""Measured on the requests of coding agents against what the provider counted."""
_LEAST_CHARS = 1_000


class Compaction(Stage):
    """Turns old turns into a record in which the words of person and agent are whole."""

    name = "compaction"
    after = ("trim",)
    deadline = 1.0

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lookup = Lookup()

    def on_flush(self, draft: Draft) -> str | None:
        if not draft.due:  # with a warm cache a record seldom pays, and pruning would wait for it
            return "only where a flush is due"
        settings, gone = self._settings, covered(draft)
        if self._fill(draft) < settings.soft * settings.window:
            return "the window is not full enough"
        history = History(draft.conversation, self._lookup)
        before = min((message for message, _ in held(draft, history, settings.turns)), default=len(history.turn_of))
        old = old_stretches(history, settings.turns, gone, before)
        chars = self._chars(draft, old)
        if sum(chars) < settings.least * CHARS_PER_TOKEN:
            return "too few old turns"
        recorder = Recorder(draft, history, settings, old, gone)
        records = [(recorder.record(stretch), stretch) for stretch in old]
        paying = [
            (before - len(text), stretch, text)
            for before, (text, stretch) in zip(chars, records, strict=True)
            if before - len(text) >= _LEAST_CHARS
        ]
        if sum(freed for freed, _, _ in paying) < settings.least * CHARS_PER_TOKEN:
            return "a record would free too little"
        for freed, (first, end), text in paying:
            reason = f"{end - first} messages, {round(freed / CHARS_PER_TOKEN)} tokens freed"
            draft.compact(first, end - 1, text, reason=reason)
        return None

    def _fill(self, draft: Draft) -> float:
        """Tokens of the request as it is sent now, about; records that have landed are not counted."""
        gone = covered(draft)
        head = sum(draft.conversation.size_of(name) for name in ("tools", "system", "instructions"))
        sent = sum(len(draft.text(spot)) for spot in draft.spots() if not gone(spot.message))
        return (head + sent) / CHARS_PER_TOKEN

    def _chars(self, draft: Draft, stretches: list[Stretch]) -> list[int]:
        """Characters of each stretch as it is sent now."""
        size = [0] * len(draft.conversation.messages)
        for spot in draft.spots():
            size[spot.message] += len(draft.text(spot))
        return [sum(size[first:end]) for first, end in stretches]


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The compaction stage, as the profile sets it up."""
    return [Compaction(read_settings(profile, "compaction", Settings, PRESETS))]
