"""The example plugins, installed as a user would: copied into the plugins folder."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from penstock import NotTranslatable
from penstock.base import paths
from penstock.conversation.reply import Usage
from penstock.plugins.manager import Plugins
from penstock.redaction.placeholders import find_all
from penstock.testing import (
    Session,
    assistant,
    call,
    check_translation,
    conversation,
    profile_of,
    results,
    user,
)

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"


def install(name: str) -> Plugins:
    """Copy the example into this test's plugins folder, and load what is there."""
    paths.plugins_dir().mkdir(parents=True)
    shutil.copy(EXAMPLES / f"{name}.py", paths.plugins_dir())
    return Plugins.load()


def listing(lines: int) -> str:
    return "\n".join(f"src/module_{n}.py" for n in range(lines))


def test_a_long_listing_is_shortened_before_it_is_sent_and_stays_so() -> None:
    """The first lines and an honest stub leave, in this request and in every later one."""
    turns = [user("What is there?"), assistant(call("Bash", command="ls -R src")), results(listing(100))]
    with Session(plugins=install("shorten_listings")) as session:
        first = session.send(conversation(*turns))
        session.reply("Many modules.")
        second = session.send(conversation(*turns, assistant("Many modules."), user("Thanks.")))
    for sent in (first, second):
        assert b"module_59.py" in sent
        assert b"module_60.py" not in sent
        assert b"[40 more of 100 lines left out" in sent


@pytest.mark.parametrize(("command", "lines"), [("ls -R src", 60), ("cat modules.txt", 100)])
def test_short_listings_and_other_outputs_stay(command: str, lines: int) -> None:
    """Only what is long, and a listing, is shortened."""
    body = conversation(user("What is there?"), assistant(call("Bash", command=command)), results(listing(lines)))
    with Session(plugins=install("shorten_listings"), profile=profile_of("stages = []")) as session:
        assert session.send(body) == body


def test_the_profile_says_how_many_lines_stay() -> None:
    """`[stage.shorten_listings] keep` is the stage's own setting."""
    body = conversation(user("What is there?"), assistant(call("Bash", command="find . ")), results(listing(20)))
    profile = profile_of("[stage.shorten_listings]\nkeep = 5")
    with Session(plugins=install("shorten_listings"), profile=profile) as session:
        assert b"[15 more of 20 lines left out" in session.send(body)


def test_each_answer_with_usage_becomes_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The listener writes what the provider counted, once for each answer, under one heading."""
    file = tmp_path / "spend.csv"
    monkeypatch.setenv("SPEND_LOG", str(file))
    with Session(plugins=install("spend_log")) as session:
        session.send(conversation(user("Hello.")))
        session.reply("Hi.", usage=Usage(input=7, output=3, cache_read=100))
        session.send(conversation(user("Hello."), assistant("Hi."), user("Bye.")))
        session.reply("Bye.", usage=Usage(input=9, output=2))
        session.events()
    with file.open(newline="") as rows:
        found = list(csv.DictReader(rows))
    assert [(r["input"], r["output"], r["cache_read"]) for r in found] == [("7", "3", "100"), ("9", "2", "0")]


def test_people_of_the_list_are_found() -> None:
    """Each with its place, as the gateway replaces it."""
    (find,) = install("people").analysers()
    assert find_all("Ask Ada Lovelace, or ada@acme.io", [find]) == [(4, 16, "person"), (21, 32, "email")]


def test_texts_in_responses_are_asked_in_messages() -> None:
    """The gateway's test sends some through a proxy; see `tests/addons/gateway/test_translation.py`."""
    translator, *_ = install("responses_to_messages").translators()
    translation = check_translation(translator, b'{"model": "claude", "input": "hi", "instructions": "Be short."}')
    assert translation.body["system"] == "Be short."
    with pytest.raises(NotTranslatable, match="a text was expected, and no tools"):
        translator.translate({"model": "claude", "input": "hi", "tools": [{"type": "function"}]})
