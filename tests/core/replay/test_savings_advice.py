"""What would have changed it that little was saved, of sessions that an engine played."""

from __future__ import annotations

from penstock import Usage
from penstock.plugins.manager import Plugins
from penstock.replay.savings_advice import savings_advice
from penstock.testing import Session, Turn, assistant, call, conversation, profile_of, results, user

EAGER = "[stage.keepalive]\nrisk = 1\nrewritten = 1\nper_pause = 3\n"
LISTING = "".join(f"a line of a listing, number {n}\n" for n in range(200))
KEY, LOGIN = {"x-api-key": "sk-ant-api03-dummy"}, {"authorization": "Bearer sk-ant-oat01-dummy"}


def reasons(*pauses: float, settings: str = EAGER, headers: dict[str, str] = KEY) -> list[str]:
    """A turn, then one more after each pause, in a session with results of tools."""
    said: list[Turn] = [user("list it")]
    with Session(headers=headers) as session:
        for n, pause in enumerate((0.0, *pauses)):
            session.wait(pause)
            if n:
                said += [assistant(call("Bash", command=f"ls {n}")), results(f"{n} {LISTING}"), user(f"go on, {n}")]
            session.send(conversation(*said, model="claude-opus-5-5", cache="5m"))
            usage = Usage(input=0, output=5, cache_read=0, cache_write=200_000)
            if 0 < pause < 300:
                usage = Usage(input=0, output=5, cache_read=200_000, cache_write=0)
            session.reply("well", usage=usage)
        return savings_advice(session.events(), profile_of(settings), Plugins.load())


def sentence(found: list[str], begin: str) -> str:
    return next((one for one in found if one.startswith(begin)), "")


def test_keep_alive_that_would_have_paid() -> None:
    """With what its reads cost, those after the last request included, and what they spare."""
    found = reasons(60, 600, 600)
    said = sentence(found, "Keep-alive")
    assert said.startswith("Keep-alive would have saved about $")
    assert " reads for $" in said
    assert said.endswith(" for writing to the cache again.")


def test_keep_alive_that_would_not_have_paid() -> None:
    """Whoever is away for hours comes back to a cold cache."""
    assert sentence(reasons(60, 9000), "Keep-alive").startswith("Keep-alive would have cost about $")


def test_keep_alive_and_a_login() -> None:
    """How to have it all the same."""
    assert "logins = true" in sentence(reasons(60, 600, headers=LOGIN), "Keep-alive")


def test_entries_that_live_an_hour() -> None:
    """What was lost in pauses of less than that, against dearer writes."""
    less = sentence(reasons(600, 600, 600), "With cache entries that live 1 h")
    assert less.endswith(" less.")
    more = sentence(reasons(600, 5000, 5000, 5000), "With cache entries that live 1 h")
    assert more.endswith(" more.")


def test_without_a_cold_pause_nothing_is_promised() -> None:
    """Neither would have changed anything."""
    found = reasons(60, 60)
    assert found
    assert not sentence(found, "Keep-alive")
    assert not sentence(found, "With cache entries")


def test_another_preset() -> None:
    """Only a recording can tell; the boldest has none above it."""
    assert "What balanced or bold would have saved instead of safe, `penstock whatif` says" in reasons(60)[-1]
    bold = reasons(60, settings='aggressiveness = "bold"\n')
    assert not sentence(bold, "What ")


def test_a_session_that_saved_well_has_no_reasons() -> None:
    """Nor one in which nothing was paid for."""
    assert savings_advice([], profile_of(), Plugins.load()) == []
