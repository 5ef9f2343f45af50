"""How a session's budget is shared."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.budget.limit_evaluator import Member, shares

AMOUNTS = st.floats(0, 1000).map(lambda n: round(n, 3))
MEMBERS = st.builds(Member, st.sampled_from([0.5, 1.0, 1.5]), AMOUNTS, st.booleans())
POOLS = st.lists(MEMBERS, min_size=1, max_size=12)
LIMITS = st.floats(0, 5000)


@given(LIMITS, POOLS)
def test_shares_add_up_to_the_limit(limit: float, members: list[Member]) -> None:
    """Or to what was used where that is more, while anybody is at work to have them."""
    assume(not all(member.is_over for member in members))
    used = sum(member.used for member in members)
    assert sum(shares(limit, members)) == pytest.approx(max(limit, used))


@given(LIMITS, POOLS)
def test_nobody_has_less_than_it_used(limit: float, members: list[Member]) -> None:
    """What is spent is not taken back."""
    assert all(given >= member.used - 1e-9 for given, member in zip(shares(limit, members), members, strict=True))


@given(LIMITS, POOLS)
def test_who_has_done_its_work_keeps_what_it_used(limit: float, members: list[Member]) -> None:
    """To the last digit: the rest is for the others."""
    for given_, member in zip(shares(limit, members), members, strict=True):
        if member.is_over:
            assert given_ == member.used


@given(LIMITS, POOLS)
def test_weights_are_honoured(limit: float, members: list[Member]) -> None:
    """Those that are not beyond their shares have the same for each part of weight, and who is beyond has more."""
    open_ = [(m, n) for m, n in zip(members, shares(limit, members), strict=True) if not m.is_over]
    within = [n / m.weight for m, n in open_ if n > m.used]
    assert within == pytest.approx([max(within)] * len(within) if within else [])
    assert all(n / m.weight >= max(within) * (1 - 1e-9) for m, n in open_ if within)


@given(LIMITS, POOLS, st.randoms())
def test_the_order_does_not_matter(limit: float, members: list[Member], random: object) -> None:
    """A member's share is its own, wherever it stands."""
    order = list(range(len(members)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = shares(limit, [members[at] for at in order])
    straight = shares(limit, members)
    assert mixed == pytest.approx([straight[at] for at in order])


def test_the_main_agent_has_half_as_much_again() -> None:
    """As the profile sets it; subagents have the same."""
    assert shares(70, [Member(1.5, 0), Member(1, 0), Member(1, 0)]) == [30, 20, 20]


def test_what_a_subagent_did_not_use_comes_back() -> None:
    """When it ends."""
    before = shares(100, [Member(1.5, 10), Member(1, 4)])
    after = shares(100, [Member(1.5, 10), Member(1, 4, is_over=True)])
    assert (before, after) == ([60, 40], [96, 4])


def test_weights_far_apart() -> None:
    """One that outweighs all others by far takes no one's share of nothing."""
    assert shares(10, [Member(1e20, 20), Member(1, 0)]) == [20, 0]


def test_nobody() -> None:
    """An empty session shares nothing."""
    assert shares(10, []) == []
