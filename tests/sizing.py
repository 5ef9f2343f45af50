"""`examples`: how many examples a property test tries: few in each run, many with `PENSTOCK_EXPLORE=1`."""

from __future__ import annotations

import os

__all__ = ["EXPLORE", "examples"]

EXPLORE = bool(os.environ.get("PENSTOCK_EXPLORE"))
MORE = 25


def examples(few: int) -> int:
    """`few`, and many more with `PENSTOCK_EXPLORE=1`."""
    return few * MORE if EXPLORE else few
