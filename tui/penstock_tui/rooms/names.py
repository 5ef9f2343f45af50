"""The rooms by name. Knows no Textual, so that the command line may name them too."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RoomName"]


class RoomName(StrEnum):
    """In the order of their keys, which count from 1 where a room has none of its own."""

    LOG = "log"
    OVERVIEW = "overview"
    TAGS = "tags"
    COMPACTIONS = "compactions"
    SESSIONS = "sessions"
    PIPELINE = "pipeline"
    BUDGET = "budget"
    SETTINGS = "settings"

    @property
    def key(self) -> str:
        return _KEYS.get(self) or str(list(RoomName).index(self) + 1)

    @property
    def help(self) -> str:
        """What it shows, in a line."""
        return _HELP[self]


_KEYS = {RoomName.SETTINGS: "9"}
_HELP = {
    RoomName.LOG: "every request, the newest on top",
    RoomName.OVERVIEW: "sums, requests per minute, and whether every part works",
    RoomName.TAGS: "what work is about; Enter shows the requests that have a tag",
    RoomName.COMPACTIONS: "what was taken out of conversations, when and why; Enter opens the exchange",
    RoomName.SESSIONS: "each session's requests, tokens and money; Enter shows its requests",
    RoomName.PIPELINE: "what each stage did, and the time it took",
    RoomName.BUDGET: "what was spent and may be, and what providers allow",
    RoomName.SETTINGS: "what the proxy goes by; Enter changes it for this run",
}
