"""Looking things up by what a person knows of them."""

from __future__ import annotations

from pathlib import Path

from penstock.memory import Item, Memory


def said(text: str, *, project: str = "p", session: str = "s", seq: int = 0, at: float | None = None) -> Item:
    return Item(project, text, session=session, seq=seq, at=at)


def test_a_handle_finds_its_item(memory: Memory) -> None:
    """Its beginning does too; that of another project's item is not there."""
    memory.add([said("The release is on Friday."), said("The release is on Monday.", project="q")])
    [item] = memory.newest("p")
    assert [found.text for found in memory.catalog.find("p", item.handle)] == [item.text]
    assert [found.id for found in memory.catalog.find("p", item.handle[:3])] == [item.id]
    assert memory.catalog.find("q", item.handle) == memory.catalog.find("nowhere", item.handle) == []


def test_a_session_is_in_order(memory: Memory) -> None:
    """However it came in; around an item are those of its session alone."""
    memory.add([said(f"Number {n}.", seq=n) for n in (3, 0, 2, 1, 4)])
    memory.add([said("Elsewhere.", session="t"), Item("p", "Of no session."), Item("p", "Of none either.")])
    whole = memory.catalog.session("p", "s")
    assert [item.seq for item in whole] == [0, 1, 2, 3, 4]
    assert [item.seq for item in memory.catalog.around(whole[0], 2)] == [0, 1, 2]
    assert [item.seq for item in memory.catalog.around(whole[2], 1)] == [1, 2, 3]
    alone = next(item for item in memory.newest("p") if item.text == "Of no session.")
    assert memory.catalog.around(alone, 2) == [alone]


def test_projects_are_counted(memory: Memory) -> None:
    """Items, sessions, and when the newest was said."""
    memory.add([said("One.", at=1.0), said("Two.", session="t", at=5.0), said("Three.", project="q")])
    first, second = memory.catalog.counts()
    assert (first.name, first.items, first.sessions, first.newest, first.unindexed) == ("p", 2, 2, 5.0, 0)
    assert (second.name, second.items, second.newest, second.passages) == ("q", 1, None, 1)
    assert first.embedder == memory.embedder.name
    assert memory.catalog.sessions("p") == {"s": 1, "t": 1}


def test_a_label_lasts_as_long_as_its_session(memory: Memory, tmp_path: Path) -> None:
    """It can be changed and taken away, and goes with the last item."""
    memory.add([said("One."), said("Two.", session="t"), said("Three.", project="q")])
    memory.catalog.label("p", "s", "a first name")
    memory.catalog.label("p", "s", "release plans")
    memory.catalog.label("p", "t", "other things")
    memory.catalog.label("q", "s", "of another project")
    assert memory.catalog.labels("p") == {"s": "release plans", "t": "other things"}
    memory.catalog.label("p", "t", "")
    memory.forget("p", [item.id for item in memory.catalog.session("p", "s")])
    assert memory.catalog.labels("p") == {}
    assert memory.catalog.labels("q") == {"s": "of another project"}
    memory.forget_project("q")
    assert memory.catalog.labels("q") == {}
    assert b"release plans" not in b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())


def test_what_a_person_had_forgotten_stays_away(memory: Memory) -> None:
    """However often a client sends it again, in this project; said anew, it is remembered."""
    memory.add([said("The code of the door is blue."), said("The other thing.")])
    [item] = [item for item in memory.newest("p") if "door" in item.text]
    memory.forget("p", [item.id], stays=True)
    [added] = memory.add([said("The code of the  door is blue.")])
    assert (added.ids, added.new) == ((), 0)
    assert memory.add([said("The code of the door is blue.", project="q")])[0].new == 1
    assert memory.add([said("The code of the door is blue.")], even_forgotten=True)[0].new == 1
    memory.forget("p", [item.id for item in memory.newest("p")])
    assert memory.add([said("The code of the door is blue.")])[0].new == 1


def test_items_are_found_by_tag(memory: Memory) -> None:
    """By the whole of it, in any case of its letters, with any signs in it; of one project."""
    tags = [("Kiln", "100%_sure"), ("kiln.py", 'a "quoted" é'), ("kiln",)]
    memory.add([Item("p", f"Number {n}.", seq=n, tags=some) for n, some in enumerate(tags)])
    memory.add([Item("q", "Elsewhere.", tags=("kiln",))])

    def found(tag: str) -> list[int]:
        return [item.seq for item in memory.catalog.tagged("p", tag, 10)]

    assert found("kiln") == [2, 0]
    assert found("100%_sure") == [0]
    assert found("100xxsure") == []
    assert found('a "quoted" é') == [1]
    assert [item.seq for item in memory.catalog.tagged("p", "kiln", 1)] == [2]
    assert memory.catalog.tags("q") == [("kiln", 1)]
    assert sum(items for _, items in memory.catalog.tags("p")) == 5
