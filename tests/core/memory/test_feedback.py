"""What callers say of items, and what that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.memory import Item, Memory
from penstock.memory.feedback import MOST, FeedbackKind, Voice

NOW = 1_700_000_000.0
HELPFUL, WRONG, OUTDATED, DUPLICATE = FeedbackKind


@pytest.fixture
def items(memory: Memory) -> list[Item]:
    """Two that answer a question as well, and others."""
    memory.add([Item("p", "the backup runs at noon", "a"), Item("p", "the backup runs at night", "b")])
    memory.add([Item("p", f"line {n} about the weather in town", f"s{n}") for n in range(20)])
    return [hit.item for hit in memory.search("when does the backup run?", "p").hits[:2]]


def score(memory: Memory, item: Item, question: str = "when does the backup run?") -> float:
    return next(hit.score for hit in memory.search(question, "p", limit=50).hits if hit.item.id == item.id)


@pytest.mark.parametrize(
    ("kind", "value", "rises"),
    [
        (HELPFUL, 1.0, 1),
        (HELPFUL, -1.0, -1),
        (WRONG, 1.0, -1),
        (WRONG, -1.0, -1),
        (OUTDATED, 0.5, -1),
        (DUPLICATE, 1.0, -1),
    ],
)
def test_it_counts_in_later_searches(
    memory: Memory, items: list[Item], kind: FeedbackKind, value: float, rises: int
) -> None:
    """For an item or against it."""
    before = score(memory, items[0])
    assert not memory.hear(items[0], Voice(kind, "ada", NOW, value))
    assert (score(memory, items[0]) - before) * rises > 0
    assert memory.feedback.of(items[0].id) == [Voice(kind, "ada", NOW, value)]


def test_more_is_said_by_more(memory: Memory, items: list[Item]) -> None:
    """Wrong weighs more than out of date, and a whole voice more than half of one."""
    scores = []
    for voice in (
        Voice(WRONG, "a", NOW),
        Voice(OUTDATED, "a", NOW),
        Voice(HELPFUL, "a", NOW, 0.5),
        Voice(HELPFUL, "a", NOW),
    ):
        memory.hear(items[0], voice)
        scores.append(score(memory, items[0]))
    assert scores == sorted(scores)
    assert len(set(scores)) == 4


def test_each_caller_has_one_voice(memory: Memory, items: list[Item]) -> None:
    """The last; said again it counts no more."""
    memory.hear(items[0], Voice(WRONG, "ada", NOW, comment="no"))
    memory.hear(items[0], Voice(HELPFUL, "ada", NOW + 1))
    once = score(memory, items[0])
    for n in range(20):
        assert memory.hear(items[0], Voice(HELPFUL, "ada", NOW + n))
    assert score(memory, items[0]) == once
    assert len(memory.feedback.of(items[0].id)) == 1


def test_all_voices_together_are_bounded(memory: Memory, items: list[Item]) -> None:
    """A crowd moves an item no further than a few, and its newest voices alone are kept."""
    for n in range(3):
        memory.hear(items[0], Voice(HELPFUL, f"caller {n}", NOW + n))
    few = score(memory, items[0])
    for n in range(3, MOST + 20):
        memory.hear(items[0], Voice(HELPFUL, f"caller {n}", NOW + n))
    assert score(memory, items[0]) == few
    voices = memory.feedback.of(items[0].id)
    assert (len(voices), voices[0].by) == (MOST, f"caller {MOST + 19}")


def test_praise_moves_nothing_into_answers_it_has_nothing_to_do_with(memory: Memory, items: list[Item]) -> None:
    """However much of it there is."""
    [weather, *_] = memory.search("weather in town", "p").hits
    for n in range(30):
        memory.hear(weather.item, Voice(HELPFUL, f"caller {n}", NOW))
    found = [hit.item.id for hit in memory.search("when does the backup run?", "p").hits[:2]]
    assert set(found) == {item.id for item in items}


def test_it_goes_with_its_item(memory: Memory, items: list[Item], tmp_path: Path) -> None:
    """The comment is in no file after that; what others say of other items stays."""
    memory.hear(items[0], Voice(WRONG, "ada", NOW, comment="zanzibarium"))
    memory.hear(items[1], Voice(HELPFUL, "ada", NOW))
    memory.forget("p", [items[0].id])
    assert not any(b"zanzibar" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert memory.feedback.of(items[0].id) == []
    assert len(memory.feedback.of(items[1].id)) == 1
    assert memory.forget_project("p")
    assert memory.feedback.of(items[1].id) == []


def test_a_correction_keeps_what_spoke_for_the_item(memory: Memory, items: list[Item]) -> None:
    """What was said against it was about the text that is gone."""
    memory.hear(items[0], Voice(HELPFUL, "ada", NOW))
    memory.hear(items[0], Voice(WRONG, "bob", NOW))
    memory.hear(items[0], Voice(HELPFUL, "cyd", NOW, -1.0))
    memory.feedback.carry(items[0].id, items[1].id)
    assert [voice.by for voice in memory.feedback.of(items[1].id)] == ["ada"]


def test_praise_counts_for_an_item_with_most_of_the_words_alone(memory: Memory, items: list[Item]) -> None:
    """One word in common is not enough."""
    question = "does the backup of the invoices in Oslo fail?"
    before = score(memory, items[0], question)
    for n in range(30):
        memory.hear(items[0], Voice(HELPFUL, f"caller {n}", NOW))
    assert score(memory, items[0], question) == before
