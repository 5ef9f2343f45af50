"""The commands `ingest`, `recall` and `workingset`, as plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.control.memory_commands import MemoryCommands
from penstock.control.memory_ingest import MAX_CHARACTERS
from penstock.memory import Memory
from penstock.memory.clean import sanitize

NOW = 1_700_000_000.0
SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
DIFF = "--- a/kiln.py\n+++ b/kiln.py\n@@ -1 +1 @@\n-HOT = 800\n+HOT = 900\n"


class Ask:
    """Commands whose arguments and answers have been through JSON, as over a channel."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._commands = MemoryCommands(lambda: memory, clean=sanitize, now=lambda: NOW)

    def __call__(self, command: str, **arguments: object) -> Any:
        return json.loads(json.dumps(self._commands.do(command, json.loads(json.dumps(arguments)))))

    def ingest(self, thread: str = "t", **materials: object) -> Any:
        return self("ingest", thread_id=thread, materials=materials, project="p")


@pytest.fixture
def ask(memory: Memory) -> Ask:
    return Ask(memory)


def test_every_kind_of_material(ask: Ask) -> None:
    """Each split as what it is, in one thread, in order, and found again by its kind."""
    found = ask.ingest(
        chat="User: How hot is the kiln?\nAssistant: It fires at 900 degrees.",
        diffs=[DIFF],
        logs="2020-01-02T03:04:05Z ERROR the kiln is too hot\n2020-01-02T03:04:06Z INFO fine",
        documents=[{"title": "Manual", "text": "# Kiln\nThe vents stay shut."}, "A text without a title."],
    )
    assert [(one["material"], one["kind"], one["new"]) for one in found["items"]] == [
        ("chat", "chat", True),
        ("chat", "chat", True),
        ("diffs", "diff", True),
        ("logs", "log", True),
        ("documents", "document", True),
        ("documents", "document", True),
    ]
    items = ask("list", project="p")["items"]
    assert sorted(item["seq"] for item in items) == list(range(6))
    assert {item["session"] for item in items} == {"t"}
    assert {item["at"] for item in items} == {NOW, 1_577_934_245.0}
    assert {item["role"] for item in items if item["kind"] == "chat"} == {"user", "assistant"}
    [log] = ask("recall", purpose="is the kiln too hot", project="p", kinds=["log"])["items"]
    assert (log["id"], log["session"]) == (found["items"][3]["id"], "t")
    assert found["skipped"] == [{"material": "logs", "why": "1 entry of no warning and no error"}]


def test_a_chat_as_messages(ask: Ask) -> None:
    """Roles by any of their names, times as given; nothing was said later than now."""
    messages = [
        {"role": "Human", "content": "How hot is the kiln?", "at": NOW - 60},
        {"role": "ai", "content": "It fires at 900 degrees.", "at": NOW + 60},
        {"role": "Ada", "content": "I thought it was 800."},
    ]
    ask.ingest(chat=messages)
    items = ask("list", project="p")["items"]
    assert {(item["role"], item["at"]) for item in items} == {("user", NOW - 60), ("assistant", NOW), ("Ada", NOW)}


def test_what_is_sent_again_is_known(ask: Ask) -> None:
    """And the thread goes on behind it."""
    chat = "User: How hot is the kiln?\nAssistant: It fires at 900 degrees."
    first = ask.ingest(chat=chat)["items"]
    again = ask.ingest(chat=f"{chat}\nUser: And the loom over there?")["items"]
    assert [one["new"] for one in again] == [False, False, True]
    assert [one["id"] for one in again[:2]] == [one["id"] for one in first]
    assert max(item["seq"] for item in ask("list", project="p")["items"]) == 4


def test_no_secret_is_kept(ask: Ask) -> None:
    """Of no material, not in a title or a name, and not one of several lines."""
    key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" for _ in range(9))
    key += "\n-----END PRIVATE KEY-----"
    ask.ingest(
        chat=[{"role": f"bot {SECRET}", "content": f"My token is {SECRET}, keep it."}],
        diffs=DIFF + f"+TOKEN = '{SECRET}'\n",
        logs=f"ERROR refused {SECRET}",
        documents=[{"title": f"On {SECRET}", "text": f"# A\nUse {SECRET}\n# B\n{key}\nand then go on."}],
    )
    kept = json.dumps(ask("list", project="p", limit=100))
    assert "refused" in kept
    assert SECRET not in kept
    assert "MIIEvQIBADAN" not in kept


def test_what_is_not_kept_is_told_with_the_reason(ask: Ask) -> None:
    """Too little, no diff, or forgotten by a person before."""
    [one] = ask.ingest(chat="User: The kiln fires at 900 degrees.")["items"]
    ask("forget", ids=[one["id"]], project="p")
    found = ask.ingest(chat="User: ok\nUser: The kiln fires at 900 degrees.", diffs="no diff at all")
    assert found["items"] == []
    told = sorted((one["material"], one["why"].partition(":")[0]) for one in found["skipped"])
    assert told == [
        ("chat", "it says too little"),
        ("chat", "it was forgotten by a person"),
        ("diffs", "no unified diff"),
    ]


def test_tags_and_the_end_are_kept(ask: Ask) -> None:
    """On every item of the call."""
    materials = {"chat": "User: How hot is the kiln?\nAssistant: It fires at 900 degrees."}
    ask("ingest", thread_id="t", materials=materials, project="p", tags=["kiln", "kiln"], expires_at=NOW + 9)
    assert {(*item["tags"], item["expires_at"]) for item in ask("list", project="p")["items"]} == {("kiln", NOW + 9)}


def test_more_than_one_call_takes_is_refused(ask: Ask) -> None:
    """With the limit, and nothing of it is kept."""
    with pytest.raises(PenstockError, match=f"{MAX_CHARACTERS:,} are the most"):
        ask.ingest(chat="User: The kiln is hot.", documents=["x" * MAX_CHARACTERS])
    with pytest.raises(PenstockError, match=r"ingest: materials\.chatt"):
        ask.ingest(chatt="User: The kiln is hot.")
    assert ask("projects") == {"projects": []}


def test_a_recall_within_a_thread(ask: Ask) -> None:
    """Nothing of another is there; within the time that is asked for."""
    ask.ingest("one", chat="User: The kiln of the first thread is hot.")
    ask.ingest("two", chat=[{"role": "user", "content": "The kiln of the second thread is hot.", "at": NOW - 999}])
    for thread, word in (("one", "first"), ("two", "second")):
        [item] = ask("recall", purpose="is the kiln hot", project="p", thread_id=thread)["items"]
        assert word in item["text"]
    [item] = ask("recall", purpose="is the kiln hot", project="p", since=NOW - 9)["items"]
    assert item["session"] == "one"
    answer = ask("recall", purpose="is the kiln hot", project="elsewhere")
    assert (answer["items"], answer["tokens"], answer["left_out"], answer["weak"]) == ([], 0, 0, True)


def test_a_working_set(ask: Ask) -> None:
    """Sections of entries with their ids, within the budget, and where they are from."""
    ask.ingest(chat="User: Build a controller for the kiln.\nAssistant: We decided to use Python.", diffs=DIFF)
    found = ask("workingset", purpose="go on with the kiln", project="p", thread_id="t")
    assert [one["text"] for one in found["mission"]] == ["Build a controller for the kiln."]
    assert [one["text"] for one in found["decisions"]] == ["We decided to use Python."]
    assert [one["text"] for one in found["files"]] == ["kiln.py (+1 -1)"]
    assert 0 < found["tokens"] <= 8_000
    known = {one["id"] for one in ask("items", project="p")["items"]}
    assert {one["id"] for one in found["sources"]} == known
    assert ask("workingset", purpose="x", project="p", thread_id="t", token_budget=1)["tokens"] <= 1
