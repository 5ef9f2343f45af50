"""`STRICTNESS`: the numbers behind the trim stage's three presets (`Strictness`), tuned on recorded sessions;
`CAREFUL`: those used where the agent cannot ask for the original. docs/reference/compressors.md says what the presets
keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from penstock import Aggressiveness

__all__ = ["CAREFUL", "STRICTNESS", "Strictness"]


@dataclass(frozen=True)
class Strictness:
    """What may be removed, and the value a line needs to be kept."""

    price: float
    """Worth per token that a line must bring. The unit is a line of source far from the question."""
    least: int
    """Characters below which an output stays whole."""
    ranges: bool = False
    """Whether ranges of lines that the agent asked for may be cut at all."""
    files: bool = True
    """Whether files that were read, reports of sub-agents and pages of the web may be cut at all."""
    every: int = 5
    """Where line numbers of a cut file are thinned out, each so-manyth of consecutive ones stays."""
    margins: Literal["all", "lean", "some"] = "all"
    """How the line numbers of files that stay whole are written: `all` as the client has them; `lean`: of blank lines
    only each so-manyth, and behind a number a tab for an arrow, as `cat -n` has it, since an arrow is a token more in
    each line; `some`: thinned out as in cut files."""
    logs_only: bool = False
    """Whether only logs, test runs and search results are cut."""


STRICTNESS: dict[Aggressiveness, Strictness] = {
    "safe": Strictness(price=0.005, least=4_000, logs_only=True),
    "balanced": Strictness(price=0.059, least=1_200, margins="some"),
    "bold": Strictness(price=0.1093, least=800, ranges=True, every=10, margins="some"),
}

CAREFUL: dict[Aggressiveness, Strictness] = {
    "safe": STRICTNESS["safe"],
    "balanced": Strictness(price=0.059, least=1_200, files=False, every=1, margins="lean"),
    "bold": Strictness(price=0.07, least=1_200, files=False, margins="lean"),
}
"""Used where the agent cannot ask for the original: what it will need, files to be edited above all, it must have
now."""
