"""What a caller of memory may count on."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from penstock.base.errors import MemoryDown
from penstock.memory import Found, Item, Memory
from penstock.memory.embedders.trigrams import Trigrams

NOW = datetime(2024, 5, 15, 9, tzinfo=UTC).timestamp()
DAY = 86_400.0


def said(text: str, *, project: str = "p", session: str = "s", seq: int = 0, at: float | None = None) -> Item:
    return Item(project, text, session=session, seq=seq, at=at)


def texts(found: Found) -> list[str]:
    return [hit.item.text for hit in found.hits]


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_what_was_said_is_found(memory: Memory) -> None:
    """By its words, with who said it, where and when, and with the reasons for its rank."""
    memory.add(
        [
            Item("p", "The staging database moved to port 5433.", "s1", "c", 1, at=NOW, role="assistant", tags=("db",)),
            said("Lunch was good.", seq=2),
        ]
    )
    hit, *_ = memory.search("which port has the staging database?", "p").hits
    assert hit.item.text == "The staging database moved to port 5433."
    assert (hit.item.session, hit.item.conversation, hit.item.at, hit.item.role) == ("s1", "c", NOW, "assistant")
    assert hit.item.tags == ("db",)
    assert hit.parts["words"] > 0
    assert hit.tokens > 0


def test_an_unknown_project_has_nothing(memory: Memory) -> None:
    """And asking makes none."""
    assert memory.search("anything", "nobody") == Found()
    assert memory.get("nobody", [1]) == []
    assert memory.newest("nobody") == []
    assert memory.forget("nobody", [1]) == 0
    assert not memory.forget_project("nobody")
    assert memory.projects() == {}


names = st.sampled_from(["a", "b", "a b", "A", "p1-trigrams-256", "'; DROP TABLE memories; --"])
lines = st.lists(st.tuples(names, st.sampled_from(["pump", "valve", "seal", "rotor", "bolt"])), min_size=1, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(lines)
def test_projects_never_see_each_other(
    tmp_path_factory: pytest.TempPathFactory, said_in: list[tuple[str, str]]
) -> None:
    """Whatever others hold, a search gives a project's own items alone, with the scores they would have had alone."""
    together = Memory(tmp_path_factory.mktemp("together"), Trigrams())
    try:
        together.add([said(f"the {word} of {name!r}", project=name, seq=n) for n, (name, word) in enumerate(said_in)])
        for name in {name for name, _ in said_in}:
            alone = Memory(tmp_path_factory.mktemp("alone"), Trigrams())
            mine = [(n, word) for n, (other, word) in enumerate(said_in) if other == name]
            alone.add([said(f"the {word} of {name!r}", project=name, seq=n) for n, word in mine])
            for query in ("pump", "the seal and the bolt"):
                here, there = together.search(query, name), alone.search(query, name)
                assert [(h.item.text, h.score) for h in here.hits] == [(h.item.text, h.score) for h in there.hits]
                assert all(hit.item.project == name for hit in here.hits)
            foreign = [item.id for other in together.projects() if other != name for item in together.newest(other)]
            assert together.get(name, foreign) == []
            assert together.forget(name, foreign) == 0
            alone.close()
    finally:
        together.close()


def test_the_same_words_are_kept_once(memory: Memory) -> None:
    """In one project, whichever agent brings them and in one batch too; in another project they are its own."""
    first, twin, again = memory.add([said("one thing"), said("one  thing\n", session="t"), said("another")])
    assert (first.new, twin.new, again.new) == (1, 0, 1)
    assert twin.ids == first.ids
    (later,) = memory.add([said("one thing", seq=9)])
    assert (later.ids, later.new) == (first.ids, 0)
    (other,) = memory.add([said("one thing", project="q")])
    assert other.new == 1
    assert len(memory.newest("p")) == 2


def test_a_long_text_is_kept_in_parts(memory: Memory) -> None:
    """Each is found by itself; a text without words is not kept."""
    long = "\n\n".join(f"Paragraph {n} tells of the {word}. " * 30 for n, word in enumerate(["heron", "otter", "lynx"]))
    long_one, nothing = memory.add([said(long), said(" \n ")])
    assert len(long_one.ids) == long_one.new > 1
    assert (nothing.ids, nothing.new) == ((), 0)
    (hit, *_) = memory.search("otter", "p").hits
    assert "otter" in hit.item.text
    assert len(hit.item.text) < len(long)


def test_an_answer_fits_its_budget(memory: Memory) -> None:
    """What is too long is passed over for what fits."""
    memory.add([said("the pump " + "was noisy " * n, seq=n) for n in range(1, 60)])
    for budget in (0, 10, 50, 400):
        found = memory.search("noisy pump", "p", tokens=budget)
        assert sum(hit.tokens for hit in found.hits) <= budget
    assert len(memory.search("noisy pump", "p", tokens=400).hits) > 1


def test_neighbours_speak_for_each_other(memory: Memory) -> None:
    """A short answer is found by the question before it."""
    memory.add([said(f"line {n} about nothing", session=f"x{n}") for n in range(30)])
    memory.add([said("Which colour shall the boathouse have?", seq=1), said("Green, please.", seq=2)])
    assert "Green, please." in texts(memory.search("colour of the boathouse", "p"))[:3]


def test_time_counts(memory: Memory) -> None:
    """What was said in the time that is asked about comes first."""
    memory.add([said(f"deploy number {n}", seq=n, at=NOW - n * DAY) for n in range(40)])
    found = memory.search("which deploy was yesterday?", "p", now=NOW)
    assert texts(found)[0] == "deploy number 1"
    assert {h.item.at for h in memory.search("deploys in April 2024", "p").hits} <= {
        NOW - n * DAY for n in range(15, 46)
    }


def test_a_misspelled_word_is_found(memory: Memory) -> None:
    """By its nearest spelling, and the answer says so."""
    memory.add([said("We use kubernetes for the cluster."), said("Unrelated words.", seq=1)])
    found = memory.search("kubernetis", "p")
    assert "kubernetes" in texts(found)[0]
    assert len(found.corrected) == 1


def test_a_piece_of_a_name_is_found(memory: Memory) -> None:
    """A word that is nowhere by itself, inside of an identifier or a path."""
    memory.add([said(f"filler {n}", seq=n) for n in range(20)])
    memory.add([said("see src/net/tlshandshaker.py", session="t")])
    assert "handshaker" in texts(memory.search("handshake", "p"))[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_question_may_be_asked(memory: Memory, question: str) -> None:
    """Quotes, operators and half characters are words like others."""
    memory.add([said("some words that are there")])
    memory.search(question, "p", now=NOW)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_text_may_be_kept(memory: Memory, text: str) -> None:
    """And comes back as it was, but for halves of characters."""
    (added,) = memory.add([said(text)])
    kept = memory.get("p", added.ids)
    assert "".join(text.split()).encode("utf-8", "replace") == "".join("".join(i.text for i in kept).split()).encode()


def test_marks_change_the_rank(memory: Memory) -> None:
    """What was called wrong sinks, what was called helpful rises."""
    memory.add([said("the backup runs at noon", seq=1), said("the backup runs at night", session="t")])
    first, second = memory.search("when does the backup run?", "p").hits
    assert memory.mark("p", [first.item.id], helpful=False) == 1
    assert memory.mark("p", [second.item.id], helpful=True) == 1
    assert texts(memory.search("when does the backup run?", "p"))[0] == second.item.text
    assert memory.get("p", [first.item.id])[0].wrong == 1


def test_a_person_can_change_what_stands_beside_a_text(memory: Memory) -> None:
    """Tags, pins, expiry; not the text, and not in another project."""
    (added,) = memory.add([said("a fact")])
    assert memory.change("p", added.ids, tags=("x", "y"), pinned=True, expires_at=NOW) == 1
    (item,) = memory.get("p", added.ids)
    assert (item.tags, item.pinned, item.expires_at) == (("x", "y"), True, NOW)
    assert memory.change("q", added.ids, pinned=False) == 0
    with pytest.raises(ValueError, match="text"):
        memory.change("p", added.ids, text="other")


def test_what_is_past_its_time_goes(memory: Memory) -> None:
    """It is not found from that moment on, and forgotten when asked to; a pinned one stays."""
    ids = [memory.add([said(f"password hint {n}", seq=n)])[0].ids[0] for n in range(3)]
    memory.change("p", ids[:2], expires_at=NOW)
    memory.change("p", ids[1:2], pinned=True)
    assert "password hint 0" in texts(memory.search("password hint", "p", now=NOW - 1))
    assert "password hint 0" not in texts(memory.search("password hint", "p", now=NOW + 1))
    assert memory.expire(NOW + 1) == 1
    assert [item.id for item in memory.newest("p")] == [ids[2], ids[1]]


def test_forgotten_is_gone_everywhere(file_memory: Memory, tmp_path: Path) -> None:
    """Neither its words nor its stems are in any file, the write-ahead log and the index included."""
    file_memory.add([said(f"ordinary line {n}", seq=n) for n in range(50)])
    (added,) = file_memory.add(
        [said("The zanzibarium code is qwxyzzy-471108152342 in /srv/vaultkeeper.key", session="t")]
    )
    before = everything(tmp_path)
    assert all(word in before for word in (b"zanzibarium", b"qwxyzzy", b"vaultkeeper"))
    assert file_memory.forget("p", added.ids) == 1
    after = everything(tmp_path)
    assert not any(word in after for word in (b"zanzibar", b"qwxyzz", b"vaultkeep", b"471108152342"))
    assert not any("zanzibar" in text for text in texts(file_memory.search("zanzibarium", "p")))
    assert file_memory.get("p", added.ids) == []
    (again,) = file_memory.add([said("The zanzibarium code is another")])
    assert again.new == 1


def test_a_forgotten_project_is_gone(memory: Memory, tmp_path: Path) -> None:
    """With all it had; others stay."""
    memory.add([said("vanishing words"), said("staying words", project="q")])
    assert memory.forget_project("p")
    assert memory.projects().keys() == {"q"}
    assert b"vanishing" not in everything(tmp_path)
    assert texts(memory.search("words", "q")) == ["staying words"]
    assert memory.search("words", "p") == Found()


def test_pages_of_items(memory: Memory) -> None:
    """The newest first, none twice and none left out."""
    memory.add([said(f"line {n}", seq=n) for n in range(25)])
    seen: list[int] = []
    before = 2**62
    while page := memory.newest("p", before=before, limit=10):
        seen += [item.id for item in page]
        before = page[-1].id
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 25


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    """After a restart, with nothing to be made anew."""
    memory = Memory(tmp_path, Trigrams())
    memory.add([said("the lighthouse is white")])
    memory.close()
    memory = Memory(tmp_path, Trigrams())
    assert memory.sync() == 0
    found = memory.search("lighthouse", "p")
    assert texts(found) == ["the lighthouse is white"]
    assert found.degraded == ()
    memory.close()


def test_one_process_owns_a_memory(tmp_path: Path) -> None:
    """A second one is told so, and harms nothing."""
    memory = Memory(tmp_path, Trigrams())
    with pytest.raises(MemoryDown, match="belongs to another"):
        Memory(tmp_path, Trigrams())
    memory.close()
    Memory(tmp_path, Trigrams()).close()


_ADDS = """
import sys
from pathlib import Path
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
memory = Memory(Path(sys.argv[1]), Trigrams())
for n in range(10_000):
    memory.add([Item("p", f"line {n} part {i}", session="s", seq=n) for i in range(20)])
    print(n, flush=True)
"""


def test_a_killed_process_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    """What `add` returned of is there, batches are whole, and what an index lacks it is given."""
    child = subprocess.Popen([sys.executable, "-c", _ADDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    kept = [int(child.stdout.readline()) for _ in range(5)][-1]
    child.kill()
    child.wait()
    child.stdout.close()
    memory = Memory(tmp_path, Trigrams())
    memory.sync()
    items = memory.newest("p", limit=10_000)
    assert len(items) % 20 == 0
    assert len(items) >= 20 * (kept + 1)
    found = memory.search("line 3 part 7", "p")
    assert texts(found)[0] == "line 3 part 7"
    assert found.degraded == ()
    memory.close()


def test_a_search_does_not_see_half_of_a_write(memory: Memory) -> None:
    """Searches go on while others remember and forget, and never fail for that."""
    memory.add([said("the first of all lines", seq=0)])
    is_over, faults = threading.Event(), list[Exception]()

    def search() -> None:
        while not is_over.is_set():
            try:
                assert memory.search("first line", "p", patience_s=0.0).hits
            except Exception as e:
                faults.append(e)
                return

    searching = [threading.Thread(target=search) for _ in range(2)]
    for thread in searching:
        thread.start()
    for n in range(1, 60):
        memory.add([said(f"line {n}, and what was said in it", seq=n)])
        if n % 5 == 0:
            memory.forget("p", [memory.newest("p", limit=1)[0].id])
    is_over.set()
    for thread in searching:
        thread.join()
    assert not faults


def test_a_search_computes_in_one_thread(memory: Memory) -> None:
    """Else threads wait for each other by computing, and take the processor from what else the proxy does."""
    memory.add([Item("p", "A heron stands in the reeds.")])
    assert memory.search("heron", "p").hits
    assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
