"""The simulated cache bills as a provider's does."""

from __future__ import annotations

from typing import Any

from penstock_addons.demo.promptcache import MINIMUM, PromptCache, Usage, tokens

MARK = {"cache_control": {"type": "ephemeral"}}
LONG = "word " * MINIMUM


def _body(*texts: str, system: str = LONG, marks: tuple[int, ...] = (-1,)) -> dict[str, Any]:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]} for text in texts]
    for mark in marks:
        messages[mark]["content"][0] |= MARK  # type: ignore[index, operator]
    return {"system": [{"type": "text", "text": system}], "messages": messages}


def _whole(usage: Usage) -> int:
    return usage.input + usage.read + usage.written


def test_writes_first_and_reads_then() -> None:
    """The same request again is read whole; one that goes on is read up to there, wherever its breakpoint is now."""
    cache = PromptCache()
    first = cache.use(_body("a"))
    assert (first.input, first.read) == (0, 0)
    assert cache.use(_body("a")) == Usage(0, first.written, 0)
    more = cache.use(_body("a", "b", "c"))
    assert more.read == first.written
    assert (more.input, more.written) == (0, _whole(more) - more.read)


def test_a_change_in_the_middle_costs_what_follows() -> None:
    """Only what is the same from the beginning on is read."""
    cache = PromptCache()
    before = cache.use(_body("a", "b", marks=(0, 1)))
    after = cache.use(_body("a", "B", marks=(0, 1)))
    assert 0 < after.read < _whole(before)
    assert cache.use(_body("A", "b")).read == 0


def test_what_stands_behind_the_last_breakpoint_is_paid_in_full() -> None:
    """And so is a request without any."""
    cache = PromptCache()
    usage = cache.use(_body("a", "b" * 4000, marks=(0,)))
    assert usage.input >= 1000
    assert cache.use(_body("a", marks=())).input == _whole(cache.use(_body("a", marks=())))


def test_an_entry_lives_from_its_last_use() -> None:
    """A use renews it; past its life all is written again."""
    now = [0.0]
    cache = PromptCache(5.0, lambda: now[0])
    written = cache.use(_body("a")).written
    for now[0], read in ((4.0, written), (8.0, written), (14.0, 0)):
        assert cache.use(_body("a")).read == read


def test_a_short_prefix_is_not_kept() -> None:
    """Below the provider's minimum a breakpoint does nothing."""
    cache = PromptCache()
    for _ in range(2):
        usage = cache.use(_body("a", system="short"))
        assert (usage.read, usage.written) == (0, 0)


def test_looks_back_twenty_blocks() -> None:
    """A prefix that ends further before the breakpoint is not found."""
    cache = PromptCache()
    cache.use(_body("a"))
    near, far = [f"{i}" for i in range(20)], [f"x{i}" for i in range(21)]
    assert cache.use(_body("a", *near)).read > 0
    assert PromptCache().use(_body("a")).read == 0
    assert cache.use(_body("a", *far)).read == 0


def test_counts_four_characters_as_one() -> None:
    """An empty text counts too: a block is never free."""
    assert (tokens(""), tokens("abcd" * 10)) == (1, 10)
