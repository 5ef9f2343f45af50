"""The rooms by name. Knows no Textual, so that the command line may name them too."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RoomName"]


class RoomName(StrEnum):
    """In the order of their keys: 1 to 9, then 0."""

    LOG = "log"
    OVERVIEW = "overview"
    TAGS = "tags"
    COMPACTIONS = "compactions"
    SESSIONS = "sessions"
    PIPELINE = "pipeline"
    BUDGET = "budget"
    MEMORY = "memory"
    SETTINGS = "settings"
    REPLAY = "replay"

    @property
    def key(self) -> str:
        return str((list(RoomName).index(self) + 1) % 10)

    @property
    def help(self) -> str:
        """What it shows, in a line."""
        return _HELP[self]


_HELP = {
    RoomName.LOG: "every request, the newest on top",
    RoomName.OVERVIEW: "sums, requests per minute, and whether every part works",
    RoomName.TAGS: "what work is about; Enter shows the requests that have a tag",
    RoomName.COMPACTIONS: "what was taken out of conversations, when and why; Enter shows the text",
    RoomName.SESSIONS: "each session's requests, tokens and money; Enter shows its requests",
    RoomName.PIPELINE: "what each stage did, and the time it took",
    RoomName.BUDGET: "what was spent and may be, and what providers allow",
    RoomName.MEMORY: "how full the window is, and what is remembered: search, read, correct, forget",
    RoomName.SETTINGS: "what the proxy goes by; Enter changes it for this run",
    RoomName.REPLAY: "a file of prompts through the whole pipeline, on this machine; Enter shows one in its log",
}
