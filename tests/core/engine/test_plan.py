"""What becomes of the edits proposed for one request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.edits.edit import Edit, Op, Place
from penstock.engine.plan import Plan


def edit(text: str) -> Edit:
    return Edit(Op.REPLACE, Place(text.encode()), text, "a-stage", "r")


ONE, TWO, THREE = edit("one"), edit("two"), edit("three")


def test_what_is_rejected_is_not_applied() -> None:
    """With its reason; whether the cache is warm or not."""
    plan = Plan(apply=[ONE, TWO, THREE], warm_flush=[TWO, THREE])
    plan.reject([(TWO, "why")])
    assert (plan.apply, plan.warm_flush, plan.rejected) == ([ONE, THREE], [THREE], [(TWO, "why")])


def test_what_does_not_pay_yet_is_deferred() -> None:
    """The others are applied as they would have been."""
    plan = Plan(apply=[ONE, TWO], deferred=[THREE], warm_flush=[TWO], entry=3)
    plan.defer_warm_flush()
    assert (plan.apply, plan.deferred, plan.warm_flush, plan.entry) == ([ONE], [THREE, TWO], [], None)


@pytest.mark.parametrize("later", [Plan.defer_warm_flush, Plan.defer_flush])
def test_leaving_thinking_out_is_never_deferred(later: Callable[[Plan], None]) -> None:
    """It goes with what breaks the thinking: alone it would go one day, and take thinking along that is valid."""
    strip = Edit(Op.STRIP, Place(b"thinking"), "", "engine", "r", "", b"t" * 16, 1, 1)
    plan = Plan(apply=[ONE, TWO, strip], flush=[TWO, strip], warm_flush=[TWO, strip])
    later(plan)
    assert (plan.apply, plan.deferred) == ([ONE], [TWO])
