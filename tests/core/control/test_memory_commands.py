"""The commands of memory, as plain data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import PenstockError, StoreError
from penstock.control.memory_commands import COMMANDS, MemoryCommands
from penstock.memory import Item, Memory
from penstock.memory.clean import sanitize

NOW = 1_700_000_000.0


class Ask:
    """Commands whose answers have been through JSON, as over a channel, with the texts it had originals forget."""

    def __init__(self, memory: Memory) -> None:
        self.memory, self.originals = memory, list[str]()
        self.fault = ""
        self.commands = MemoryCommands(lambda: memory, clean=sanitize, forget_originals=self._forget, now=lambda: NOW)

    def _forget(self, texts: Sequence[str]) -> int:
        if self.fault:
            raise StoreError(self.fault)
        self.originals += texts
        return len(texts)

    def __call__(self, command: str, **arguments: object) -> Any:
        return json.loads(json.dumps(self.commands.do(command, json.loads(json.dumps(arguments)))))


@pytest.fixture
def ask(memory: Memory) -> Ask:
    memory.add(
        [
            Item("p", "The kiln runs at 900 degrees.", session="monday-1", seq=0, at=NOW - 300, expires_at=NOW - 1),
            Item("p", "The vents stay shut.", session="monday-1", seq=1, at=NOW - 200, role="assistant"),
            Item("p", "The glaze is blue.", session="tuesday-2", seq=0, at=NOW - 100),
            Item("q", "The kiln of another project.", session="monday-1", seq=0, at=NOW),
        ]
    )
    return Ask(memory)


def texts(items: Sequence[dict[str, Any]]) -> list[str]:
    return [item["text"] for item in items]


def test_the_keepers_troubles_are_in_the_state(memory: Memory) -> None:
    """What waits because a disk is full is not on it yet."""
    commands = MemoryCommands(
        lambda: memory, clean=sanitize, health=lambda: {"fault": "no space", "waiting": 3, "dropped": 0}
    )
    found = commands.do("status", {})
    assert (found["fault"], found["waiting"], found["items"]) == ("no space", 3, 0)


def id_of(ask: Ask, word: str) -> str:
    return str(next(item["id"] for item in ask("list", limit=100)["items"] if word in item["text"]))


def test_every_command_is_there(ask: Ask) -> None:
    """And another is refused, as is what does not fit one."""
    for name in COMMANDS:
        with pytest.raises(PenstockError, match=rf"^{name}: \w+"):
            ask(name, nonsense=1)
    for command, arguments in (("open", {}), ("list", {"limit": "many"}), ("show", {}), ("list", {"nonsense": 1})):
        with pytest.raises(PenstockError, match=command):
            ask(command, **arguments)


def test_the_newest_come_first(ask: Ask) -> None:
    """Of one project, of all, of one session."""
    assert texts(ask("list", project="p", limit=2)["items"]) == ["The glaze is blue.", "The vents stay shut."]
    assert texts(ask("list", limit=1)["items"]) == ["The kiln of another project."]
    assert texts(ask("list", project="p", limit=2, skip=1)["items"])[0] == "The vents stay shut."
    assert len(ask("list", project="p", session="monday")["items"]) == 2
    assert ask("list", project="nowhere")["items"] == []
    assert ask("list", project="p", skip=2**70)["items"] == []
    assert len(ask("list", project="p", limit=2**70)["items"]) == 3
    assert [(one["name"], one["items"]) for one in ask("projects")["projects"]] == [("p", 3), ("q", 1)]


def test_a_search_gives_its_reasons(ask: Ask) -> None:
    """The parts add up to the score; no other project's items are there."""
    hits = ask("search", query="are the vents shut", project="p")["hits"]
    assert "The vents stay shut." in texts(hits)
    assert hits[0]["parts"]
    assert {hit["project"] for hit in hits} == {"p"}
    assert {hit["project"] for hit in ask("search", query="kiln")["hits"]} == {"p", "q"}


def test_one_item_with_what_stands_around(ask: Ask) -> None:
    """By the beginning of its id."""
    seen = ask("show", id=id_of(ask, "vents")[:5], project="p")
    assert (texts(seen["before"]), seen["item"]["text"], seen["behind"]) == (
        ["The kiln runs at 900 degrees."],
        "The vents stay shut.",
        [],
    )


@pytest.mark.parametrize("id", ["abc", "xyzw", "", "0000", "%", "../x"])
def test_an_id_that_is_none(ask: Ask, id: str) -> None:
    """Is named, and what to do."""
    with pytest.raises(PenstockError, match=r"id of a memory|penstock memory list"):
        ask("show", id=id)


def test_an_item_of_another_project_is_not_there(ask: Ask) -> None:
    """Unless one looks in all of them."""
    other = id_of(ask, "another")
    with pytest.raises(PenstockError, match="in p"):
        ask("show", id=other, project="p")
    assert ask("show", id=other)["item"]["project"] == "q"


def test_one_text_in_two_projects_has_to_be_told_apart(ask: Ask) -> None:
    """Nothing is done to either before."""
    ask("remember", text="The glaze is blue.", project="q")
    with pytest.raises(PenstockError, match="2 memories begin with"):
        ask("forget", ids=[id_of(ask, "glaze")])
    assert len(ask("list", limit=100)["items"]) == 5


def test_remembering_by_hand(ask: Ask) -> None:
    """Without secrets; what is known is not kept twice; what was forgotten comes again when it is said again."""
    said = ask("remember", text="password=hunter2hunter2 opens the shed", project="p", pinned=True)
    assert said["new"] == 1
    assert "hunter2" not in said["items"][0]["text"]
    assert ask("show", id=said["items"][0]["id"])["item"]["pinned"]
    assert ask("remember", text="The glaze is blue.", project="p")["new"] == 0
    ask("forget", ids=[id_of(ask, "glaze")])
    assert ask("remember", text="The glaze is blue.", project="p")["new"] == 1
    for text in ("", "   "):
        with pytest.raises(PenstockError, match="nothing to remember"):
            ask("remember", text=text, project="p")


def test_a_text_is_corrected(ask: Ask, tmp_path: Path) -> None:
    """In its place, with its marks and its time; the old one is gone everywhere."""
    old = id_of(ask, "900")
    ask("mark", ids=[old], helpful=True)
    ask("pin", ids=[old])
    item = ask("edit", id=old, text="The kiln runs at 950 degrees.")["item"]
    assert (item["at"], item["session"], item["seq"], item["pinned"], item["helpful"]) == (
        NOW - 300,
        "monday-1",
        0,
        True,
        1,
    )
    assert ask.originals == ["The kiln runs at 900 degrees."]
    assert b"900 degrees" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert ask("edit", id=item["id"], text="The kiln runs at  950 degrees.")["changed"] is False
    with pytest.raises(PenstockError, match="penstock memory delete"):
        ask("edit", id=item["id"], text=" ")


def test_marks_and_pins(ask: Ask) -> None:
    """Several at once; one that is not known, and none is done."""
    ids = [id_of(ask, "vents"), id_of(ask, "glaze")]
    assert [item["wrong"] for item in ask("mark", ids=ids, helpful=False)["items"]] == [1, 1]
    with pytest.raises(PenstockError):
        ask("pin", ids=[*ids, "ffff"], project="p")
    assert not any(item["pinned"] for item in ask("list")["items"])
    ask("pin", ids=ids)
    ask("pin", ids=ids[:1], pinned=False)
    assert [item["pinned"] for item in ask("list", project="p", limit=2)["items"]] == [True, False]


def test_forgetting(ask: Ask, tmp_path: Path) -> None:
    """Items, a session by its label, a project; originals of the same words too, and it is said when they are not."""
    assert ask("forget", ids=[id_of(ask, "vents")]) == {"forgotten": 1, "originals": 1}
    ask("label", session="tues", label="glazing", project="p")
    assert ask("list", project="p", limit=1)["items"][0]["label"] == "glazing"
    assert ask("forget_session", session="glazing", project="p")["forgotten"] == 1
    ask.fault = "penstock.db is busy"
    assert "penstock.db is busy" in ask("forget_project", project="q")["fault"]
    for command, arguments in (
        ("forget_project", {"project": "q"}),
        ("forget_session", {"session": "x", "project": "p"}),
    ):
        with pytest.raises(PenstockError, match="penstock memory"):
            ask(command, **arguments)
    assert ask.originals == ["The vents stay shut.", "The glaze is blue."]
    left = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert not [word for word in (b"vents", b"glaz", b"another project") if word in left]


def test_a_session_is_forgotten_wherever_it_was(ask: Ask) -> None:
    """Without a project: in all of them, by its own name alone, and one that left nothing is no error."""
    assert ask("forget_session", session="monday")["forgotten"] == 0
    assert ask("forget_session", session="monday-1")["forgotten"] == 3
    assert ask("forget_session", session="monday-1")["forgotten"] == 0
    assert texts(ask("list")["items"]) == ["The glaze is blue."]
    with pytest.raises(PenstockError, match="say which session"):
        ask("forget_session", session="")


def test_what_is_past_its_time(ask: Ask) -> None:
    """Goes."""
    assert ask("expire") == {"forgotten": 1}


def test_items_come_in(ask: Ask) -> None:
    """As they were shown, cleaned again on the way."""
    [item] = ask("list", limit=1)["items"]
    new = {**item, "text": "A new text with sk-aaaaaaaaaaaaaaaaaaaaaaaa in it", "project": "r"}
    assert ask("add", items=[item, new]) == {"new": 1, "known": 1}
    assert "sk-aaa" not in ask("list", project="r")["items"][0]["text"]
    with pytest.raises(PenstockError, match="cannot be read"):
        ask("add", items=[{"text": "x"}])


def test_status(ask: Ask) -> None:
    """Counts, embedder, size, and what is not as it should be."""
    said = ask("status")
    assert (said["items"], said["projects"], said["unindexed"], said["stale"], said["degraded"]) == (4, 2, 0, [], [])
    assert said["embedder"] == ask.memory.embedder.name
    assert said["bytes"] > 0


def test_a_rebuild_goes_on_in_the_background(ask: Ask) -> None:
    """It says how far it is, and can be ended; another embedder than the open one is refused."""
    ask("reindex", embedder=ask.memory.embedder.name)
    said = ask("stop")
    assert not said["running"]
    assert said["error"] == ""
    assert ask("progress") == said
    with pytest.raises(PenstockError, match="wordllama-256"):
        ask("reindex", embedder="wordllama-256")
    ask.memory.sync()
    assert ask("search", query="kiln", project="p")["degraded"] == []
