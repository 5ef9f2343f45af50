"""What hooks may give, and how one is told that gives something else."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import Stage, Translator
from penstock.base.errors import PluginError
from penstock.dialects.bundled import bundled_dialects
from penstock.plugins.hook_results import validate_hook_result


class Named(Stage):
    """A stage that can be called, so that it passes for a summariser too."""

    name = "mine"

    def __call__(self, segment: object) -> None:
        """Makes nothing of it."""


def changed(**values: Any) -> Stage:
    made = Named()
    vars(made).update(values)
    return made


class NoRepr:
    """A stranger's object at its worst."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("hook", "given", "found"),
    [
        ("stages", None, []),
        ("stages", (), []),
        ("compressors", [len], [len]),
        ("compressors", (one for one in [len, str.strip]), [len, str.strip]),
        ("redactors", {str.strip: 1}.keys(), [str.strip]),
        ("prices", None, {}),
        ("prices", {"anthropic": {}}, {"anthropic": {}}),
        ("commands", None, []),
    ],
)
def test_what_is_right_comes_as_a_list(hook: str, given: Any, found: Any) -> None:
    """However it was given; None is nothing."""
    assert validate_hook_result(hook, given, "here") == found


def test_what_the_contract_asks_for_is_right() -> None:
    """Objects of the classes that it names, and what looks like the others."""
    stage = changed(after=["trim"], deadline=1)
    assert validate_hook_result("stages", [stage], "here") == [stage]
    assert validate_hook_result("summarisers", [stage], "here") == [stage]
    assert len(validate_hook_result("dialects", bundled_dialects(), "here")) == len(bundled_dialects())


async def waits(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("hook", "given", "said"),
    [
        ("prices", [1], "it gave [1]"),
        ("translators", [len], "is no Translator"),
        ("translators", [Translator("gemini", "chat", dict)], "source = 'gemini': one of messages, chat, responses"),  # type: ignore[arg-type]
        ("translators", [Translator("chat", "chat", dict)], "from chat to the same"),  # type: ignore[arg-type]
        ("translators", [Translator("chat", "messages", 7)], "7 can not be called"),  # type: ignore[arg-type]
        ("prices", {1: {}}, "1 is no provider's name"),
        ("compressors", len, "it gave <built-in function len>"),
        ("compressors", {"a": len}, "it gave {'a'"),
        ("compressors", [3], "3 can not be called"),
        ("compressors", [int], "<class 'int'> is a class; an object of it was expected"),
        ("taggers", [lambda text, known: []], "has no name"),
        ("recall_sources", [lambda question: []], "has no name"),
        ("embedders", [object], "is a class"),
        ("embedders", [object()], "has no name"),
        ("compressors", [lambda: None], "does not take the one argument it gets"),
        ("redactors", [waits], "is async"),
        ("redactors", "text", "it gave 'text'"),
        ("summarisers", 3, "it gave 3"),
        ("summarisers", object(), "it gave <object object"),
        ("summarisers", [waits], "has no name"),
        ("summarisers", [Named], "is a class"),
        ("summarisers", [changed(name=3)], "has no name"),
        ("stages", Named, "it gave <class"),
        ("stages", [Named], "is a class; an object of it was expected"),
        ("stages", [object()], "is no Stage"),
        ("stages", [changed(name="")], "has no name"),
        ("stages", [changed(after="trim")], "stage 'mine': after = 'trim': a tuple of names was expected"),
        ("stages", [changed(deadline="1 s")], "stage 'mine': deadline = '1 s': seconds above 0"),
        ("stages", [changed(deadline=0)], "deadline = 0: seconds above 0"),
        ("stages", [changed(on_parts=print)], "stage 'mine': on_parts is called on_services now"),
        ("stages", [changed(take_over=print)], "stage 'mine': take_over is called migrate_from now"),
        ("dialects", [object()], "is no Dialect"),
        ("commands", 3, "it gave 3"),
        ("compressors", [NoRepr()], "NoRepr"),
    ],
)
def test_what_is_wrong_is_named(hook: str, given: Any, said: str) -> None:
    """Who gave it, by which hook, what was expected, and what it was."""
    with pytest.raises(PluginError) as caught:
        validate_hook_result(hook, given, "plugin 'mine' (mine.py)")
    assert str(caught.value).startswith(f"plugin 'mine' (mine.py): {hook}() is to give ")
    assert said in str(caught.value)


def test_a_dialect_that_sets_breakpoints_by_the_old_name_is_told() -> None:
    """Its breakpoints would never be set, and nobody would know."""
    dialect = bundled_dialects()[0]
    vars(dialect)["mark"] = print
    with pytest.raises(PluginError, match="mark is called set_breakpoint now"):
        validate_hook_result("dialects", [dialect], "here")


def test_a_dialect_has_a_name_and_a_provider() -> None:
    """Events and prices go by them."""
    dialect = bundled_dialects()[0]
    dialect.provider = ""
    with pytest.raises(PluginError, match="has no provider"):
        validate_hook_result("dialects", [dialect], "here")
