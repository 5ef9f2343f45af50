"""Tools: functions with a docstring and types, called with plain data."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from penstock import Caller, Tool, hookimpl
from penstock.base.errors import PenstockError, PluginError
from penstock.plugins.manager import Plugins
from penstock.plugins.tool import InvalidArguments
from penstock.tools.table import all_tools, chosen_tools
from tests.core.tools.callers import caller


def add(caller: Caller, n: Annotated[int, Field(ge=0)], words: list[str] | None = None) -> Any:
    """Add things up.

    For numbers and words."""
    return {"n": n + 1, "words": words, "by": caller.by}


ADD = Tool(add, "Add up", "adds")


def test_arguments_come_as_their_types_say() -> None:
    assert ADD.call(caller(), {"n": "2", "words": ["a"]}) == {"n": 3, "words": ["a"], "by": "a test"}
    assert ADD.about == "Add things up.\n\nFor numbers and words."
    assert [one.name for one in ADD.parameters] == ["n", "words"]


@pytest.mark.parametrize(
    ("arguments", "said", "param"),
    [
        ({}, "n: Field required", "n"),
        ({"n": -1}, "greater than or equal to 0", "n"),
        ({"n": 1, "word": []}, "no argument 'word'. Did you mean 'words'", "word"),
    ],
)
def test_what_does_not_fit_is_named(arguments: dict[str, Any], said: str, param: str) -> None:
    with pytest.raises(InvalidArguments, match=said) as e:
        ADD.call(caller(), arguments)
    assert e.value.param == param


def test_a_plugin_adds_a_tool() -> None:
    class Mine:
        @hookimpl
        def tools(self) -> list[Tool]:
            return [ADD]

    plugins = Plugins()
    plugins.add(Mine(), "mine")
    assert all_tools(plugins)["add"] is ADD
    assert chosen_tools(["add"], plugins) == [ADD]
    assert ADD in chosen_tools(["all"], plugins)
    with pytest.raises(PenstockError, match=r"there is no tool 'ad'\. Did you mean 'add'"):
        chosen_tools(["ad"], plugins)
    plugins.add(Mine(), "again")
    with pytest.raises(PluginError, match="another plugin has a tool 'add'"):
        all_tools(plugins)


def without_text(caller: Caller) -> None: ...


def without_type(caller: Caller, n) -> None:  # type: ignore[no-untyped-def]
    """Something."""


async def waiting(caller: Caller) -> None:
    """Something."""


def stats(caller: Caller) -> None:
    """A name that is taken."""


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (without_text, "has no docstring"),
        (without_type, "the argument 'n' has no type"),
        (waiting, "is async"),
        (stats, "which Penstock has itself"),
    ],
)
def test_a_tool_that_could_not_be_called_is_refused(run: Any, said: str) -> None:
    class Mine:
        @hookimpl
        def tools(self) -> list[Tool]:
            return [Tool(run, "A title")]

    plugins = Plugins()
    plugins.add(Mine(), "mine")
    with pytest.raises(PluginError, match=said):
        all_tools(plugins)
