"""What was worked out about a text, kept while there is room."""

from __future__ import annotations

import sys
import tracemalloc

from penstock_plugins.common.memo import Memo


def test_a_memo_lets_go_of_what_was_not_asked_for_lately() -> None:
    """It keeps no more than it may, and gives the same answer after."""
    asked: list[str] = []

    def work(text: str) -> int:
        asked.append(text)
        return len(text)

    memo = Memo(work, limit=2 * (sys.getsizeof("aaaa") + sys.getsizeof(4)))
    assert [memo("aaaa"), memo("bbbb"), memo("aaaa"), memo("cccc"), memo("bbbb")] == [4] * 5
    assert asked == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_what_an_answer_holds_counts() -> None:
    """Many names from short texts take no more room than there is, whatever they are held in."""
    limit = 1 << 20
    many = Memo(lambda text: frozenset(f"{text}_name_{i}" for i in range(500)), limit)
    deep = Memo(lambda text: {"edits": [{"old": f"{text} {i}"} for i in range(500)]}, limit)
    tracemalloc.start()
    try:
        for i in range(100):
            many(str(i))
            deep(str(i))
        assert tracemalloc.get_traced_memory()[0] < 2.5 * limit
    finally:
        tracemalloc.stop()


def test_an_answer_larger_than_all_room_is_given_all_the_same() -> None:
    """It is not kept, and nothing else is in its way."""
    memo = Memo(lambda text: frozenset(text.split()), limit=10)
    assert memo("a b") == memo("a b") == {"a", "b"}
