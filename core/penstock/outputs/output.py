"""`Output`: a whole tool output that is to be indexed."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Output"]


@dataclass(frozen=True, slots=True)
class Output:
    """One whole tool output, as its tool gave it, and whose it is."""

    text: str = field(repr=False)
    project: str
    """Empty: it is not known, and nothing is indexed."""
    source: str
    """The tool and its input, in a line."""
    at: float
    conversation: str = ""
    owner: str = ""
    """The account, as `Identity.owner` names it. Empty: a person at this machine."""
