"""`items_of`: converts a transcript to memory items, without envelopes and what a client wrote in a person's name."""

from __future__ import annotations

from collections.abc import Callable

from penstock.memory.items import Item
from penstock.memory.text_kind import MessageFilter
from penstock.transcripts.turns import Transcript

__all__ = ["items_of"]


def items_of(
    transcript: Transcript,
    project: str,
    *,
    strip: Callable[[str], str],
    message_filter: MessageFilter,
    expires_at: float | None = None,
) -> tuple[list[Item], int]:
    """The messages as items, in order: a person's words without envelopes and without texts that a client wrote in
    their name. Also returns how many were cut to the length of `message_filter`. Secrets are not removed here, but by
    the memory."""
    items, cut = [], 0
    for seq, said in enumerate(transcript.said):
        is_person = said.role == "user"
        whole = (strip(said.text) if is_person else said.text).strip()
        text = whole[: message_filter.chars].strip()
        if text and not (is_person and message_filter.is_written_by_client(text)):
            cut += len(whole) > message_filter.chars
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
    return items, cut
