"""`Recorder`: a stage that runs right before a stage of a user and records the texts that the stages before it changed
(`recorder_of` is its name, `stages` its hook, `PLUGIN` the plugin file that registers it); `RecordedTexts` reads them,
for the report on the user's stage. Only `penstock demo --stage` uses them."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Container
from pathlib import Path

from penstock import Draft, Profile, Stage, hookimpl, state_dir

__all__ = ["PLUGIN", "RECORD", "RecordedTexts", "Recorder", "recorder_of", "stages"]

PLUGIN = f"from {__name__} import stages\n"
"""A plugin file that offers the recorders that the profile names."""
RECORD = "texts-before.jsonl"
"""The file in the state folder that recorders write to."""
_PREFIX = "before-"


def recorder_of(stage: str) -> str:
    """The name of the recorder of `stage`."""
    return _PREFIX + stage


class Recorder(Stage):
    """Records each block that earlier stages changed, at the first request in which it reads so. It edits nothing."""

    enabled_by_default = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = state_dir() / RECORD
        self._last: dict[tuple[str, int, int], str] = {}
        self._lock = threading.Lock()

    def on_request(self, draft: Draft) -> None:
        conversation = draft.exchange.identity.conversation
        with self._lock, self._file.open("a", encoding="utf-8") as out:
            for spot in draft.blocks():
                place, text = (conversation, spot.message, spot.index), draft.text(spot)
                if text != self._last.get(place, spot.text):
                    self._last[place] = text
                    line = [self.name.removeprefix(_PREFIX), *place, draft.exchange.id, text]
                    out.write(json.dumps(line) + "\n")


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    return [Recorder(name) for name in profile.stages if name.startswith(_PREFIX)]


class RecordedTexts:
    """The texts in the file of a recorder; none where there is no such file."""

    def __init__(self, file: Path) -> None:
        self._texts: dict[tuple[str, str, int, int], list[tuple[str, str]]] = defaultdict(list)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for stage, conversation, m, b, exchange, text in map(json.loads, lines):
            self._texts[stage, conversation, m, b].append((exchange, text))

    def count(self, stage: str) -> int:
        """How many blocks other stages had changed before `stage` read them."""
        return sum(place[0] == stage for place in self._texts)

    def before(self, stage: str, place: tuple[str, int, int], exchanges: Container[str]) -> str | None:
        """What a block read before `stage` in the newest of `exchanges`. `place`: its conversation, and the indices of
        message and block. None: no stage had changed it."""
        found = (text for exchange, text in reversed(self._texts.get((stage, *place), ())) if exchange in exchanges)
        return next(found, None)
