"""The tables `[budget]` and `[rate]` as people write them, and the levels they set."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import ProfileError
from penstock.budget.settings import Budget, Level, Rates
from penstock.testing import profile_of

PARTS = st.floats(0.01, 1)
SHARES = st.floats(0, 2)
LEVELS = st.sampled_from(Level)


@st.composite
def marks(draw: st.DrawFn) -> Budget:
    reduced, minimal = sorted((draw(PARTS), draw(PARTS)))
    return Budget(reduced=reduced, minimal=minimal, margin=draw(st.floats(0, min(0.3, reduced), exclude_max=True)))


def plain(share: float, of: Budget) -> Level:
    """Where a share stands, whatever was before."""
    if share >= 1:
        return Level.BLOCKED
    return Level.MINIMAL if share >= of.minimal else Level.REDUCED if share >= of.reduced else Level.NORMAL


def test_nothing_is_limited_at_first() -> None:
    """Whoever sets no budget meets none."""
    profile = profile_of()
    assert (profile.budget.model_dump(), profile.rate.model_dump()) == (Budget().model_dump(), Rates().model_dump())
    scopes = (profile.budget.day, profile.budget.project, profile.budget.session, profile.budget.conversation)
    assert all(limit.of(m) is None for limit in scopes for m in ("dollars", "tokens", "requests"))


def test_what_is_written_counts() -> None:
    """Each scope and each rate has a table of its own."""
    profile = profile_of(
        "[budget]\nreduced = 0.5\nhint = true\n[budget.session]\ndollars = 3\nper = 'day'\n"
        "[rate]\nqueue_s = 20\n[rate.project]\ntokens_per_minute = 9000\n"
    )
    assert (profile.budget.reduced, profile.budget.hint) == (0.5, True)
    assert (profile.budget.session.dollars, profile.budget.session.per) == (3, "day")
    assert (profile.rate.queue_s, profile.rate.project.tokens_per_minute) == (20, 9000)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[budget.sesion]\ndollars = 1", "budget.sesion"),
        ("[budget.session]\ndolars = 1", "dolars"),
        ("[budget.day]\ndollars = -1", "budget.day.dollars"),
        ("[budget.day]\nrequests = 0", "budget.day.requests"),
        ("[budget.day]\ntokens = inf", "budget.day.tokens"),
        ("[budget.day]\ntokens = nan", "budget.day.tokens"),
        ("[budget.day]\nper = 'week'", "budget.day.per"),
        ("[budget]\nreduced = 1.5", "budget.reduced"),
        ("[budget]\nmargin = -0.1", "budget.margin"),
        ("[budget]\nreserve = 1", "budget.reserve"),
        ("[budget]\nmain_weight = 0", "budget.main_weight"),
        ("[budget]\nreduced = 0.9\nminimal = 0.5", "budget"),
        ("[rate]\nqueue_s = -1", "rate.queue_s"),
        ("[rate.credential]\nrequests_per_minute = 0", "rate.credential.requests_per_minute"),
        ("[rate.credentials]\nrequests_per_minute = 1", "credentials"),
    ],
)
def test_a_mistake_names_its_place(text: str, key: str) -> None:
    """The file and the key: a budget that silently does not count would be found out by the bill."""
    with pytest.raises(ProfileError) as e:
        profile_of(text)
    assert "test.toml" in str(e.value)
    assert key in str(e.value)


def test_levels_out_of_order_are_told_in_words() -> None:
    """With both figures."""
    with pytest.raises(ProfileError, match=r"reduced = 0\.9 is above minimal = 0\.5"):
        profile_of("[budget]\nreduced = 0.9\nminimal = 0.5")


@given(st.lists(SHARES, min_size=1), marks())
def test_a_level_rises_at_once(shares: list[float], of: Budget) -> None:
    """It is never below what the share alone says, whatever came before."""
    level = Level.NORMAL
    for share in shares:
        level = of.next_level(share, level)
        assert level >= plain(share, of)


@given(SHARES, SHARES, LEVELS, marks())
def test_a_larger_share_has_no_lower_level(one: float, other: float, before: Level, of: Budget) -> None:
    """From the same level before."""
    low, high = sorted((one, other))
    assert of.next_level(low, before) <= of.next_level(high, before)


@given(SHARES, LEVELS, marks())
def test_a_level_falls_past_the_margin_only(share: float, before: Level, of: Budget) -> None:
    """Within the margin it stays. Past it nothing keeps it up."""
    after = of.next_level(share, before)
    for level, mark in ((Level.REDUCED, of.reduced), (Level.MINIMAL, of.minimal)):
        if before >= level and share + of.margin >= mark:
            assert after >= level
        if share + of.margin < mark and share < 1:
            assert after < level


@given(st.lists(st.floats(0, 0.999), min_size=2), PARTS, marks(), LEVELS)
def test_a_level_does_not_go_up_and_down_within_the_margin(
    shares: list[float], start: float, of: Budget, before: Level
) -> None:
    """Among shares that differ by less than the margin it crosses each mark once, if at all, and never comes back."""
    near = [min(start + share * of.margin * 0.99, 0.999) for share in shares]
    levels = [before]
    for share in near:
        levels.append(of.next_level(share, levels[-1]))
    for mark in (Level.REDUCED, Level.MINIMAL):
        sides = [level >= mark for level in levels]
        assert sum(one is not other for one, other in pairwise(sides)) <= 1


@given(st.floats(0, 0.999), marks())
def test_what_is_left_may_be_spent(share: float, of: Budget) -> None:
    """BLOCKED has no margin: a request whose estimate filled the budget does not lock what it did not use."""
    assert of.next_level(share, Level.BLOCKED) < Level.BLOCKED
    assert of.next_level(1.0, Level.NORMAL) is Level.BLOCKED


def test_a_level_says_its_name() -> None:
    """As events and screens write it."""
    assert [str(level) for level in Level] == ["NORMAL", "REDUCED", "MINIMAL", "BLOCKED"]
