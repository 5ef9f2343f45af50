"""What is planned for the edits of one request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.edits.edit import Edit, Op, Place
from penstock.engine.job import Plan


def edit(text: str) -> Edit:
    return Edit(Op.REPLACE, Place(text.encode()), text, "a-stage", "r")


ONE, TWO, THREE = edit("one"), edit("two"), edit("three")


def test_what_is_left_out_does_not_land() -> None:
    """With its reason; whether the cache is warm or not."""
    plan = Plan(land=[ONE, TWO, THREE], warm=[TWO, THREE])
    plan.leave_out([(TWO, "why")])
    assert (plan.land, plan.warm, plan.out) == ([ONE, THREE], [THREE], [(TWO, "why")])


def test_what_does_not_pay_yet_waits() -> None:
    """The others land as they would have."""
    plan = Plan(land=[ONE, TWO], wait=[THREE], warm=[TWO], entry=3)
    plan.put_off()
    assert (plan.land, plan.wait, plan.warm, plan.entry) == ([ONE], [THREE, TWO], [], None)


@pytest.mark.parametrize("later", [Plan.put_off, Plan.wait_for_room])
def test_leaving_thinking_out_never_waits(later: Callable[[Plan], None]) -> None:
    """It goes with what breaks the thinking: alone it would land one day, and take thinking along that is valid."""
    strip = Edit(Op.STRIP, Place(b"thinking"), "", "engine", "r", "", b"t" * 16, 1, 1)
    plan = Plan(land=[ONE, TWO, strip], late=[TWO, strip], warm=[TWO, strip])
    later(plan)
    assert (plan.land, plan.wait) == ([ONE], [TWO])
