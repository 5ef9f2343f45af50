"""`validate_hook_result`: checks what a plugin returns from a hook, by one rule for each hook. Raises `PluginError`,
which names the plugin, the hook and what was expected, so that a wrong result is reported at start-up. Called by
`Plugins`."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable, Mapping
from typing import Any, get_args

from penstock.base.errors import PluginError
from penstock.base.suggest import did_you_mean
from penstock.plugins.stage import Stage

__all__ = ["validate_hook_result"]

_RENAMED_METHODS: Mapping[str, str] = {"on_parts": "on_services", "take_over": "migrate_from"}
"""New names of the methods of a stage, by their old names."""


def validate_hook_result(hook: str, given: Any, where: str) -> Any:
    """The result of a plugin's `hook` as a list (empty for None), or for `prices` a table. Raises `PluginError` with
    `where`, the hook, what was expected and what is wrong, and whatever the plugin's objects raise when examined."""
    expected, fault_of = _SHAPES[hook]
    if hook == "prices":
        found: Any = {} if given is None else given
        said = fault_of(found)
    elif hook == "commands":
        found, said = [], fault_of(given)
    elif isinstance(given, str | bytes | Mapping) or (given is not None and not hasattr(given, "__iter__")):
        found, said = [], _gave(given)
    else:
        found = list(given or ())
        said = next(filter(None, map(fault_of, found)), "")
    if said:
        raise PluginError(f"{where}: {hook}() is to give {expected}: {said}")
    return found


def _stage_fault(one: Any) -> str:
    if inspect.isclass(one):
        return f"{_told(one)} is a class; an object of it was expected"
    if not isinstance(one, Stage):
        return f"{_told(one)} is no Stage"
    if not isinstance(one.name, str) or not one.name:
        return f"{_told(one)} has no name"
    if isinstance(one.after, str) or not all(isinstance(name, str) for name in one.after):
        return f"stage {one.name!r}: after = {one.after!r}: a tuple of names was expected"
    late = one.deadline
    if late is not None and (isinstance(late, bool) or not isinstance(late, int | float) or not late > 0):
        return f"stage {one.name!r}: deadline = {late!r}: seconds above 0, or None, were expected"
    return _method_fault(one)


def _method_fault(stage: Stage) -> str:
    """What is wrong with a stage's methods: one that is async, or has an old or misspelled name, would never run."""
    known = {name for name in vars(Stage) if name.startswith("on_")}
    for name in dir(stage):
        if name in _RENAMED_METHODS and callable(getattr(stage, name)):
            return f"stage {stage.name!r}: {name} is called {_RENAMED_METHODS[name]} now"
        if name.startswith("on_") and name not in known and callable(getattr(stage, name)):
            return f"stage {stage.name!r} has no method {name!r} to offer.{did_you_mean(name, known)}"
        if name in known and inspect.iscoroutinefunction(getattr(stage, name)):
            return f"stage {stage.name!r}: {name} is async; stages run in a thread: write `def {name}`"
    return ""


def _dialect_fault(one: Any) -> str:
    from penstock.dialects.base import Dialect  # not for those who only want `penstock --help`

    if not isinstance(one, Dialect):
        return f"{_told(one)} is no Dialect"
    for key in ("name", "provider"):
        if not isinstance(getattr(one, key, None), str) or not getattr(one, key):
            return f"{_told(one)} has no {key}"
    if callable(getattr(one, "mark", None)):
        return f"dialect {one.name!r}: mark is called set_breakpoint now"
    return ""


def _tool_fault(one: Any) -> str:
    from penstock.plugins.tool import Tool  # brings the contexts along

    if not isinstance(one, Tool):
        return f"{_told(one)} is no Tool"
    if inspect.iscoroutinefunction(one.run):
        return f"tool {one.name!r} is async; it runs in a thread: write `def`"
    if not one.run.__doc__:
        return f"tool {one.name!r} has no docstring: an agent reads it"
    parameters = list(inspect.signature(one.run).parameters.values())
    if not parameters:
        return f"tool {one.name!r} takes no argument; the first is the Caller"
    untyped = [given.name for given in parameters[1:] if given.annotation is given.empty]
    return f"tool {one.name!r}: the argument {untyped[0]!r} has no type" if untyped else ""


def _translator_fault(one: Any) -> str:
    from penstock.plugins.translator import Format, Translator

    if not isinstance(one, Translator):
        return f"{_told(one)} is no Translator"
    formats = get_args(Format)
    for name, said in (("source", one.source), ("target", one.target)):
        if said not in formats:
            return f"a translator has {name} = {_told(said)}: one of {', '.join(formats)} was expected"
    if one.source == one.target:
        return f"a translator is from {one.source} to the same"
    return "" if inspect.isclass(one.translate) else _function_fault(one.translate)


def _function_fault(one: Any, takes: int = 1) -> str:
    if inspect.isclass(one):
        return f"{_told(one)} is a class; an object of it was expected"
    if not callable(one):
        return f"{_told(one)} can not be called"
    if inspect.iscoroutinefunction(one) or inspect.iscoroutinefunction(type(one).__call__):
        return f"{_told(one)} is async; it runs in a thread: write `def`"
    try:
        inspect.signature(one).bind(*[None] * takes)
    except TypeError as e:
        return f"{_told(one)} does not take the {'one argument' if takes == 1 else f'{takes} arguments'} it gets: {e}"
    except ValueError:  # written in C: it does not say what it takes
        return ""
    return ""


def _summariser_fault(one: Any) -> str:
    return (
        _function_fault(one) if inspect.isclass(one) or not callable(one) else _named_fault(one) or _function_fault(one)
    )


def _recall_source_fault(one: Any) -> str:
    return _named_fault(one) or _function_fault(one)


def _tagger_fault(one: Any) -> str:
    return _named_fault(one) or _function_fault(one, takes=2)


def _embedder_fault(one: Any) -> str:
    fault = _named_fault(one)
    dimension = getattr(one, "dimension", None)
    if not fault and (not isinstance(dimension, int) or isinstance(dimension, bool) or dimension < 1):
        return f"{_told(one)}: dimension = {dimension!r}: a whole number above 0 was expected"
    return fault or ("" if callable(getattr(one, "embed", None)) else f"{_told(one)} has no method embed")


def _server_fault(one: Any) -> str:
    lacks = [name for name in ("start", "stop") if not callable(getattr(one, name, None))]
    fault = _named_fault(one)
    if not fault and not isinstance(getattr(one, "about", None), str):
        fault = f"{_told(one)} has no about"
    return fault or (f"{_told(one)} has no method {lacks[0]}" if lacks else "")


def _named_fault(one: Any) -> str:
    if inspect.isclass(one):
        return f"{_told(one)} is a class; an object of it was expected"
    return "" if isinstance(getattr(one, "name", None), str) and one.name else f"{_told(one)} has no name"


def _prices_fault(given: Any) -> str:
    if not isinstance(given, Mapping):
        return _gave(given)
    return next((f"{_told(name)} is no provider's name" for name in given if not isinstance(name, str)), "")


def _nothing_fault(given: Any) -> str:
    return "" if given is None else _gave(given)


def _gave(given: Any) -> str:
    return f"it gave {_told(given)}"


def _told(value: Any) -> str:
    """A short form of `value`, whatever its `__repr__` does."""
    return _REPR.repr(value)


_REPR = reprlib.Repr()
_REPR.maxother = _REPR.maxstring = 80
_SHAPES: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "stages": ("a list of stages (objects of `penstock.Stage`)", _stage_fault),
    "dialects": ("a list of dialects (objects of `penstock.dialects.base.Dialect`)", _dialect_fault),
    "compressors": ("a list of functions that take a ToolOutput", _function_fault),
    "summarisers": ("a list of objects with a name that can be called with a Segment", _summariser_fault),
    "embedders": ("a list of objects with a name, a dimension and a method embed", _embedder_fault),
    "recall_sources": (
        "a list of objects with a name that can be called with a RecallQuestion",
        _recall_source_fault,
    ),
    "taggers": ("a list of objects with a name that can be called with a text and the tags in use", _tagger_fault),
    "tools": ("a list of tools (objects of `penstock.Tool`)", _tool_fault),
    "redactors": ("a list of functions that take a text", _function_fault),
    "analysers": ("a list of functions that take a text", _function_fault),
    "translators": ("a list of translators (objects of `penstock.Translator`)", _translator_fault),
    "prices": ("a table by provider, {provider: {model: {figure: number}}}", _prices_fault),
    "servers": ("a list of objects with a name, an about, and methods start and stop", _server_fault),
    "commands": ("nothing: it adds its commands to `app`", _nothing_fault),
}
"""By hook: what it must return, in words, and the function that says what is wrong with such a value (empty:
nothing)."""
