"""When a flush is due, and who is told."""

from __future__ import annotations

import pytest

from penstock import Draft, FlushReason, Stage
from penstock.conversation.reply import Usage
from penstock.testing import Session, Turn, assistant, conversation, profile_of, user


class Hears(Stage):
    """Notes the occasion of each flush it is told of."""

    name = "hears"

    def __init__(self) -> None:
        self.told: list[str] = []

    def on_flush(self, draft: Draft) -> None:
        self.told.append(draft.flush_reason)


def said(count: int, size: int = 1) -> list[Turn]:
    out = [user("hello " * size)]
    for _ in range(count):
        out += [assistant("yes"), user("more " * size)]
    return out


def test_only_pauses_wait_until_it_pays() -> None:
    """Whether the cache outlived them or not. A full window and a person's wish do not."""
    assert [due for due in FlushReason if not due.must] == [FlushReason.COLD, FlushReason.PAUSE]
    assert str(FlushReason.COLD) == "the cache is cold"


@pytest.mark.parametrize(("gap", "told"), [(300.0, []), (311.0, ["the cache is cold"])])
def test_a_flush_is_due_when_the_cache_is_cold(gap: float, told: list[str]) -> None:
    """Never at a conversation's first request, of which nothing was sent."""
    stage = Hears()
    with Session(stage) as session:
        session.send(conversation(*said(0)))
        session.wait(gap)
        session.send(conversation(*said(1)))
        session.send(conversation(*said(2)))
    assert stage.told == told


def test_a_flush_is_due_when_the_window_is_nearly_full() -> None:
    """The next request counts as it would be sent; the share is the profile's, the window the model's."""
    stage = Hears()
    toml = '[window]\nhard = 0.5\n[prices.anthropic."claude-sonnet"]\nwindow = 4000'
    with Session(stage, profile=profile_of(toml)) as session:
        for turns in range(4):
            session.send(conversation(*said(turns, size=320)))
    assert stage.told == ["the window is nearly full"]


@pytest.mark.parametrize(("counted", "flushes"), [(300, 0), (900, 1)])
def test_the_window_fills_by_what_the_provider_counts(counted: int, flushes: int) -> None:
    """Not by our estimate, which is some 600 tokens a turn: half of it flushes no hot cache, half more does."""
    stage = Hears()
    toml = '[window]\nhard = 0.5\n[prices.anthropic."claude-sonnet"]\nwindow = 4000'
    with Session(stage, profile=profile_of(toml)) as session:
        for turns in range(4 if counted < 600 else 3):
            session.send(conversation(*said(turns, size=320)))
            session.reply("yes", usage=Usage(input=counted * (turns + 1)))
    assert stage.told == ["the window is nearly full"] * flushes


def test_what_edits_took_away_does_not_fill_the_window() -> None:
    """What is sent counts, not what came."""

    class Cuts(Hears):
        def on_request(self, draft: Draft) -> None:
            for spot in draft.blocks(new=True):
                draft.replace(spot, "short", reason="r")

    stage = Cuts()
    toml = '[window]\nhard = 0.5\nreceived = 100\n[prices.anthropic."claude-sonnet"]\nwindow = 4000'
    with Session(stage, profile=profile_of(toml)) as session:
        for turns in range(6):
            session.send(conversation(*said(turns, size=320)))
    assert stage.told == []


def test_bold_looks_at_every_request() -> None:
    """Something may pay though nothing is due: then the occasion is empty."""
    stage = Hears()
    with Session(stage, profile=profile_of('aggressiveness = "bold"')) as session:
        session.send(conversation(*said(0)))
        session.send(conversation(*said(1)))
        session.wait(400)
        session.send(conversation(*said(2)))
    assert stage.told == ["", "", "the cache is cold"]


def test_nobody_is_told_of_what_is_no_turn() -> None:
    """Counts, retries and the client's own calls flush nothing, however cold it is."""
    stage = Hears()
    with Session(stage) as session:
        session.send(conversation(*said(1)))
        session.wait(400)
        session.send(conversation(*said(1)))
        session.send(conversation(*said(1)), path="/v1/messages/count_tokens")
        session.send(conversation(user("Warmup"), max_tokens=1))
    assert stage.told == []
