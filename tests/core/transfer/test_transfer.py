"""What an export has, an import brings back: contexts with their versions, and the memory."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Expired, NoContext
from penstock.contexts.records import NewContext, Retention
from penstock.memory import Item
from tests.core.transfer.conftest import ITEMS, Installation, remember, same_key

NO_MEMORY: dict[str, Any] = {"items": {}, "projects": {}, "labels": {}, "forgotten": {}}
END = dict.fromkeys(("contexts", "versions", "projects", "labels", "forgotten", "items", "left_out"), 0)


def state(contexts: Contexts, workspace: str = "default") -> Any:
    """All that a caller can read."""
    heads = contexts.page(workspace, limit=500).items
    history = {head.key: contexts.versions(workspace, head.key) for head in heads}
    values = {
        (key, one.version): contexts.get(workspace, key, one.version).data for key, of in history.items() for one in of
    }
    return heads, history, values


def items_of(installation: Installation) -> list[dict[str, Any]]:
    return [json.loads(line)["item"] for line in installation.export("memory").splitlines() if b'{"item"' in line]


def test_contexts_come_back_with_all_kept_versions(full: Installation, empty: Installation) -> None:
    counts = empty.take(full.export("contexts"))
    assert counts == {"contexts": {"added": 2}, "dry_run": False} | NO_MEMORY
    assert state(empty.contexts) == state(full.contexts)
    assert [one.version for one in empty.contexts.versions("default", "plan/api")] == list(range(14, 4, -1))
    assert [hit.head.key for hit in empty.contexts.search("default", "ü")] == ["list"]
    [first, second] = empty.contexts.changes_after("default", 0)
    assert [(one.kind, one.key, one.version) for one in (first, second)] == [
        ("put", "list", 1),
        ("put", "plan/api", 14),
    ]
    with pytest.raises(NoContext):
        empty.contexts.get("default", "gone")
    assert empty.export("contexts").splitlines()[1:] == full.export("contexts").splitlines()[1:]


def test_the_memory_comes_back_with_its_marks(full: Installation, empty: Installation) -> None:
    remember(full, *ITEMS)
    exported = full.export("all")
    counts = empty.take(exported)
    assert counts["contexts"] == {"added": 2}
    assert counts["items"] == {"added": len(items_of(full))}
    assert items_of(empty) == items_of(full)
    assert len(items_of(full)) > len(ITEMS)  # a long one is in parts
    with empty.memory() as memory:
        [hit, *_] = memory.do("search", {"query": "how hot is the kiln", "project": "kiln"})["hits"]
        assert "900 degrees" in hit["text"]
    assert empty.take(exported)["items"] == {"kept": len(items_of(full))}  # once more: nothing twice


def test_marks_of_known_items_are_replaced_by_overwrite_only(full: Installation, empty: Installation) -> None:
    remember(full, ITEMS[1])
    remember(empty, replace(ITEMS[1], tags=("old",), pinned=False))
    exported = full.export("memory")
    assert empty.take(exported, "newer")["items"] == {"kept": 1}
    assert items_of(empty)[0]["tags"] == ["old"]
    assert empty.take(exported, "overwrite", dry_run=True)["items"] == {"replaced": 1}
    assert items_of(empty)[0]["tags"] == ["old"]
    assert empty.take(exported, "overwrite")["items"] == {"replaced": 1}
    assert items_of(empty) == items_of(full)


def test_what_was_forgotten_comes_back_by_overwrite_only(full: Installation) -> None:
    remember(full, ITEMS[0])
    exported = full.export("memory")
    with full.memory() as memory:
        [item] = memory.do("list", {})["items"]
        memory.do("forget", {"ids": [item["id"]]})
    for dry_run in (True, False):
        assert full.take(exported, dry_run=dry_run)["items"] == {"forgotten": 1}
    for dry_run in (True, False):
        assert full.take(exported, "overwrite", dry_run=dry_run)["items"] == {"added": 1}


def with_marks(installation: Installation) -> None:
    """A project with an owner, a label, feedback and something forgotten, and one of which all was forgotten."""
    remember(installation, *ITEMS[:3], owner="account-1")
    with installation.memory() as memory:
        memory.do("label", {"session": "monday", "label": "the kiln", "project": "kiln"})
        memory.do("share", {"project": "shop"})
        kiln, vent = (memory.do("search", {"query": q, "project": "kiln"})["hits"][0]["id"] for q in ("900", "vent"))
        for by, kind in (("codex", "helpful"), ("claude", "outdated")):
            said = {"item_id": kiln, "project": "kiln", "feedback_type": kind, "value": 0.5, "comment": "so", "by": by}
            memory.do("feedback", said)
        [glaze] = memory.do("list", {"project": "shop"})["items"]
        memory.do("forget", {"ids": [vent, glaze["id"]]})


def of_memory(installation: Installation) -> list[bytes]:
    return installation.export("memory").splitlines()[1:-1]


def test_all_that_stands_beside_items_comes_back(full: Installation, empty: Installation) -> None:
    """Whose a project is, names of sessions, what callers said, and what was forgotten: that stays away there, too."""
    same_key(full, empty)
    with_marks(full)
    exported = full.export("memory")
    kinds = [next(iter(json.loads(line))) for line in exported.splitlines()[1:-1]]
    assert kinds == ["project", "label", "forgotten", "project", "forgotten", "item"]
    expected = {"projects": {"added": 2}, "labels": {"added": 1}, "forgotten": {"added": 2}, "items": {"added": 1}}
    for dry_run in (True, False):
        assert empty.take(exported, dry_run=dry_run) == {"contexts": {}, "dry_run": dry_run} | expected
    assert of_memory(empty) == of_memory(full)
    assert [one["by"] for one in items_of(empty)[0]["feedback"]] == ["claude", "codex"]
    again = {"projects": {"same": 2}, "labels": {"same": 1}, "forgotten": {"same": 2}, "items": {"kept": 1}}
    assert empty.take(exported) == {"contexts": {}, "dry_run": False} | again
    assert of_memory(empty) == of_memory(full)
    remember(empty, ITEMS[1])
    assert len(items_of(empty)) == 1


def test_marks_that_are_there_give_way_to_overwrite_only(full: Installation, empty: Installation) -> None:
    """What is there is not deleted because it was forgotten elsewhere."""
    with_marks(full)
    remember(empty, *ITEMS[:2])
    with empty.memory() as memory:
        memory.do("label", {"session": "monday", "label": "mine", "project": "kiln"})
        memory.do("share", {"project": "kiln"})
    exported = full.export("memory")
    kept = empty.take(exported, "newer")
    assert (kept["labels"], kept["forgotten"]) == ({"kept": 1}, {"kept": 1, "added": 1})
    assert kept["projects"] == {"without_owner": 2, "kept": 1, "added": 1}
    assert (len(items_of(empty)), "feedback" in items_of(empty)[0]) == (2, False)
    taken = empty.take(exported, "overwrite")
    assert (taken["labels"], taken["items"]) == ({"replaced": 1}, {"replaced": 1})
    assert len(items_of(empty)[0]["feedback"]) == 2
    with empty.memory() as memory:
        assert memory.do("list", {"project": "kiln"})["items"][0]["label"] == "the kiln"


def test_an_owner_by_another_key_is_nobody_here(full: Installation, empty: Installation) -> None:
    """The project has no owner then, and its next user is it: an owner nobody is known by would shut all out."""
    same_key(full, full)
    with_marks(full)
    counts = empty.take(full.export("memory"))
    assert counts["projects"] == {"without_owner": 2, "added": 2}
    with empty.memory() as memory:
        assert {one["owner"] for one in memory.do("projects", {})["projects"]} == {""}


def test_what_was_said_before_1970_comes_back(full: Installation, empty: Installation) -> None:
    remember(full, replace(ITEMS[0], at=-1_000_000_000.5))
    assert empty.take(full.export("memory"))["items"] == {"added": 1}
    assert items_of(empty) == items_of(full)
    with empty.memory() as memory:
        assert memory.do("list", {})["items"][0]["at"] == -1_000_000_000.5


@pytest.mark.parametrize("onto", ["skip", "overwrite"])
def test_a_dry_run_counts_equal_items_once(full: Installation, empty: Installation, onto: Any) -> None:
    """As the import does, whether they come together or far apart."""
    remember(full, *(Item("p", f"Number {n} of many things.") for n in range(120)))
    first, *lines, end = full.export("memory").splitlines()
    doubled = [line for line in lines if b'{"item"' in line]
    counts = json.loads(end)["end"]
    counts["items"] += len(doubled) + 1
    exported = b"\n".join([first, *lines, *doubled, doubled[-1], json.dumps({"end": counts}).encode()])
    tried = empty.take(exported, onto, dry_run=True)["items"]
    assert tried == empty.take(exported, onto)["items"]
    assert tried == {"added": 120, "kept" if onto == "skip" else "replaced": 121}


def test_an_export_of_the_format_before_is_read(full: Installation, empty: Installation) -> None:
    """It has no marks of projects."""
    remember(full, ITEMS[0])
    first, *lines, end = (json.loads(line) for line in full.export("memory").splitlines())
    old = [first | {"penstock_export": 1}, *(line for line in lines if "item" in line)]
    counts = {name: end["end"][name] for name in ("contexts", "versions", "items", "left_out")}
    exported = "\n".join(json.dumps(line) for line in [*old, {"end": counts}]).encode()
    assert empty.take(exported)["items"] == {"added": 1}


def test_secrets_of_an_import_are_taken_out(full: Installation, empty: Installation) -> None:
    secret = "sk-ant-api03-" + "a1B2" * 20
    remember(full, replace(ITEMS[2], text=f"The key for the deploy is {secret} and stays where it is."))
    empty.take(full.export("memory"))
    assert secret not in json.dumps(items_of(empty))
    assert "deploy" in json.dumps(items_of(empty))


@pytest.mark.parametrize(
    ("onto", "there_is_newer", "outcome"),
    [
        ("skip", False, "kept"),
        ("newer", True, "kept"),
        ("newer", False, "replaced"),
        ("overwrite", True, "replaced"),
        ("overwrite", False, "replaced"),
    ],
)
def test_what_becomes_of_a_context_that_is_there(
    full: Installation, empty: Installation, clock: ManualClock, onto: Any, there_is_newer: bool, outcome: str
) -> None:
    clock.advance(60 if there_is_newer else -60)
    with empty.contexts.write("default", "here") as writer:
        for n in range(20):
            writer.put("plan/api", NewContext({"mine": n}, 0))
    clock.advance(-60 if there_is_newer else 60)
    before, exported = state(empty.contexts), full.export("contexts")
    expected = {"contexts": {outcome: 1, "added": 1}} | NO_MEMORY
    assert empty.take(exported, onto, dry_run=True) == expected | {"dry_run": True}
    assert state(empty.contexts) == before
    assert empty.take(exported, onto) == expected | {"dry_run": False}
    now = empty.contexts.get("default", "plan/api")
    if outcome == "kept":
        assert now.data == {"mine": 19}
        return
    assert now.data == full.contexts.get("default", "plan/api").data
    assert now.head.version == 30  # the numbers go on: nobody takes it for one of those it has seen
    assert [one.version for one in empty.contexts.versions("default", "plan/api")] == list(range(30, 20, -1))
    assert empty.take(exported, onto)["contexts"] == {"same": 2}


def test_what_was_deleted_comes_back_under_higher_numbers(full: Installation, clock: ManualClock) -> None:
    exported = full.export("contexts")
    with full.contexts.write("default", "owner") as writer:
        writer.delete("list")
        writer.delete("plan/api", purge=True)
    assert full.take(exported)["contexts"] == {"added": 2}
    assert full.contexts.get("default", "list").head.version == 2
    assert full.contexts.get("default", "plan/api").head.version == 14


@pytest.mark.parametrize("seal", [False, True])
@pytest.mark.parametrize("onto", ["skip", "newer", "overwrite"])
def test_versions_of_what_was_deleted_stay_below_those_that_come(
    full: Installation, empty: Installation, onto: Any, seal: bool
) -> None:
    """Without a gap, so that what is there now can be exported and imported again."""
    with empty.contexts.write("default", "here") as writer:
        for n in range(3):
            writer.put("plan/api", NewContext({"mine": n}, 0, seal=seal))
        writer.delete("plan/api")
    assert empty.take(full.export("contexts"), onto)["contexts"] == {"added": 2}
    assert [one.version for one in empty.contexts.versions("default", "plan/api")] == list(range(13, 0, -1))
    values = [empty.contexts.get("default", "plan/api", n).data for n in range(1, 14)]
    assert values[:3] == [{"mine": n} for n in range(3)]
    assert [one["step"] for one in values[3:]] == list(range(4, 14))
    if not seal:
        assert full.take(empty.export("contexts"), "overwrite")["contexts"] == {"same": 2}


def test_as_many_versions_come_as_are_kept_here(full: Installation, tmp_path: Path, clock: ManualClock) -> None:
    """The newest of them, by the settings of the installation that they come to."""
    with closing(Contexts(tmp_path / "few" / "contexts.db", clock, Retention(versions=3))) as few:
        few_installation = Installation(tmp_path / "few", few)
        assert few_installation.take(full.export("contexts"))["contexts"] == {"added": 2}
        assert [one.version for one in few.versions("default", "plan/api")] == [14, 13, 12]


def test_what_has_ended_meanwhile_is_left_out(full: Installation, empty: Installation, clock: ManualClock) -> None:
    exported = full.export("contexts")
    clock.advance(3600)
    assert empty.take(exported)["contexts"] == {"ended": 1, "added": 1}
    with pytest.raises((NoContext, Expired)):
        empty.contexts.get("default", "list")


def test_what_is_written_meanwhile_is_not_in_the_export(full: Installation) -> None:
    """All of it is of one state, though it is read a page at a time."""
    from penstock.contexts.exporting import WholeContext, whole_contexts

    with full.contexts.write("default", "owner") as writer:
        for n in range(450):
            writer.put(f"many/{n:03}", NewContext(n, 0))
    read, keys = whole_contexts(full.contexts, "default"), []
    for one in read:
        assert isinstance(one, WholeContext)
        if not keys:
            with full.contexts.write("default", "owner") as writer:
                writer.put("zzz", NewContext("late"))
                writer.delete("many/449")
        keys.append(one.head.key)
        assert len(list(one.versions)) == one.count
    assert keys == ["list", *(f"many/{n:03}" for n in range(450)), "plan/api"]


def test_a_sealed_context_is_left_out_and_counted(full: Installation, empty: Installation) -> None:
    """Its value cannot be read here, and must not be taken for one that can."""
    with full.contexts.write("default", "owner") as writer:
        writer.touch("list", NewContext(None, seal=True))
    exported = full.export("contexts")
    assert b"list" not in exported
    assert json.loads(exported.splitlines()[-1]) == {"end": END | {"contexts": 1, "versions": 10, "left_out": 1}}
    assert empty.take(exported)["contexts"] == {"added": 1}


def test_what_replaces_a_sealed_context_is_sealed(full: Installation, empty: Installation) -> None:
    with empty.contexts.write("default", "owner") as writer:
        writer.put("plan/api", NewContext("mine", 0, seal=True))
    assert empty.take(full.export("contexts"), "overwrite")["contexts"] == {"replaced": 1, "added": 1}
    head = empty.contexts.head("default", "plan/api")
    assert (head.sealed, head.version) == (True, 14)
    assert [empty.contexts.get("default", "plan/api", n).data["step"] for n in range(5, 15)] == list(range(4, 14))
    assert [hit.excerpt for hit in empty.contexts.search("default", "step")] == []
    with sqlite3.connect(empty.contexts.path) as db:
        bodies = db.execute(
            "SELECT body FROM context_versions JOIN contexts c ON c.id = context WHERE key LIKE 'plan%'"
        )
        assert not any(b"step" in body for (body,) in bodies)
    db.close()


def test_without_a_memory_there_are_no_items(full: Installation) -> None:
    assert [json.loads(line) for line in full.export("memory").splitlines()][1:] == [{"end": END}]
    assert not (full.folder / "memory").exists()
