"""The mirror, held against the providers' rules written down once more.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
https://developers.openai.com/api/docs/guides/prompt-caching
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cost.prices import Price
from penstock.cost.prompt_cache import CONSIDERED, ENTRIES, CacheBlock, CacheBlocks, Cost, PromptCacheModel, breakpoints

PRICE = Price(input=3.0, output=15.0, window=200_000, least=100)
AUTOMATIC = replace(PRICE, caching="prefix", write=1.0)
NEWEST = replace(PRICE, caching="newest", write_hour=2.5, ttl_s=1800.0, ttl_hour_s=43_200.0)


@dataclass
class Reference:
    """Entries are prefixes, spelled out; slow, and as the documentation tells it."""

    least: int = 100
    entries: dict[tuple[bytes, ...], tuple[float, float]] = field(default_factory=dict)
    """A prefix, when it was last used, and how long it lives from there."""

    def send(self, blocks: list[CacheBlock], now: float) -> Cost:
        hit = self.found(blocks, now)
        if hit:
            prefix = self.prefix(blocks, hit)
            self.entries[prefix] = (now, self.entries[prefix][1])
        read = tokens(blocks[:hit])
        hour = five = 0
        end = hit
        for at, block in enumerate(blocks, start=1):
            if not block.cache_ttl or tokens(blocks[:at]) < self.least:
                continue
            if at > hit:
                part = tokens(blocks[end:at])
                hour, five = (hour + part, five) if block.cache_ttl == "1h" else (hour, five + part)
                end = at
            self.entries[self.prefix(blocks, at)] = (now, 3600.0 if block.cache_ttl == "1h" else 300.0)
        return Cost(tokens(blocks[end:]), read, five, hour)

    def found(self, blocks: list[CacheBlock], now: float) -> int:
        """How many blocks at the head are read: the last breakpoint is asked first, each at 20 positions."""
        for at in range(len(blocks), 0, -1):
            if blocks[at - 1].cache_ttl:
                for length in self.positions(blocks, at):
                    used, life = self.entries.get(self.prefix(blocks, length), (0.0, 0.0))
                    if used + life > now:
                        return length
        return 0

    def positions(self, blocks: list[CacheBlock], at: int) -> list[int]:
        runs: list[list[int]] = []
        for length in range(1, at + 1):
            if blocks[length - 1].joined and runs:
                runs[-1].append(length)
            else:
                runs.append([length])
        return [length for run in reversed(runs[-20:]) for length in reversed(run)]

    def prefix(self, blocks: list[CacheBlock], length: int) -> tuple[bytes, ...]:
        return tuple(block.key for block in blocks[:length])


@dataclass
class NewestReference:
    """OpenAI from GPT-5.6 on. An entry is a prefix that ended at a breakpoint."""

    least: int = 100
    entries: dict[tuple[bytes, ...], tuple[float, float]] = field(default_factory=dict)
    """A prefix, when it was last used, and how long it lives from there."""

    def send(self, blocks: list[CacheBlock], now: float) -> Cost:
        prefixes = [tuple(b.key for b in blocks[:n]) for n in range(1, len(blocks) + 1)]
        marks = [i for i, b in enumerate(blocks) if b.cache_ttl]
        is_implicit = any(b.is_automatic for b in blocks)
        breaks = [i for i, p in enumerate(prefixes) if p in self.entries] if is_implicit else marks
        alive = [i for i in breaks[-80:] if self.is_alive(prefixes[i], now)]
        end = max(alive, default=-1) + 1
        if end:
            self.entries[prefixes[end - 1]] = (now, self.entries[prefixes[end - 1]][1])
        read, short, long = tokens(blocks[:end]), 0, 0
        for i in marks[-4:]:
            if tokens(blocks[: i + 1]) < self.least:
                continue
            is_long = blocks[i].cache_ttl == "12h"
            if i >= end:
                part = tokens(blocks[end : i + 1])
                short, long = (short, long + part) if is_long else (short + part, long)
                end = i + 1
            self.entries[prefixes[i]] = (now, 43_200.0 if is_long else 1800.0)
        return Cost(tokens(blocks[end:]), read, short, long)

    def is_alive(self, prefix: tuple[bytes, ...], now: float) -> bool:
        used, life = self.entries.get(prefix, (0.0, 0.0))
        return used + life > now


def tokens(blocks: list[CacheBlock]) -> int:
    return sum(block.tokens for block in blocks)


def block(key: str, size: int = 50, cache_ttl: str = "", *, joined: bool = False) -> CacheBlock:
    return CacheBlock(key.encode(), size, cache_ttl, joined)


def blocks(count: int, size: int = 50) -> list[CacheBlock]:
    return [block(f"b{i}", size) for i in range(count)]


def marked(some: list[CacheBlock], *at: int, mark: str = "5m") -> list[CacheBlock]:
    where = {i % len(some) for i in at}
    return [one._replace(cache_ttl=mark) if i in where else one for i, one in enumerate(some)]


@st.composite
def requests(draw: st.DrawFn) -> list[tuple[list[CacheBlock], float]]:
    """A history that grows, is cut back and edited, with breakpoints anywhere, and the gap before each request."""
    history: list[CacheBlock] = []
    out = []
    for n in range(draw(st.integers(1, 12))):
        history = history[: draw(st.sampled_from([1000, 1000, 1000, 30, 12, 3]))]
        for i in range(draw(st.sampled_from([1, 2, 3, 9, 19, 20, 21]))):
            joined = draw(st.integers(0, 9)) == 0
            history.append(block(f"{n}.{i}", draw(st.sampled_from([0, 10, 60, 700])), joined=joined))
        at = draw(st.lists(st.sampled_from([-1, -1, -2, -4, 0, 5, 20]), max_size=4))
        mark = draw(st.sampled_from(["5m", "5m", "1h"]))
        gap = draw(st.sampled_from([0.0, 10.0, 200.0, 299.0, 300.0, 301.0, 3599.0, 3600.0, 9000.0]))
        out.append((marked(history, *at, mark=mark), gap))
    return out


@given(requests())
def test_it_counts_as_the_documentation_says(plan: list[tuple[list[CacheBlock], float]]) -> None:
    """Over random histories, breakpoints and gaps: what is read, written for 5 minutes, for an hour, and paid in full.
    Looking first changes nothing."""
    mirror, reference, now = PromptCacheModel(), Reference(), 1000.0
    for sent, gap in plan:
        now += gap
        looked = mirror.look(sent, PRICE, now)
        assert mirror.send(sent, PRICE, now) == looked == reference.send(sent, now)


@given(requests(), st.data())
def test_the_newest_models_of_openai_count_as_its_documentation_says(
    plan: list[tuple[list[CacheBlock], float]], data: st.DataObject
) -> None:
    """With the client's breakpoints alone, or with the provider's own at the end: what is read, written for half an
    hour, for twelve, and paid in full."""
    mirror, reference, now = PromptCacheModel(), NewestReference(), 1000.0
    for sent, gap in plan:
        now += gap
        blocks = [
            one._replace(cache_ttl=data.draw(st.sampled_from(["30m", "12h"])) if one.cache_ttl else "") for one in sent
        ]
        if data.draw(st.booleans()):
            blocks[-1] = blocks[-1]._replace(cache_ttl=blocks[-1].cache_ttl or "30m", is_automatic=True)
        looked = mirror.look(blocks, NEWEST, now)
        assert mirror.send(blocks, NEWEST, now) == looked == reference.send(blocks, now)


@given(requests(), st.lists(st.integers(0, 30), max_size=8))
def test_what_the_provider_ignores_changes_nothing(
    plan: list[tuple[list[CacheBlock], float]], places: list[int]
) -> None:
    """Wherever such blocks stand in the list, and however many there are."""
    ignored = CacheBlock(b"", 0, joined=True, is_ignored=True)
    for price in (PRICE, AUTOMATIC, NEWEST):
        plain, padded, now = PromptCacheModel(), PromptCacheModel(), 0.0
        for sent, gap in plan:
            now += gap
            blocks = list(sent)
            for place in places:
                blocks.insert(place % (len(blocks) + 1), ignored)
            assert plain.send(sent, price, now) == padded.send(blocks, price, now)
            alive = padded.alive_before(blocks, now, 0)
            assert [blocks[i] for i in alive] == [sent[i] for i in plain.alive_before(sent, now, 0)]


@given(requests(), st.data())
def test_what_is_kept_for_the_next_model_changes_no_cost(
    plan: list[tuple[list[CacheBlock], float]], data: st.DataObject
) -> None:
    """Nor does a breakpoint that is set in a request between two models of a cache."""
    for price in (PRICE, AUTOMATIC, NEWEST):
        first, second, alone = PromptCacheModel(), PromptCacheModel(), PromptCacheModel()
        for blocks, now in plan:
            kept = CacheBlocks(blocks)
            first.send(kept, price, now)
            at = data.draw(st.integers(0, len(blocks) - 1)) if blocks else None
            if at is not None:
                kept[at] = kept[at]._replace(cache_ttl="5m")
            assert second.alive_before(kept, now, 1.0) == alone.alive_before(list(kept), now, 1.0)
            assert second.send(kept, price, now) == alone.send(list(kept), price, now)


@given(requests())
def test_every_token_is_paid_for_once(plan: list[tuple[list[CacheBlock], float]]) -> None:
    """In one sort or another, whoever the provider is."""
    for price in (PRICE, AUTOMATIC, NEWEST):
        mirror, now = PromptCacheModel(), 0.0
        for sent, gap in plan:
            now += gap
            cost = mirror.send(sent, price, now)
            assert cost.total == tokens(sent)
            assert min(cost.plain, cost.read, cost.write, cost.write_hour) >= 0


@given(requests())
def test_automatic_caches_read_the_longest_prefix_seen(plan: list[tuple[list[CacheBlock], float]]) -> None:
    """Wherever a history was cut back or changed, what stood before that was seen; nothing is written at a price."""
    mirror, now = PromptCacheModel(), 0.0
    seen: dict[tuple[bytes, ...], float] = {}
    for sent, gap in plan:
        now += gap
        prefixes = [tuple(b.key for b in sent[:n]) for n in range(1, len(sent) + 1)]
        alive = [p for p in prefixes if now - seen.get(p, -9999.0) < AUTOMATIC.ttl_s]
        read = max((tokens(sent[: len(p)]) for p in alive), default=0)
        assert mirror.send(sent, AUTOMATIC, now) == Cost(tokens(sent) - read, read)
        seen |= {p: now for p in prefixes if tokens(sent[: len(p)]) >= AUTOMATIC.least}


def test_the_example_of_the_documentation() -> None:
    """Ten blocks, then 15, then 35: the entry of the second is one position outside the window of the third."""
    ten, fifteen, thirty_five = (marked(blocks(n), n - 1) for n in (10, 15, 35))
    for last, read in ((thirty_five, 0), (marked(thirty_five, 14, 34), 15), (marked(blocks(34), 33), 15)):
        mirror = PromptCacheModel()
        assert mirror.send(ten, PRICE, 0) == Cost(write=500)
        assert mirror.send(fifteen, PRICE, 1) == Cost(read=500, write=250)
        assert mirror.send(last, PRICE, 2).read == read * 50


def test_many_calls_at_once_are_one_position() -> None:
    """And so are their results: the entry before them is still found."""
    head = blocks(3)
    many = [block(f"{kind}{i}", joined=i > 0) for kind in "cr" for i in range(30)]
    apart = [one._replace(joined=False) for one in many]
    for new, read in ((many, 150), (apart, 0)):
        mirror = PromptCacheModel()
        mirror.send(marked(head, -1), PRICE, 0)
        assert mirror.send(marked([*head, *new], -1), PRICE, 1).read == read


def newest(some: list[CacheBlock], mark: str = "30m") -> list[CacheBlock]:
    return [*some[:-1], some[-1]._replace(cache_ttl=mark, is_automatic=True)]


def test_a_longer_history_reads_what_ended_with_the_last_message() -> None:
    """Though no breakpoint is there any more, and however many blocks were added."""
    mirror = PromptCacheModel()
    assert mirror.send(newest(blocks(20)), NEWEST, 0) == Cost(write=1000)
    assert mirror.send(newest(blocks(200)), NEWEST, 10) == Cost(read=1000, write=9000)


def test_an_edit_reads_back_to_the_last_message_alone() -> None:
    """Entries are at the ends of messages: what comes before a change in one is read to the end of the last."""
    mirror = PromptCacheModel()
    mirror.send(newest(blocks(10)), NEWEST, 0)
    mirror.send(newest(blocks(20)), NEWEST, 10)
    changed = [*blocks(15), block("other"), *blocks(20)[16:]]
    assert mirror.send(newest(changed), NEWEST, 20) == Cost(read=500, write=500)
    assert mirror.look(blocks(20), replace(NEWEST, caching="prefix"), 30).read == 1000


def test_twelve_hours_are_asked_for() -> None:
    """Written at a higher price, and alive when half an hour has long passed."""
    for mark, cost, alive in (("30m", Cost(write=500), 0), ("12h", Cost(write_hour=500), 500)):
        mirror = PromptCacheModel()
        assert mirror.send(newest(blocks(10), mark), NEWEST, 0) == cost
        assert mirror.look(newest(blocks(10), mark), NEWEST, 1801).read == alive


def test_without_a_breakpoint_nothing_is_cached() -> None:
    """`mode: "explicit"`, and the client sets none."""
    mirror = PromptCacheModel()
    for now in (0, 1):
        assert mirror.send(blocks(10), NEWEST, now) == Cost(plain=500)


def test_so_many_breakpoints_are_considered() -> None:
    """An entry behind the latest 80 is not found."""
    for count, read in ((CONSIDERED, 50), (CONSIDERED + 1, 0)):
        mirror = PromptCacheModel()
        mirror.send([block("b0", 200, "12h")], NEWEST, 0)
        for n in range(1, count):
            mirror.send(marked(blocks(n + 1), n, mark="30m"), NEWEST, 1)
        every = [one._replace(cache_ttl="30m") for one in blocks(count)]
        every[0] = block("b0", 50, "12h")
        assert mirror.look(every, NEWEST, 3000).read == read


def test_each_way_of_caching_has_its_breakpoints() -> None:
    """Anthropic's, OpenAI's with the gateways', or all."""
    some = [block("a", cache_ttl="5m"), block("b", cache_ttl="30m"), block("c"), CacheBlock(b"", 0, is_ignored=True)]
    assert [breakpoints(some, price) for price in (PRICE, NEWEST, AUTOMATIC)] == [[0], [0, 1], [0, 1, 2]]


def test_what_is_too_short_is_not_cached() -> None:
    """However it is marked: it is paid in full each time."""
    mirror = PromptCacheModel()
    for now in (0, 1):
        assert mirror.send(marked(blocks(1, 99), 0), PRICE, now) == Cost(plain=99)
    assert mirror.send(marked(blocks(1, 100), 0), PRICE, 2) == Cost(write=100)


def test_an_entry_lives_from_its_last_use() -> None:
    """Reading it keeps it alive; an hour is an hour."""
    sent = marked(blocks(4), 3)
    mirror = PromptCacheModel()
    mirror.send(sent, PRICE, 0)
    assert [mirror.send(sent, PRICE, now).read for now in (299, 598, 898)] == [200, 200, 0]
    hour = marked(blocks(4), 3, mark="1h")
    mirror = PromptCacheModel()
    assert mirror.send(hour, PRICE, 0) == Cost(write_hour=200)
    assert [mirror.send(hour, PRICE, now).read for now in (3599, 7198, 10_798)] == [200, 200, 0]


def test_a_margin_takes_an_entry_for_dead_that_might_not_be_there_in_time() -> None:
    """For plans; what is booked knows no margin."""
    sent = marked(blocks(4), 3)
    mirror = PromptCacheModel()
    mirror.send(sent, PRICE, 0)
    assert [mirror.look(sent, PRICE, 290, margin).read for margin in (0, 9, 10)] == [200, 200, 0]
    assert mirror.alive_before(sent, 290, 9) == [3]
    assert mirror.alive_before(sent, 290, 10) == []


def test_two_lifetimes_are_paid_apart() -> None:
    """Up to the breakpoint of an hour at its price, from there at the other; what follows in full."""
    sent = [block("a", 100, "1h"), block("b", 40), block("c", 60, "5m"), block("d", 7)]
    assert PromptCacheModel().send(sent, PRICE, 0) == Cost(plain=7, write=100, write_hour=100)


def test_a_copy_goes_its_own_way() -> None:
    """What is sent to one the other does not know."""
    mirror = PromptCacheModel()
    copy = mirror.copy()
    mirror.send(marked(blocks(4), 3), PRICE, 0)
    assert copy.look(marked(blocks(4), 3), PRICE, 1).read == 0
    assert mirror.copy().look(marked(blocks(4), 3), PRICE, 1).read == 200


def test_what_the_provider_did_not_have_is_forgotten() -> None:
    """All that was last used before that request, and no more."""
    mirror = PromptCacheModel()
    mirror.send(marked(blocks(4), 3), PRICE, 0)
    mirror.send(marked(blocks(8), 7), PRICE, 50)  # reads the first: both were used then
    mirror.forget(before=50)
    assert mirror.alive_before(blocks(8), 51, 0) == [3, 7]
    mirror.forget(before=50.5)
    assert mirror.alive_before(blocks(8), 51, 0) == []


@pytest.mark.parametrize("price", [PRICE, AUTOMATIC])
def test_it_stays_small(price: Price) -> None:
    """Over a session that never ends, though no entry has died; the newest ones stay."""
    mirror = PromptCacheModel()
    for n in range(ENTRIES // 2):
        mirror.send([block(f"head {n}"), block("x", 100, "5m"), block("y", 10, "5m")], price, n / 1000)
    assert len(mirror._expiry) <= ENTRIES
    last = [block(f"head {n}"), block("x", 100, "5m")]
    assert mirror.look(last, price, n / 1000).read == 150


@pytest.mark.parametrize("price", [PRICE, AUTOMATIC])
def test_nothing_costs_nothing(price: Price) -> None:
    """A request without a block."""
    assert PromptCacheModel().send([], price, 0) == Cost()


def test_units_are_those_of_plain_input() -> None:
    """What a cost is at a price."""
    assert Cost(1000, 1000, 1000, 1000).units(PRICE) == 1000 + 100 + 1250 + 2000
    assert Cost(1, 2, 3, 4).total == 10
