"""The plugin that offers agents the sandbox: the tools `run_code` and `batch_execute` (hook `tools`), where
`[stage.sandbox] enabled` is set and bubblewrap works, and, if `hint` is set, a note that names the latter to subagents
(hook `stages`)."""

from __future__ import annotations

from penstock import Draft, Kind, Profile, Stage, Tool, hookimpl
from penstock_plugins.common.settings import read_settings
from penstock_plugins.sandbox.settings import Settings

__all__ = ["Hint", "stages", "tools"]

_NOTE = "[Several commands, and searches in what they print, can be had in one call: batch_execute.]"


class Hint(Stage):
    """Adds a note to the first request of a subagent that has the tool."""

    name = "sandbox"

    def __init__(self, settings: Settings) -> None:
        self.settings: Settings = settings

    def on_request(self, draft: Draft) -> str | None:
        if not (self.settings.enabled and self.settings.hint):
            return None
        if draft.exchange.kind is not Kind.SUBAGENT or b"batch_execute" not in draft.conversation.body:
            return None
        texts = (block.text for message in draft.conversation.messages for block in message.blocks)
        if _NOTE in draft.additions or any("batch_execute" in text for text in texts):  # ours, or a hook's
            return "it was named"
        if len(draft.conversation.messages) > 1:
            return None
        draft.note(_NOTE, reason="a subagent has the tool")
        return "named batch_execute"


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The stage, where the profile has its table: one without a stage would be taken for a mistake."""
    settings = read_settings(profile, "sandbox", Settings, {})
    return [Hint(settings)] if profile.settings_of("sandbox") else []


@hookimpl
def tools(profile: Profile) -> list[Tool]:
    """The tools, where they are turned on and a sandbox can be had."""
    settings = read_settings(profile, "sandbox", Settings, {})
    if not settings.enabled:
        return []
    from penstock_plugins.sandbox.bubblewrap import why_unusable
    from penstock_plugins.sandbox.runtimes import find_runtimes
    from penstock_plugins.sandbox.states import States, states_folder
    from penstock_plugins.sandbox.tools import sandbox_tools

    if why_unusable():
        return []
    return sandbox_tools(settings, find_runtimes(), States(states_folder(), settings.state_days))
