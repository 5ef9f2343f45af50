"""`TextRank`, the summariser `textrank`: shortens a record to about half of its length without a model, by `fit`: it
keeps the user's words, the agent's highest-ranked sentences and fewer lines of results."""

from __future__ import annotations

from penstock import Segment, Summary
from penstock_plugins.common.token_estimate import CHARS_PER_TOKEN
from penstock_plugins.compaction.segment_parts import fit, render

__all__ = ["TextRank"]

_SHARE = 0.5


class TextRank:
    """The summariser `textrank`: at most half as long as a record, with the agent's highest-ranked sentences and fewer
    lines of results."""

    name = "textrank"
    is_offline = True
    """It calls no service, so a replay may use it."""

    def __call__(self, segment: Segment) -> Summary:
        """The segment's parts in order, shortened; the user's words are whole."""
        half = round(_SHARE * len(render(segment.parts)) / CHARS_PER_TOKEN)
        return Summary(render(fit(segment.parts, min(segment.tokens, half)).parts))
