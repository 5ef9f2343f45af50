"""Which messages stand in a person's name, and how much of each is kept."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MessageFilter"]

LOOKED_AT = 4_000
"""Characters of a text that the patterns are matched with."""


class MessageFilter(BaseModel):
    """What `[stage.memory]` says of messages before they are kept."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    written: tuple[re.Pattern[str], ...] = ()
    """How texts begin that a client writes in the person's name: summaries of its own, examples, notices."""
    chars: int = Field(default=20_000, gt=0)
    """Of one message at most so many characters are kept."""

    def is_written_by_client(self, text: str) -> bool:
        """Whether it stands in the person's name alone."""
        return any(pattern.match(text[:LOOKED_AT]) for pattern in self.written)
