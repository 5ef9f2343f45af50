"""The tools over memory: what they answer, and what they keep apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp.server.fastmcp.exceptions import ToolError

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock_addons.mcp.memory_tools import LIMIT, MemoryTools
from penstock_addons.mcp.server import server

Tools = Callable[[str], MemoryTools]
AT = 1_772_600_767.0


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
            Item("kiln", "Then open the vents.", session="march", seq=2),
            Item("loom", "The loom has six shafts.", session="april", seq=0, at=AT),
        ]
    )
    memory.close()
    return lambda project: MemoryTools(None, project)


def ids(answer: str) -> list[str]:
    return re.findall(r"^(?:>>> )?([0-9a-f]{8})  ", answer, re.M)


def test_a_search_is_text_with_ids_and_dates(tools: Tools) -> None:
    """Long texts are cut, and it says how to get the rest; nothing of another project is there."""
    answer = tools("kiln").search("how hot is the kiln, 900 degrees")
    assert len(ids(answer)) == 3
    assert "2026-03-04" in answer
    assert "date not known" in answer
    assert re.search(r"\[cut: recall [0-9a-f]{8} gives all of it\]", answer)
    assert "loom" not in answer
    assert len(ids(tools("kiln").search("kiln", 1))) == 1
    assert "nothing of this project" in tools("other").search("kiln")


def test_what_does_not_fit_is_not_told(tools: Tools) -> None:
    """Nothing for a question about something else; what has little to do with it is called a weak match."""
    assert "nothing of this project" in tools("kiln").search("kubernetes ingress annotations")
    answer = tools("kiln").search("open the bakery on a sunny morning, please")
    assert re.search(r"a weak match:\nThen open the vents", answer)
    assert "weak match" not in tools("kiln").search("open the vents", 1)


def test_one_is_recalled_with_its_neighbours(tools: Tools) -> None:
    """It is marked among them, and whole."""
    answer = tools("kiln").search("900 degrees", 3)
    [long] = [one for one in ids(answer) if f"recall {one} " in answer]
    whole = tools("kiln").recall(long)
    assert [len(ids(whole)), whole.count(">>> ")] == [3, 1]
    assert whole.index("How hot") < whole.index(f">>> {long}") < whole.index("vents")
    assert whole.count("It runs at 900 degrees.") == 70
    with pytest.raises(PenstockError, match="no memory is called"):
        tools("loom").recall(long)


def test_an_agent_remembers_and_forgets(tools: Tools) -> None:
    """Its own project's alone; by the whole id."""
    said = tools("kiln").remember("The vents are opened at 400 degrees. password=hunter2hunter2")
    [one] = re.findall(r"[0-9a-f]{8}", said)
    assert "known already" in tools("kiln").remember("The vents are opened at 400 degrees. password=hunter2hunter2")
    assert "hunter2" not in tools("kiln").recall(one)
    with pytest.raises(PenstockError, match="whole id"):
        tools("kiln").forget(one[:5])
    with pytest.raises(PenstockError, match="no memory"):
        tools("loom").forget(one)
    assert tools("kiln").forget(one) == "[forgotten]"
    assert one not in tools("kiln").search("vents 400 degrees")


def test_an_answer_has_a_limit(tools: Tools) -> None:
    """However much there is."""
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item("kiln", f"Firing {n}: " + f"note {n} " * 150, session="may", seq=n) for n in range(30)])
    memory.close()
    answer = tools("kiln").search("firing note", 1000)
    assert len(answer) < LIMIT + 200
    assert re.search(r"\[\d+ more: ask for fewer", answer)


async def test_the_server_offers_them(tools: Tools) -> None:
    """For a project, each with what it is for; those that write say so. Without one: `expand` alone."""
    assert [tool.name for tool in await server(None).list_tools()] == ["expand"]
    app = server(None, "kiln")
    listed = {tool.name: tool for tool in await app.list_tools()}
    assert list(listed) == ["expand", "memory_search", "recall", "remember", "forget"]
    for tool in listed.values():
        assert len(tool.description or "") > 100
    assert listed["forget"].annotations is not None
    assert listed["forget"].annotations.destructiveHint
    assert listed["memory_search"].annotations is not None
    assert listed["memory_search"].annotations.readOnlyHint
    found = await app.call_tool("memory_search", {"query": "kiln"})
    assert "900 degrees" in str(found)
    with pytest.raises(ToolError, match="no id of a memory"):
        await app.call_tool("recall", {"id": "the first"})


def test_no_memory_is_opened_before_it_is_asked_for(tmp_path: Path) -> None:
    """A server that nobody asks holds no file that a proxy wants."""
    server(tmp_path / "penstock.db", "kiln")
    assert not (tmp_path / "memory").exists()
