"""The tools over memory: what they answer, and what they keep apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import moment
from penstock.memory import FeedbackKind, Item, Memory, Voice, learned_project
from penstock.memory.embedders.trigrams import Trigrams
from penstock.plugins.manager import Plugins
from penstock.tools.answer_text import LIMIT, text_of
from penstock.tools.memory_tools import LONGEST
from penstock.tools.table import all_tools
from tests.core.tools.callers import caller

AT = 1_772_600_767.0


class ToolsOf:
    """The tools for one project."""

    def __init__(self, project: str) -> None:
        self._caller = caller(project=project)
        self._tools = all_tools(Plugins())

    def __getattr__(self, name: str) -> Callable[..., str]:
        def call(*words: object) -> str:
            tool = self._tools[name]
            return str(tool.call(self._caller, dict(zip((one.name for one in tool.parameters), words, strict=False))))

        return call


Tools = Callable[[str], ToolsOf]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Of any project, over a memory with two."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "quick.toml").write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", "quick")
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add(
        [
            Item("kiln", "How hot does the kiln get?", session="march", seq=0, at=AT),
            Item("kiln", "It runs at 900 degrees. " * 70, session="march", seq=1, at=AT + 60, role="assistant"),
            Item("kiln", "Then open the vents.", session="march", seq=2, tags=("vents",)),
            Item("loom", "The loom has six shafts.", session="april", seq=0, at=AT),
        ]
    )
    memory.close()
    return ToolsOf


def ids(answer: str) -> list[str]:
    return re.findall(r"^(?:>>> )?([0-9a-f]{8})  ", answer, re.M)


def test_a_search_is_text_with_ids_and_dates(tools: Tools) -> None:
    """Long texts are cut, and it says how to get the rest; nothing of another project is there."""
    answer = tools("kiln").recall("how hot is the kiln, 900 degrees")
    assert len(ids(answer)) == 3
    assert "2026-03-04" in answer
    assert "date not known" in answer
    assert re.search(r"\[cut: expand [0-9a-f]{8} gives all of it\]", answer)
    assert "loom" not in answer
    assert len(ids(tools("kiln").recall("kiln", 1))) == 1
    assert "nothing of this project" in tools("other").recall("kiln")


def test_what_does_not_fit_is_not_told(tools: Tools) -> None:
    """Nothing for a question about something else; what has little to do with it is called a weak match."""
    assert "nothing of this project" in tools("kiln").recall("kubernetes ingress annotations")
    answer = tools("kiln").recall("open the bakery on a sunny morning, please")
    assert re.search(r"a weak match:\nThen open the vents", answer)
    assert "weak match" not in tools("kiln").recall("open the vents", 1)


def test_one_is_recalled_with_its_neighbours(tools: Tools) -> None:
    """It is marked among them, and whole."""
    answer = tools("kiln").recall("900 degrees", 3)
    [long] = [one for one in ids(answer) if f"expand {one} " in answer]
    whole = tools("kiln").expand(long)
    assert [len(ids(whole)), whole.count(">>> ")] == [3, 1]
    assert whole.index("How hot") < whole.index(f">>> {long}") < whole.index("vents")
    assert whole.count("It runs at 900 degrees.") == 70
    with pytest.raises(PenstockError, match="there is no memory with the id"):
        tools("loom").expand(long)


def test_an_agent_remembers_and_forgets(tools: Tools) -> None:
    """Its own project's alone; by the whole id."""
    said = tools("kiln").remember("The vents are opened at 400 degrees. password=hunter2hunter2")
    [one] = re.findall(r"[0-9a-f]{8}", said)
    assert "known already" in tools("kiln").remember("The vents are opened at 400 degrees. password=hunter2hunter2")
    assert "hunter2" not in tools("kiln").expand(one)
    with pytest.raises(PenstockError, match="whole id"):
        tools("kiln").forget(one[:5])
    with pytest.raises(PenstockError, match="no memory"):
        tools("loom").forget(one)
    assert tools("kiln").forget(one) == "[forgotten]"
    assert one not in tools("kiln").recall("vents 400 degrees")


def test_an_answer_has_a_limit(tools: Tools) -> None:
    """However much there is."""
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item("kiln", f"Firing {n}: " + f"note {n} " * 150, session="may", seq=n) for n in range(30)])
    memory.close()
    answer = tools("kiln").recall("firing note", 20)
    assert len(answer) < LONGEST + 200
    assert re.search(r"\[\d+ more: ask for fewer", answer)


def test_a_task_is_taken_over_and_a_memory_judged(tools: Tools) -> None:
    """In the project of the caller, and in its name."""
    found = tools("kiln").workingset("fire the kiln")
    assert "How hot does the kiln get?" in found
    assert "loom" not in found
    [one] = ids(tools("kiln").recall("open the vents", 1))
    assert tools("kiln").feedback(one, "wrong", "they stay closed") == "[noted: wrong]"
    with pytest.raises(PenstockError, match="no memory"):
        tools("loom").feedback(one, "wrong")
    with pytest.raises(PenstockError, match="feedback_type"):
        tools("kiln").feedback(one, "nice")


def test_what_was_learned_is_listed_and_deleted(tools: Tools) -> None:
    """Each with its id, kind and how often it held; of this project alone."""
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item(learned_project("kiln"), "When `fire` fails with `no gas`: run `gas on`", at=AT, role="fix")])
    [item] = memory.newest(learned_project("kiln"))
    memory.hear(item, Voice(FeedbackKind.HELPFUL, "x1 in march", AT))
    memory.close()
    answer = tools("kiln").list_learned()
    assert answer == f"{item.handle}  fix, held 1 of 1 times, last {moment(AT)}:\n{item.text}"
    assert "nothing of kind together was learned" in tools("kiln").list_learned("together")
    assert "nothing was learned" in tools("loom").list_learned()
    assert tools("kiln").feedback(item.handle, "wrong") == "[noted: wrong]"
    assert "held 1 of 2 times" in tools("kiln").list_learned()
    tools("kiln").forget(item.handle)
    assert "nothing was learned" in tools("kiln").list_learned()


def test_a_topic_is_summarised(tools: Tools) -> None:
    """With ids that `expand` shows whole; a topic of another project is not there."""
    answer = tools("kiln").tag_summary("vents")
    assert "Then open the vents." in answer
    assert len(ids(answer)) == 1
    with pytest.raises(PenstockError, match="nothing in loom has the tag 'vents'"):
        tools("loom").tag_summary("vents")


def test_a_working_set_of_many_tokens_fits_into_an_answer() -> None:
    """A client shows no more than so many characters: as much of it is given as it shows."""
    asked: list[int] = []

    def memory(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(arguments["token_budget"])
        return {"recent": [{"text": "word " * 20}] * (asked[-1] // 20), "tokens": asked[-1]}

    tool, who = all_tools(Plugins())["workingset"], replace(caller(project="kiln"), memory=memory)
    given = tool.call(who, {"purpose": "fire the kiln", "token_budget": 20_000})
    assert LIMIT * 0.7 < len(text_of(given)) <= LIMIT
    assert asked[0] == 20_000
    assert given["tokens"] == asked[-1] < 20_000
    tool.call(who, {"purpose": "fire the kiln", "token_budget": 200})
    assert asked[-1] == 200
