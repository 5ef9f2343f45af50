"""The tables `[budget]` and `[rate]` as people write them."""

from __future__ import annotations

import pytest

from penstock.base.errors import ProfileError
from penstock.budget.settings import Budget, Rates
from penstock.testing import profile_of


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
