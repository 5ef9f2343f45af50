"""The tools `run_code` and `batch_execute`, as an agent calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import Caller, PenstockError, Tool, estimate_tokens, handle_of
from penstock.outputs.output import Output
from penstock.outputs.store import OutputIndex
from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile
from penstock.testing import profile_of
from penstock_plugins.sandbox import bubblewrap, plugin, run
from penstock_plugins.sandbox.run import SandboxFault
from penstock_plugins.sandbox.runtimes import find_runtimes
from penstock_plugins.sandbox.settings import Settings
from penstock_plugins.sandbox.shares import fitted, matches, shares
from penstock_plugins.sandbox.states import States
from penstock_plugins.sandbox.tools import sandbox_tools


def profile(**settings: Any) -> Profile:
    return Profile(name="p", stage={"sandbox": settings})


@pytest.fixture
def kept() -> list[str]:
    """What was stored as an original."""
    return []


@pytest.fixture
def who(kept: list[str]) -> Caller:
    def keep(text: str, _why: str) -> str:
        kept.append(text)
        return ""

    def memory(_command: str, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("no memory is asked")

    def contexts() -> Any:
        raise AssertionError("no context is asked for")

    return Caller(contexts, memory, project="kiln", keep=keep)


@pytest.fixture
def offered(sandbox: None, states_at: Path) -> dict[str, Tool]:
    tools = sandbox_tools(Settings(enabled=True), find_runtimes(), States(states_at, 7))
    return {tool.name: tool for tool in tools}


def test_off_until_it_is_turned_on(sandbox: None) -> None:
    assert plugin.tools(profile()) == []
    assert [tool.name for tool in plugin.tools(profile(enabled=True))] == ["run_code", "batch_execute"]


def test_not_offered_where_there_is_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run outside of one."""
    monkeypatch.setattr(bubblewrap, "why_unusable", lambda: "bubblewrap is not installed")
    assert plugin.tools(profile(enabled=True)) == []


def test_a_client_asks_its_user_before_either_is_called(offered: dict[str, Tool]) -> None:
    assert {tool.effect for tool in offered.values()} == {"deletes"}


def test_code_gets_its_input_and_gives_its_output(offered: dict[str, Tool], who: Caller) -> None:
    said = offered["run_code"].call(who, {"language": "bash", "code": "rev; exit 4", "stdin": "kiln"})
    assert said.startswith("[bash: exit code 4, ")
    assert said.endswith("nlik")


def test_an_unknown_language_is_named_with_those_there_are(offered: dict[str, Tool], who: Caller) -> None:
    with pytest.raises(PenstockError, match=r"'basch' is not installed here\. Did you mean 'bash'"):
        offered["run_code"].call(who, {"language": "basch", "code": "true"})


def test_that_nothing_was_run_is_said_only_where_it_is_true(
    offered: dict[str, Tool], who: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_code() -> str:
        return str(offered["run_code"].call(who, {"language": "bash", "code": "true"}))

    def remaining(*_: object) -> tuple[bytes, str]:
        raise SandboxFault("processes of a run that was ended are still there")

    with monkeypatch.context() as patch:
        patch.setattr(run, "_watched", remaining)
        with pytest.raises(PenstockError, match=r"still there\Z"):
            run_code()
    monkeypatch.setattr(run, "why_unusable", lambda: "there are no namespaces")
    with pytest.raises(PenstockError, match=r"no namespaces\. Nothing was run"):
        run_code()


def test_a_state_lasts_from_call_to_call_and_belongs_to_a_project(
    offered: dict[str, Tool], who: Caller, states_at: Path
) -> None:
    run = offered["run_code"]
    run.call(who, {"language": "bash", "code": "echo glaze > notes", "state": "work"})
    assert "glaze" in run.call(who, {"language": "bash", "code": "cat notes", "state": "work"})
    assert "No such file" in run.call(who, {"language": "bash", "code": "cat notes"})
    other = Caller(who.contexts, who.memory, project="other", keep=who.keep)
    assert "No such file" in run.call(other, {"language": "bash", "code": "cat notes", "state": "work"})
    assert not list(states_at.glob("once-*"))
    for name in ("../work", "a/b", ".", ""):
        if name:
            with pytest.raises(PenstockError, match="no name of a state"):
                run.call(who, {"language": "bash", "code": "true", "state": name})


def test_a_state_that_is_not_used_is_deleted(states_at: Path) -> None:
    with States(states_at, 7).opened("kiln", "old") as old:
        (Path(old) / "notes").write_text("x")
    with States(states_at, 1e-9).opened("kiln", "new"):
        assert not Path(old).exists()


def test_a_long_output_is_shortened_and_kept_whole(offered: dict[str, Tool], who: Caller, kept: list[str]) -> None:
    said = offered["run_code"].call(who, {"language": "bash", "code": "seq 1 200000"})
    (whole,) = kept
    assert whole == "".join(f"{n}\n" for n in range(1, 200_001))
    assert f"expand {handle_of(whole)}" in said
    assert estimate_tokens(said) < 7_000


def test_many_commands_are_one_call_within_a_budget(offered: dict[str, Tool], who: Caller, kept: list[str]) -> None:
    """They share a working directory; what is searched for is shown with its place."""
    commands = ["seq 1 50000 > numbers; echo written", "cat numbers; echo the kiln is at 1240 degrees", "ls /none"]
    given = {"commands": commands, "searches": ["degrees of the kiln", "zebra"], "token_budget": 1000}
    said = offered["batch_execute"].call(who, given)
    assert estimate_tokens(said) < 1300
    assert "written" in said
    assert "2:50001: the kiln is at 1240 degrees" in said
    assert "[no line of the outputs has one of these words]" in said
    assert "No such file" in said
    assert [len(text) > 100_000 for text in kept] == [True]


def test_a_misspelled_search_is_answered_by_the_index(offered: dict[str, Tool], who: Caller, tmp_path: Path) -> None:
    """Of this call's outputs alone, with how it was found; without an index no line is."""
    index = OutputIndex.beside(tmp_path / "penstock.db")
    index.add(Output("an older thermometer", "kiln", "another call", 1.0), str)

    def keep(text: str, why: str) -> str:
        index.add(Output(text, "kiln", why, 1.0), str)
        return ""

    given = {"commands": ["echo short", "seq 20000; echo the thermometer broke"], "searches": ["thermomter"]}
    said = offered["batch_execute"].call(replace(who, outputs=lambda: index, keep=keep), given)
    assert "[search] thermomter\n[by edit distance]" in said
    assert "2:20001: the thermometer broke" in said
    assert "older" not in said
    assert "[no line of the outputs has one of these words]" in offered["batch_execute"].call(who, given)
    index.close()


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12), st.integers(0, 8000))
def test_shares_fit_the_budget_and_favour_nothing(sizes: list[int], budget: int) -> None:
    """What is cut gets as much as any other that is cut, but for rounding."""
    given_shares = shares(sizes, budget)
    assert sum(given_shares) <= budget
    assert all(0 <= share <= size for share, size in zip(given_shares, sizes, strict=True))
    cut = [share for share, size in zip(given_shares, sizes, strict=True) if share < size]
    assert max(cut, default=0) - min(cut, default=0) <= 1
    if cut:
        assert min(cut) >= max((s for s, size in zip(given_shares, sizes, strict=True) if s == size), default=0) - 1


@given(st.lists(st.text(max_size=80), max_size=400), st.integers(60, 600))
def test_what_is_fitted_is_short_enough(lines: list[str], tokens: int) -> None:
    text = "\n".join(lines)
    assert estimate_tokens(fitted(text, tokens, left_out="see all: expand 01234567")) <= tokens + 40


def test_rarer_words_count_more() -> None:
    texts = ["kiln\n" * 40 + "the kiln has a crack\n" + "kiln\n" * 40]
    assert "1:41: the kiln has a crack" in matches("kiln crack", texts, 60)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"read": ["/"]}, "name a folder inside it"),
        ({"read": ["/none/such"]}, "is no folder"),
        ({"environment": ["LD_PRELOAD"]}, "cannot be passed"),
        ({"environment": ["A=B"]}, "cannot be passed"),
        ({"memory": 1}, "memory"),
    ],
)
def test_settings_that_would_open_the_sandbox_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(PenstockError, match=said):
        plugin.tools(profile(enabled=True, **settings))


@pytest.mark.parametrize("table", ["enabled = true", "enabled = true\nhint = true", "enabled = false", "wall_s = 5"])
def test_a_profile_may_set_it_up(table: str) -> None:
    """Its table is known, whatever is in it: an unknown one would keep the proxy from starting."""
    assert Plugins.load().unknown_settings(profile_of(f"[stage.sandbox]\n{table}\n")) == ""
