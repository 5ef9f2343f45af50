"""Summaries by a summariser: when they are made, when they are used, and what happens without."""

from __future__ import annotations

import json

import pytest

from penstock import Draft, EventKind, Summary
from penstock.base.errors import ProfileError
from penstock.testing import Session, assistant, conversation, profile_of, user
from penstock_plugins.compaction import compaction_plan, stage
from tests.plugins.compaction.talks import COLD, Mine, compacted, opened, play, talk


def remarks(session: Session) -> list[str]:
    return [e.payload["remark"] for e in session.events(EventKind.STAGE)]


def test_nobody_is_asked_unless_a_setting_says_so() -> None:
    """By default the record stands, whatever plugins offer."""
    mine = Mine()
    with opened("record", mine) as session:
        texts = compacted(play(session, 6))
    assert mine.seen == []
    assert texts
    assert all(text.startswith("[Record") for text in texts)


def test_a_summary_stands_for_exactly_its_turns() -> None:
    """A segment whose summary is ready at the flush reads that; those without one are records."""
    mine = Mine()
    with opened("mine", mine) as session:
        texts = compacted(play(session, 6))
    summaries = [text for text in texts if text.startswith("[Summary")]
    assert 0 < len(summaries) < len(texts)
    assert len(mine.seen) == len(summaries)
    for n, text in enumerate(summaries):
        assert text.startswith(
            f"[Summary of earlier turns, {n + 1}. What the user said is whole; the rest is a summary"
        )
        assert text.endswith(f"\nSummary {n + 1}.")
        assert ("agent", f"I read part {n}.") in mine.seen[n].parts


def test_the_persons_words_are_added() -> None:
    """Whatever a summariser leaves out, what the person said is there word for word; what it kept is not told twice."""
    mine = Mine(Summary("It was slow."), Summary("User: Question 1: why is part 1 slow?\nIt was."))
    with opened("mine", mine) as session:
        first, second, *_ = compacted(play(session, 6))
    assert "\nUser: Question 0: why is part 0 slow?\n" in first
    assert second.count("Question 1: why is part 1 slow?") == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (OSError("no route"), "OSError: no route"),
        (Summary("  "), "it gave nothing"),
        (Summary("much " * 20_000), "it gave too much"),
        ("a text", "it gave a str, no Summary"),
    ],
)
def test_a_summariser_that_fails_costs_nothing(answer: object, said: str) -> None:
    """The record stands in the summary's stead, the stage says why, and the other segments have theirs."""
    with opened("mine", Mine(answer)) as session:
        first, second, *_ = compacted(play(session, 6))
        assert any(f"mine has no summary: {said}" in remark for remark in remarks(session))
    assert first.startswith("[Record")
    assert second.startswith("[Summary")


def test_a_summary_has_the_tokens_that_the_profile_says() -> None:
    """It is asked for the most; one below the least is not used."""
    mine = Mine(Summary("Short."), Summary("It was slow for its lookup. " * 20))
    with opened("mine", mine, toml="summary_most = 200\nsummary_least = 50\n") as session:
        first, second, *_ = compacted(play(session, 6))
        assert any("mine has no summary: it gave too little" in remark for remark in remarks(session))
    assert {segment.tokens for segment in mine.seen} == {200}
    assert first.startswith("[Record")
    assert second.startswith("[Summary")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("summary_most = 20000", "summary_most = 20000 is above tokens"),
        ("summary_least = 15000", "summary_least = 15000 is above the most, 14000"),
    ],
)
def test_bounds_of_a_summary_that_contradict_each_other_stop_start_up(text: str, said: str) -> None:
    """With the key."""
    with pytest.raises(ProfileError, match=rf"stage\.compaction(.|\n)*{said}"):
        stage.stages(profile_of(f"[stage.compaction]\n{text}"))


def test_each_segment_is_asked_for_once() -> None:
    """Requests that come again with the same old turns cost no more calls."""
    mine = Mine()
    with opened("mine", mine) as session:
        play(session, 6)
    assert len({repr(segment.parts) for segment in mine.seen}) == len(mine.seen)


def test_what_a_summary_cost_is_booked() -> None:
    """The next request of the conversation has it as a spending, once."""
    spendings: list[float] = []
    with opened("mine", Mine(Summary("Short.", 0.25), Summary("Short.", 0.5))) as session:
        stage = session.stages[0]
        on_request = stage.on_request
        stage.on_request = lambda draft: (on_request(draft), spendings.extend(s.dollars for s in draft.spendings))[0]  # type: ignore[method-assign]
        play(session, 6)
    assert [dollars for dollars in spendings if dollars] == [0.25, 0.5]


def test_a_cost_is_booked_when_the_flush_fails() -> None:
    """The draft of the stage is dropped, the money is gone all the same: it counts for the request that was sent."""
    with opened("mine", Mine(*[Summary("Short.", 0.25)] * 9)) as session:
        stage = session.stages[0]

        def fails(draft: Draft) -> str | None:
            raise RuntimeError("no")

        stage.on_flush = fails  # type: ignore[method-assign]
        play(session, 6)
        assert session.outcome.booking is not None
        assert session.outcome.booking.own == 0.25
        assert "RuntimeError: no" in remarks(session)[-1]


def test_textrank_gives_half_a_record() -> None:
    """Without a model: the person's words whole, and less of all else."""
    with opened("record") as session:
        records = compacted(play(session, 6))
    with opened("textrank") as session:
        first = compacted(play(session, 6))[0]
    assert first.startswith("[Summary")
    assert "User: Question 0: why is part 0 slow?" in first
    assert "Read part_0.py" in first
    assert len(first) < len(records[0])


def test_an_unknown_summariser_stops_the_start() -> None:
    """With the names there are."""
    with pytest.raises(
        ProfileError, match=r"summariser = 'textrnak': there is none of that name\. Did you mean 'textrank'\?"
    ):
        opened("textrnak", Mine())


def test_a_model_without_an_address_stops_the_start() -> None:
    """Before anything is sent anywhere."""
    with pytest.raises(ProfileError, match=r"stage\.compaction\.llm.*needs its url and model"):
        opened("llm")


def test_what_is_too_much_for_one_flush_is_done_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest turns first, so that each flush is done in time; the next one goes on where this one ended."""
    monkeypatch.setattr(compaction_plan, "AT_ONCE", 5_000)
    with opened("record") as session:
        first = compacted(play(session, 6))
        assert "are for the next flush" in remarks(session)[-1]
        more = [*talk(6), user("Well?"), assistant("Yes."), user("Go on."), assistant("I do."), user("And?")]
        session.wait(COLD)
        second = compacted(json.loads(session.send(conversation(*more, cache="5m")))["messages"])
    assert 0 < len(first) < len(second)
    assert second[: len(first)] == first
