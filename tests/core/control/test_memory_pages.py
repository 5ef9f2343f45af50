"""The commands `items`, `item`, `change`, `feedback`, `threads` and `thread`, as plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.base.errors import NotFound, PenstockError
from penstock.control.memory_commands import MemoryCommands
from penstock.memory import Item, Kind, Memory
from penstock.memory.clean import sanitize

NOW = 1_700_000_000.0


class Ask:
    """Commands about the project p, whose answers have been through JSON."""

    def __init__(self, memory: Memory) -> None:
        self._commands = MemoryCommands(lambda: memory, clean=sanitize, now=lambda: NOW)

    def __call__(self, command: str, **arguments: object) -> Any:
        return json.loads(json.dumps(self._commands.do(command, {"project": "p", **arguments})))


@pytest.fixture
def ask(memory: Memory) -> Ask:
    for n in range(5):
        memory.add([Item("p", f"The kiln fired {n} times.", f"thread {n}", seq=0, at=NOW - n)])
    memory.add([Item("p", "ERROR the kiln is hot", "thread 1", seq=1, at=NOW + 5, kind=Kind.LOG, role="tool")])
    memory.add([Item("p", "Said in no thread."), Item("q", "The kiln of another project.", "thread 9")])
    return Ask(memory)


def pages(ask: Ask, command: str, limit: int, **more: object) -> list[list[Any]]:
    out: list[list[Any]] = []
    after: dict[str, object] = {}
    while True:
        page = ask(command, limit=limit, **after, **more)
        out.append(page["items"])
        if page["next"] is None:
            return out
        after = {"after": page["next"]}


def test_items_by_pages(ask: Ask) -> None:
    """Those added last first, none twice; of a thread, of a kind, since a time."""
    every = pages(ask, "items", 3)
    assert [len(page) for page in every] == [3, 3, 1]
    texts = [item["text"] for page in every for item in page]
    assert texts[:2] == ["Said in no thread.", "ERROR the kiln is hot"]
    assert len(set(texts)) == 7
    assert [item["kind"] for item in ask("items", thread_id="thread 1")["items"]] == ["log", "chat"]
    assert len(ask("items", kinds=["log", "diff"])["items"]) == 1
    assert len(ask("items", since=NOW)["items"]) == 2
    assert ask("items", thread_id="nowhere") == {"items": [], "next": None}


def test_threads_by_pages(ask: Ask) -> None:
    """Those that got something last first; by their whole name."""
    names = [one["thread_id"] for page in pages(ask, "threads", 2) for one in page]
    assert names == ["thread 1", "thread 4", "thread 3", "thread 2", "thread 0"]
    ask("label", session="thread 1", label="firing")
    expected = {"thread_id": "thread 1", "label": "firing", "items": 2, "first_at": NOW - 1, "last_at": NOW + 5}
    assert ask("thread", thread_id="thread 1") == expected
    for name in ("thread", "firing", "thread 9"):
        with pytest.raises(NotFound, match=name):
            ask("thread", thread_id=name)


def test_an_item_is_changed(ask: Ask) -> None:
    """Only in what is said; a corrected text has another id, and keeps what spoke for it."""
    [one] = ask("items", thread_id="thread 2")["items"]
    ask("feedback", item_id=one["id"], feedback_type="helpful", by="ada")
    pinned = ask("change", id=one["id"], pinned=True, tags=["hot", "hot"])
    assert pinned == {**one, "pinned": True, "tags": ["hot"]}
    new = ask("change", id=one["id"], text="The kiln fired 22 times.")
    assert (new["pinned"], new["tags"], new["session"], new["text"]) == (
        True,
        ["hot"],
        "thread 2",
        "The kiln fired 22 times.",
    )
    assert [voice["by"] for voice in ask("item", id=new["id"])["feedback"]] == ["ada"]
    with pytest.raises(NotFound):
        ask("item", id=one["id"])
    with pytest.raises(PenstockError, match="is empty"):
        ask("change", id=new["id"], text=" ")


def test_feedback_is_kept_without_secrets(ask: Ask) -> None:
    """And stands beside its item; a second one of the same caller takes its place."""
    [one] = ask("items", thread_id="thread 2")["items"]
    said = {"item_id": one["id"], "feedback_type": "wrong", "by": "ada"}
    first = ask("feedback", **said, comment="not with ghp_abcdefghijklmnopqrstuvwxyz0123456789")
    assert first["comment"] == "not with [redacted github token]"
    assert not first["replaced"]
    assert ask("feedback", **said, value=0.5)["replaced"]
    [voice] = ask("item", id=one["id"])["feedback"]
    assert voice == {"feedback_type": "wrong", "value": 0.5, "comment": "", "by": "ada", "at": NOW}
    for wrong in ({"value": 1.5}, {"value": float("nan")}, {"feedback_type": "fine"}):
        with pytest.raises(PenstockError, match="feedback: "):
            ask("feedback", **(said | wrong))
    with pytest.raises(NotFound):
        ask("feedback", **(said | {"item_id": "00000000"}))


def test_a_tag_is_summarised(ask: Ask, memory: Memory) -> None:
    """Within the tokens asked for; an unknown one is told with the nearest."""
    memory.add([Item("p", "The glaze cracks.", "thread 1", seq=7, at=NOW, tags=("glaze", "kiln"))])
    assert {"tag": "glaze", "items": 1} in ask("tags")["tags"]
    summary = ask("tag", tag="glaze", most=50)
    assert summary["items"] == 1
    assert 0 < summary["tokens"] <= 50
    assert [part["sentences"] for part in summary["parts"]] == [["The glaze cracks."]]
    with pytest.raises(NotFound, match=r"Did you mean 'glaze'\?"):
        ask("tag", tag="glazes")
