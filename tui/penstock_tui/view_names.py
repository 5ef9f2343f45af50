"""`ViewName`: each view's name, its key (by its place here) and a line of help, also for the command line. Independent
of Textual."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ViewName"]


class ViewName(StrEnum):
    """The views, in the order of their keys: 1 to 9, then 0 and -, as on a keyboard."""

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
    GATEWAY = "gateway"

    @property
    def key(self) -> str:
        return "1234567890-"[list(ViewName).index(self)]

    @property
    def help(self) -> str:
        """What the view shows, in a line."""
        return _HELP[self]


_HELP = {
    ViewName.LOG: "every request, the newest on top",
    ViewName.OVERVIEW: "sums, requests per minute, and whether every part works",
    ViewName.TAGS: "what work is about; Enter shows the requests that have a tag",
    ViewName.COMPACTIONS: "what was taken out of conversations, when and why; Enter shows the text",
    ViewName.SESSIONS: "each session's requests, tokens and money; Enter shows its requests",
    ViewName.PIPELINE: "what each stage did, and the time it took",
    ViewName.BUDGET: "what was spent and may be, and what providers allow",
    ViewName.MEMORY: "how full the window is, and what is remembered: search, read, correct, forget",
    ViewName.SETTINGS: "what the proxy goes by; Enter changes it for this run",
    ViewName.REPLAY: "a file of prompts through the whole pipeline, on this machine; Enter shows one in its log",
    ViewName.GATEWAY: "a team's keys, limits and usage, where there is a gateway; Enter shows a key's requests",
}
