"""`penstock explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock import Draft, handle_of
from penstock.base import paths
from penstock.conversation.reply import Usage
from penstock.events.event import Event, EventKind
from penstock.store.originals import RetentionPolicy
from penstock.store.sql import SqlStore
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.core.cli.conftest import Run
from tests.engines import Does

WHOLE = "".join(f"line {n} of the listing\n" for n in range(60))
ASKED = [user("list it"), assistant(call("Bash", command="ls")), results(WHOLE)]


def cuts(draft: Draft) -> str | None:
    for spot in draft.blocks():
        if spot.block.text == WHOLE:
            draft.replace(spot, "line 0 of the listing\n[59 lines left out]", reason="a long listing")
            return None
    return "nothing long"


@pytest.fixture
def log(penstock_home: Path) -> Path:
    """A conversation of three requests; the second one's result is cut, and stays so in the third."""
    path = paths.store_path()
    store = SqlStore(path)
    with Session(Does(cuts, "cut"), store=store) as session:
        usage = Usage(input=5, output=7, cache_read=100, cache_write=10)
        for turns in (ASKED[:1], ASKED, [*ASKED, assistant("done"), user("thanks")]):
            session.send(conversation(*turns))
            session.reply("fine", usage=usage)
    store.close()
    return path


def test_is_the_newest_exchange_with_an_edit(run: Run, log: Path) -> None:
    """Who and when, what each stage said, the edit and its reason, the money, and before and after."""
    found = run("explain")
    assert found.exit_code == 0, found.output
    text = found.stdout
    assert text.startswith("Exchange x0002\n")
    for words in (
        "cut",
        "edited",
        "landed",
        "replace",
        "at 2.0",
        "a long listing",
        "1 edit",
        "3 messages, 2 of them new",
        "answered 200 in under 1 ms",
        "the provider's count",
        "without Penstock",
    ):
        assert words in text, words
    assert f"cut at 2.0 ({handle_of(WHOLE)}), as received: 60 lines" in text
    assert "\n line 0 of the listing\n" in text
    assert "\n-line 1 of the listing\n" in text
    assert "\n+[59 lines left out]\n" in text
    assert f"penstock expand {handle_of(WHOLE)}" in text
    assert "\n-line 59 of the listing\n" not in text
    assert "\n-line 59 of the listing\n" in run("explain", "--lines", "0").stdout


def test_as_json(run: Run, log: Path) -> None:
    """What is said to people, with the texts of an edit whole."""
    found = json.loads(run("explain", "--json").stdout)
    assert (found["id"], found["outcome"], found["flush"]) == ("x0002", "answered", None)
    assert [(one["stage"], one["outcome"]) for one in found["stages"]] == [("cut", "edited")]
    edit = found["edits"][0]
    assert (edit["state"], edit["reason"], edit["text_before"]) == ("landed", "a long listing", WHOLE)
    assert edit["text_after"] == "line 0 of the listing\n[59 lines left out]"
    assert handle_of(edit["text_before"]) == edit["original"]
    assert (found["replayed"], found["keep_alive"], found["why_little_saved"]) == ([], [], [])
    later = json.loads(run("explain", "x0003", "--json", "--all").stdout)
    assert [one["exchange"] for one in later["replayed"]] == ["x0002"]


def test_what_was_replayed_is_counted_and_listed_when_asked(run: Run, log: Path) -> None:
    """With the exchange in which it landed."""
    short = run("explain", "x0003").stdout
    assert "1 replayed from earlier requests (--all lists them)" in short
    assert "in x0002" not in short
    assert "in x0002" in run("explain", "x0003", "--all").stdout


def test_what_kept_its_cache_alive(run: Run, log: Path) -> None:
    """What was sent again, what it read and cost, and why no more."""
    assert "Keep-alive" not in run("explain", "x0003").stdout
    about = {"conversation": "c", "session": "s", "model": "m", "write": 0}
    said = [about | {"read": 48_211, "usd": 0.01, "stopped": ""}, about | {"read": 0, "usd": 0, "stopped": "gone"}]
    store = SqlStore(log)
    store.add_events([Event(0, 9e9, "x0003", EventKind.KEPT_ALIVE, one) for one in said])
    store.close()
    text = run("explain", "x0003").stdout
    assert "Keep-alive: 2 reads, $0.0100\n" in text
    assert "sent again for no answer: 48,211 tokens read, $0.0100\n" in text
    assert "sent again for no answer: 0 tokens read, $0; no more: gone\n" in text


def test_an_exchange_without_edits(run: Run, log: Path) -> None:
    """Says so, and what the stage said."""
    text = run("explain", "x0001").stdout
    assert "No edit: it was sent as received." in text
    assert "nothing long" in text


def test_why_little_was_saved_in_its_session(run: Run, store: Path) -> None:
    """Below all that is said of the exchange; nothing where nothing was paid for."""
    assert "Why little" not in run("explain", "aa").stdout
    about = {"session": "s9", "conversation": "c9", "kind": "main", "model": "claude-sonnet-4-5"}
    money = {"baseline": 1.0, "paid": 1.0, "how": "exact"}
    log = SqlStore(store)
    for kind, said in ((EventKind.CLASSIFIED, about), (EventKind.ANSWERED, {"status": 200, "money": money})):
        log.add_events([Event(0, 1.8e9, "dd", kind, said)])
    log.close()
    reason = "There is no history to shorten: 1 request, the first of its conversation."
    assert run("explain", "dd").stdout.endswith(f"\nWhy little was saved in its session\n  - {reason}\n")


def test_the_beginning_of_an_id_will_do(run: Run, log: Path) -> None:
    """When it is that of one; else they are named."""
    several = run("explain", "x00")
    assert several.exit_code == 2
    assert "3 exchanges" in several.output
    assert run("explain", "x0003").stdout.startswith("Exchange x0003")
    nobody = run("explain", "nobody")
    assert (nobody.exit_code, "no exchange 'nobody'" in nobody.output) == (2, True)


def test_an_original_that_is_gone_is_called_so(run: Run, log: Path) -> None:
    """The rest is explained."""
    store = SqlStore(log)
    store.prune(before=0, keep_events=1000, originals=RetentionPolicy(since=9e9))
    store.close()
    found = run("explain")
    assert found.exit_code == 0, found.output
    assert f"the original {handle_of(WHOLE)} is not in the store any more" in found.stdout


def test_of_a_log_without_edits(run: Run, store: Path) -> None:
    """The newest exchange is explained, whether it failed, is unfinished, or was edited or not."""
    newest = run("explain")
    assert newest.exit_code == 0, newest.output
    assert newest.output.startswith("Exchange cc")
    assert "No edit" in newest.output
    assert "failed 529 provider Overloaded" in run("explain", "bb").stdout
    assert "not yet" in run("explain", "cc").stdout


def test_of_a_log_without_exchanges(run: Run, penstock_home: Path) -> None:
    """It says how requests get there."""
    log = SqlStore(paths.store_path())
    log.add_events([Event(0, 1.0, "", EventKind.STARTED, {})])
    log.close()
    none = run("explain")
    assert none.exit_code == 2
    assert "no exchange is in this log yet: `penstock run" in none.output


def test_tells_the_same_tokens_as_the_log(run: Run, log: Path) -> None:
    """What the request was and what it became, as the event `answered` says it was paid for."""
    store = SqlStore(log)
    money = next(e.payload["money"] for e in store.events_of("x0002") if e.kind is EventKind.ANSWERED)
    store.close()
    came, sent = sum(money["came"].values()), sum(money["sent"].values())
    assert f"in all {came:,} -> {sent:,} tokens, counted by the provider" in run("explain", "x0002").stdout


@pytest.mark.parametrize(
    ("sums", "money", "said"),
    [
        ({}, "counted", ("2,000 -> 1,500 tokens, estimated from the request's bytes", "(the provider's count)")),
        (
            {"how": "estimated"},
            "estimated",
            ("tokens, estimated from the request's bytes", "the provider gave no count"),
        ),
        ({"how": "calibrated"}, "exact", ("tokens, estimated, by what the provider counted", "(the provider's count)")),
        ({"how": "guessed"}, "exact", ("tokens, estimated from the request's bytes",)),
    ],
)
def test_a_count_says_how_it_was_come_by(
    run: Run, penstock_home: Path, sums: dict[str, str], money: str, said: tuple[str, ...]
) -> None:
    """In the words of older logs too, and of those to come."""
    store = SqlStore(paths.store_path())
    enriched = {"edits": 0, "replayed": 1, "tokens_in": 2000, "tokens_out": 1500, **sums}
    paid = {"money": {"baseline": 2.0, "paid": 1.0, "how": money}}
    store.add_events(
        [Event(0, 1.0, "x1", EventKind.REWRITTEN, enriched), Event(0, 2.0, "x1", EventKind.ANSWERED, paid)]
    )
    store.close()
    shown = run("explain", "x1").stdout
    assert all(words in shown for words in said), shown
