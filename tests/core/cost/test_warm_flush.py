"""When an edit pays while the cache is warm, and which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cost.prices import Price
from penstock.cost.prompt_cache import CacheBlock, PromptCacheModel
from penstock.cost.warm_flush import CALLS_LEFT, HURDLE, UNSETTLED, Candidate, choose_breakpoint, choose_flush_point

PRICE = Price(input=3.0, output=15.0, window=200_000, least=1)
SIZES = st.lists(st.integers(0, 20_000), min_size=1, max_size=12)


def request(sizes: list[int], mark: str = "5m") -> list[CacheBlock]:
    return [CacheBlock(f"{n}".encode(), size, mark if n == len(sizes) - 1 else "") for n, size in enumerate(sizes)]


def sent(mirror: PromptCacheModel, *requests: list[CacheBlock], now: float = 0.0) -> PromptCacheModel:
    for one in requests:
        mirror.send(one, PRICE, now)
    return mirror


@given(SIZES, st.lists(st.integers(0, 12), max_size=4), st.data(), st.sampled_from(["5m", "1h"]))
def test_the_best_place_is_taken(sizes: list[int], ends: list[int], data: st.DataObject, mark: str) -> None:
    """Every place is tried the long way: what this request costs more, weighed against what the later ones save."""
    blocks = request(sizes, mark)
    some = st.lists(st.integers(0, len(sizes) - 1), unique=True)
    candidates = [Candidate(i, data.draw(st.integers(-50, sizes[i]))) for i in data.draw(some)]
    mirror = sent(
        PromptCacheModel(), *(request(sizes[:end], mark) for end in [*ends, len(sizes)] if 0 < end <= len(sizes))
    )

    def cost(entry: int, freed: int) -> float:
        read = sum(sizes[: entry + 1])
        return PRICE.read * read + (2.0 if mark == "1h" else 1.25) * (sum(sizes) - freed - read)

    alive = [end - 1 for end in {*ends, len(sizes)} if 0 < end <= len(sizes) and sum(sizes[:end]) > 0]
    without = cost(max(alive, default=-1), 0)
    nets = {}
    for place in {c.index for c in candidates}:
        freed = sum(c.saving for c in candidates if c.index >= place)
        extra = cost(max((i for i in alive if i < place), default=-1), freed) - without
        nets[place] = PRICE.read * CALLS_LEFT * freed - (HURDLE * extra if extra > 0 else extra)
    choice = choose_flush_point(candidates, blocks, mirror, PRICE, 1.0, 10.0)
    best = max(nets.values(), default=0.0)
    if choice is None:
        assert best <= 1e-6
    else:
        assert nets[choice.place] == pytest.approx(best)
        freed = sum(c.saving for c in candidates if c.index >= choice.place)
        assert choice.extra == pytest.approx(cost(-1 if choice.entry is None else choice.entry, freed) - without)


def test_what_is_late_in_the_history_pays_sooner() -> None:
    """The same tokens: behind a long prefix that is read, and in front of a long rest that is written again."""
    blocks = request([100_000, 3000, 100_000, 3000, 100])
    mirror = sent(PromptCacheModel(), request([100_000]), request([100_000, 3000, 100_000]), blocks)
    assert choose_flush_point([Candidate(1, 2900)], blocks, mirror, PRICE, 1.0, 0.0) is None
    choice = choose_flush_point([Candidate(1, 2900), Candidate(3, 2900)], blocks, mirror, PRICE, 1.0, 0.0)
    assert choice is not None
    assert (choice.place, choice.entry) == (3, 2)


def test_an_entry_about_to_die_is_not_counted_on() -> None:
    """It has to live as long as the request takes."""
    blocks = request([100_000, 3000, 100])
    mirror = sent(PromptCacheModel(), request([100_000]), blocks)
    assert choose_flush_point([Candidate(1, 2900)], blocks, mirror, PRICE, 280.0, 10.0) is not None
    late = choose_flush_point([Candidate(1, 2900)], blocks, mirror, PRICE, 295.0, 10.0)
    assert late is None or late.entry is None


def test_few_calls_to_come_make_nothing_pay() -> None:
    """What is cut must be read often enough."""
    blocks = request([10_000, 3000, 2000])
    mirror = sent(PromptCacheModel(), request([10_000]), blocks)
    one = [Candidate(1, 2900)]
    assert choose_flush_point(one, blocks, mirror, PRICE, 1.0, 0.0) is not None
    assert choose_flush_point(one, blocks, mirror, PRICE, 1.0, 0.0, calls_left=1.0) is None
    assert choose_flush_point(one, blocks, mirror, PRICE, 1.0, 0.0, hurdle=1000.0) is None
    assert choose_flush_point([], blocks, mirror, PRICE, 1.0, 0.0) is None


def test_our_own_breakpoint_stands_before_the_clients() -> None:
    """At the newest end of a user message where an entry lives, with little before it still to be cut."""
    blocks = [CacheBlock(str(n).encode(), 10, "5m" if n in (0, 8) else "") for n in range(10)]
    assert choose_breakpoint(blocks, [2, 4, 6, 8], [2, 4, 8], []) == 4
    assert choose_breakpoint(blocks, [2, 4, 6], [6], []) == 6
    assert choose_breakpoint(blocks, [2, 4, 6], [], []) is None
    assert choose_breakpoint(blocks, [8, 9], [8, 9], []) is None
    assert choose_breakpoint([b._replace(cache_ttl="") for b in blocks], [2, 9], [2, 9], []) == 9


def test_where_much_is_to_be_cut_nothing_is_kept_alive() -> None:
    """That entry would not be read again."""
    blocks = request([10] * 10)
    ends, alive = [2, 4, 6], [2, 4, 6]
    assert choose_breakpoint(blocks, ends, alive, [Candidate(5, UNSETTLED)]) == 4
    assert choose_breakpoint(blocks, ends, alive, [Candidate(5, UNSETTLED - 1)]) == 6
    assert choose_breakpoint(blocks, ends, alive, [Candidate(1, UNSETTLED)]) is None
