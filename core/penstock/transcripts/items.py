"""Transcripts as memories."""

from __future__ import annotations

from collections.abc import Callable

from penstock.memory.items import Item
from penstock.transcripts.turns import Transcript

__all__ = ["items_of"]


def items_of(
    transcript: Transcript,
    project: str,
    *,
    strip: Callable[[str], str],
    clean: Callable[[str], str],
    expires_at: float | None = None,
) -> list[Item]:
    """What was said, in order: a person's words without envelopes, all of it without secrets, and what is then empty
    left out."""
    items = []
    for seq, said in enumerate(transcript.said):
        text = clean(strip(said.text) if said.role == "user" else said.text)
        if text:
            items.append(
                Item(
                    project,
                    text,
                    session=transcript.session[:200],
                    seq=seq,
                    at=said.at,
                    role=said.role,
                    expires_at=expires_at,
                )
            )
    return items
