"""The stage `envelope` (`Envelope`, given by the hook `stages`): removes what clients and chat gateways wrap around the
user's words, such as reminders and metadata, for taggers, recall and memory, which read the stripped words. What is
sent on changes only where the profile says `apply = "send"`."""

from __future__ import annotations

from penstock import BlockKind, Draft, EnvelopeSettings, Profile, Role, Stage, envelope_settings, hookimpl

__all__ = ["Envelope", "stages"]


class Envelope(Stage):
    """Strips the words of a request, and the request itself where the profile says so."""

    name = "envelope"

    def __init__(self, settings: EnvelopeSettings) -> None:
        self.settings = self._settings = settings
        self._strip, self._strip_sent = settings.stripper(), settings.stripper(sent=True)

    def on_request(self, draft: Draft) -> str | None:
        draft.prompt = self._strip(draft.prompt)
        if self._settings.apply == "words":
            return "prompt only"
        stripped = 0
        for spot in draft.blocks(BlockKind.TEXT, role=Role.USER):
            text = self._strip_sent(spot.text)
            if text and text != spot.text:
                draft.replace(spot, text, reason="envelope stripped")
                stripped += 1
        return None if stripped else "no envelope"


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The envelope stage, as the profile sets it up."""
    return [Envelope(envelope_settings(profile))]
