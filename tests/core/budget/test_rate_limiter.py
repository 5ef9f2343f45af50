"""How fast one may go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.provider_limits import RateLimitInfo
from penstock.budget.rate_limiter import BUCKETS, Bucket, RateLimiter
from penstock.budget.scopes import BudgetOwner
from penstock.budget.settings import Rate, Rates

WHO = BudgetOwner("c", credential="a", project="kiln", provider="anthropic")
SLOW = Rates(credential=Rate(requests_per_minute=2))
SPENT = RateLimitInfo("tokens", remaining=0, resets_at=130.0)
SIZES, RATES = st.floats(1, 50), st.floats(0.1, 20)
STEPS = st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 1)), min_size=1, max_size=40)
"""Seconds since the one before, and how much of the bucket's size is asked for."""


def test_what_nobody_limits_goes_at_once() -> None:
    """And leaves no bucket behind."""
    speed = RateLimiter()
    assert all(speed.turn(WHO, Rates(), 1e6, 0).is_given for _ in range(1000))
    assert speed.show(0) == {"ours": [], "providers": []}


def test_too_fast_is_refused() -> None:
    """With the limit, and the time after which to try again."""
    speed = RateLimiter()
    assert [speed.turn(WHO, SLOW, 1, 100).wait_s for _ in range(2)] == [0, 0]
    turn = speed.turn(WHO, SLOW, 1, 100)
    assert (turn.is_given, turn.wait_s) == (False, 30)
    assert "2 requests a minute for this credential" in turn.message
    assert "30 s" in turn.message


def test_who_is_refused_takes_nothing() -> None:
    """However often one asks too early, the turn comes when it was said to."""
    rates = SLOW.model_copy(update={"project": Rate(tokens_per_minute=600)})
    speed = RateLimiter()
    for _ in range(2):
        speed.turn(WHO, rates, 10, 0)
    left = speed.show(0)["ours"]
    for _ in range(50):
        assert not speed.turn(WHO, rates, 10, 0).is_given
    assert speed.show(0)["ours"] == left
    assert speed.turn(WHO, rates, 10, 30).is_given


def test_a_request_may_queue() -> None:
    """In the order they ask, each at its time, and none longer than it may."""
    speed, rates = RateLimiter(), SLOW.model_copy(update={"queue_s": 60.0})
    turns = [speed.turn(WHO, rates, 1, 0) for _ in range(5)]
    assert [(turn.is_given, turn.wait_s) for turn in turns] == [
        (True, 0),
        (True, 0),
        (True, 30),
        (True, 60),
        (False, 90),
    ]


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(1, 500)), max_size=30), st.floats(0, 120))
def test_nobody_waits_longer_than_allowed(asked: list[tuple[float, float]], queue_s: float) -> None:
    """Whatever comes; and what may go leaves in the order it came."""
    rates = Rates(queue_s=queue_s, credential=Rate(requests_per_minute=6), project=Rate(tokens_per_minute=500))
    speed, now, last = RateLimiter(), 0.0, 0.0
    for pause, tokens in asked:
        now += pause
        turn = speed.turn(WHO, rates, tokens, now)
        if turn.is_given:
            assert turn.wait_s <= queue_s
            assert now + turn.wait_s >= last - 1e-6
            last = now + turn.wait_s
        else:
            assert turn.wait_s > queue_s


@pytest.mark.parametrize(
    ("rates", "other"),
    [
        (SLOW, BudgetOwner("c", credential="b", project="kiln")),
        (Rates(project=Rate(requests_per_minute=2)), BudgetOwner("c", credential="a", project="loom")),
    ],
)
def test_each_has_its_own(rates: Rates, other: BudgetOwner) -> None:
    """A credential or project that goes fast takes nothing from another."""
    speed = RateLimiter()
    for _ in range(3):
        speed.turn(WHO, rates, 1, 0)
    assert not speed.turn(WHO, rates, 1, 0).is_given
    assert speed.turn(other, rates, 1, 0).is_given


def test_one_credential_in_two_projects() -> None:
    """Shares the credential's limit."""
    speed = RateLimiter()
    for project in ("kiln", "loom"):
        assert speed.turn(BudgetOwner("c", credential="a", project=project), SLOW, 1, 0).is_given
    assert not speed.turn(BudgetOwner("c", credential="a", project="reed"), SLOW, 1, 0).is_given


def test_a_provider_that_is_spent_is_waited_for() -> None:
    """When requests may queue, and it does not take longer than they may: to refuse is the provider's part then."""
    speed = RateLimiter()
    speed.record_rate_limits(WHO, (SPENT,))
    waits = {queue_s: speed.turn(WHO, Rates(queue_s=queue_s), 1, 100).wait_s for queue_s in (0.0, 29.0, 30.0, 600.0)}
    assert waits == {0.0: 0, 29.0: 0, 30.0: 30, 600.0: 30}
    assert speed.turn(WHO, Rates(queue_s=60, provider=False), 1, 100).wait_s == 0
    assert speed.turn(WHO, Rates(queue_s=60), 1, 131).wait_s == 0
    other = BudgetOwner("c", credential="b", project="kiln", provider="anthropic")
    assert speed.turn(other, Rates(queue_s=60), 1, 100).wait_s == 0


def test_the_newest_word_of_a_provider_counts() -> None:
    """What it does not speak of stands; a `retry-after` stands until it speaks again."""
    speed = RateLimiter()
    speed.record_rate_limits(WHO, (SPENT, RateLimitInfo("retry-after", remaining=0, resets_at=150)))
    assert speed.turn(WHO, Rates(queue_s=600), 1, 100).wait_s == 50
    speed.record_rate_limits(WHO, (RateLimitInfo("requests", remaining=9, resets_at=190),))
    assert speed.turn(WHO, Rates(queue_s=600), 1, 100).wait_s == 30
    speed.record_rate_limits(WHO, (RateLimitInfo("tokens", remaining=5, resets_at=130),))
    speed.record_rate_limits(WHO, ())
    assert speed.turn(WHO, Rates(queue_s=600), 1, 100).wait_s == 0
    assert [row["name"] for row in speed.show(100)["providers"]] == ["tokens", "requests"]
    assert [row["name"] for row in speed.show(150)["providers"]] == ["requests"]


def test_to_look_changes_nothing() -> None:
    """Whatever time the screen thinks it is: a look from the past fills no bucket twice."""
    speed = RateLimiter()
    for _ in range(2):
        speed.turn(WHO, SLOW, 1, 100)
    for now in (115, 90, 115):
        speed.show(now)
    assert speed.turn(WHO, SLOW, 1, 115).wait_s == pytest.approx(15)
    assert speed.show(130)["ours"] == [
        {"scope": "credential", "name": "a", "measure": "requests", "per_minute": 2, "size": 2, "left": 1}
    ]


def test_what_is_remembered_is_bounded() -> None:
    """Credentials without end do not fill the memory."""
    speed = RateLimiter()
    for n in range(BUCKETS + 100):
        who = BudgetOwner("c", credential=str(n))
        speed.turn(who, SLOW, 1, 0)
        speed.record_rate_limits(who, (SPENT,))
    shown = speed.show(0)
    assert (len(shown["ours"]), len(shown["providers"])) == (BUCKETS, BUCKETS)


def test_many_at_once_pass_as_if_one_by_one() -> None:
    """64 threads at one bucket: exactly what it holds passes."""
    speed, rates = RateLimiter(), Rates(credential=Rate(requests_per_minute=20))
    barrier = Barrier(64)

    def ask(_: int) -> bool:
        barrier.wait()
        return speed.turn(WHO, rates, 1, 0).is_given

    with ThreadPoolExecutor(64) as threads:
        assert sum(threads.map(ask, range(64))) == 20


@given(SIZES, RATES, STEPS, st.booleans())
def test_no_window_sees_more_than_the_bucket_and_its_rate(
    size: float, per_s: float, steps: list[tuple[float, float]], queues: bool
) -> None:
    """Whether those that come too soon wait for their turn or go away."""
    bucket, now, passed = Bucket(size, per_s, size, 0.0), 0.0, []
    for pause, part in steps:
        now += pause
        amount = part * size
        wait = bucket.wait(amount, now)
        if wait and not queues:
            continue
        bucket.take(amount, now)
        passed.append((now + wait, amount))
    for first, (start, _) in enumerate(passed):
        total = 0.0
        for at, amount in passed[first:]:
            total += amount
            assert total <= size + per_s * (at - start) + 1e-6


@given(SIZES, RATES, STEPS)
def test_first_come_first_served(size: float, per_s: float, steps: list[tuple[float, float]]) -> None:
    """Who asks first never leaves after who asks later, for whatever amounts."""
    bucket, now, turns = Bucket(size, per_s, size, 0.0), 0.0, []
    for pause, part in steps:
        now += pause
        turns.append(now + bucket.wait(part * size, now))
        bucket.take(part * size, now)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(turns))


@given(SIZES, RATES, st.floats(0, 1e9), st.floats(0, 1))
def test_a_clock_that_is_set_back_gives_nothing(size: float, per_s: float, back: float, part: float) -> None:
    """Nor does it take: time counts on from where the clock stands then."""
    bucket = Bucket(size, per_s, size, 2e9)
    bucket.take(size, 2e9)
    assert bucket.wait(part * size, 2e9 - back) == pytest.approx(part * size / per_s)
    assert bucket.left(2e9 - back + 1) == pytest.approx(min(size, per_s), rel=1e-3)


def test_more_than_it_holds_goes_when_it_is_full() -> None:
    """And is owed for afterwards: in the long run the rate holds."""
    bucket = Bucket(10, 1, 10, 0)
    assert bucket.wait(25, 0) == 0
    bucket.take(25, 0)
    assert bucket.left(0) == -15
    assert bucket.wait(1, 0) == 16


@given(SIZES, RATES, st.floats(0, 1e6))
def test_to_ask_takes_nothing(size: float, per_s: float, pause: float) -> None:
    """However often."""
    bucket = Bucket(size, per_s, size, 0)
    bucket.take(size, 0)
    for now in (0.0, pause / 2, pause):
        bucket.wait(size, now)
    assert bucket.left(pause) == pytest.approx(min(size, pause * per_s))
