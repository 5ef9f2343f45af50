"""The order of the commands in `penstock --help` (`place_of`), and the panel that each is listed in (`panel_of`)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OTHERS", "PANELS", "panel_of", "place_of"]

PANELS: Mapping[str, tuple[str, ...]] = {
    "Start": ("run", "up", "down", "doctor", "demo"),
    "Watch": ("tui", "sessions", "events", "report", "export", "relay"),
    "Cost and explanation": ("cost", "explain", "expand", "whatif", "replay", "count", "models"),
    "Memory and contexts": (
        "memory",
        "import",
        "mcp",
        "tool",
        "serve",
        "context",
        "jobs",
        "backup",
        "restore",
        "migrate",
    ),
    "Gateway of a team": ("keys", "providers", "workspaces", "quotas", "usage"),
    "Settings and budgets": ("settings", "budget", "pause", "resume", "compact", "hook"),
    "Profiles and plugins": ("profiles", "plugins", "tokens"),
}
"""The most important first, of panels and of the commands in each."""
OTHERS = "Commands of plugins"

_NAMES = [name for names in PANELS.values() for name in names]


def panel_of(command: str) -> str:
    """The title of the panel. A command that is not listed here is a plugin's."""
    return next((title for title, names in PANELS.items() if command in names), OTHERS)


def place_of(command: str) -> int:
    """The position of the command among all; unlisted ones come last."""
    return _NAMES.index(command) if command in _NAMES else len(_NAMES)
