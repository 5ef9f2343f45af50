"""`Tool`: a function that agents call over MCP, programs over HTTP and people on the command line; `Caller`: who calls
it, and the contexts and memory it works on. `Tool.call` raises `InvalidArguments`, which names the parameter, for
arguments that do not fit.

It is written once: its docstring is what an agent reads, its parameters are those of all three.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from penstock.base.errors import PenstockError
from penstock.base.suggest import did_you_mean
from penstock.contexts.contexts import Contexts

if TYPE_CHECKING:
    from penstock.outputs.store import OutputIndex

__all__ = ["Caller", "Effect", "InvalidArguments", "Tool"]

Effect = Literal["reads", "adds", "changes", "deletes"]
"""What a call does: nothing, more of something, something else than before, or less. Clients ask their person by it."""


class InvalidArguments(PenstockError):
    """A tool cannot be called so. `param` is the argument that it is about."""

    def __init__(self, text: str, param: str = "") -> None:
        super().__init__(text)
        self.param = param


@dataclass(frozen=True)
class Caller:
    """Who calls a tool, and what the tool works on."""

    contexts: Callable[[], Contexts]
    """Opened when it is first asked for."""
    memory: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    """Carries a command of the memory out. Raises `PenstockError`."""
    store: Path | None = None
    """The file of the proxy's events; None: that of this machine's proxy, and of those beside it."""
    workspace: str = "default"
    by: str = "owner"
    """Whom the history of contexts names."""
    project: str = ""
    """The project that is meant if the caller names none."""
    outputs: Callable[[], OutputIndex] | None = None
    """The index of tool outputs, opened when it is first asked for. None: the caller has none."""
    keep: Callable[[str, str], str] = lambda _text, _why: "it is kept nowhere"
    """Stores a text, with why it was left out of an answer, so that `expand` shows it. Returns why it could not be
    stored; empty when it was."""


@dataclass(frozen=True)
class Tool:
    """A function whose first parameter is the `Caller`; the others are named arguments that JSON can hold. It returns
    a text, or what JSON can hold, and raises `PenstockError` in words for who called."""

    run: Callable[..., Any]
    title: str
    effect: Effect = "reads"
    always_listed: bool = False
    """Clients that look tools up only when they are needed are to show this one all the time."""
    called: str = ""
    """Its name, where that is not the function's."""

    @property
    def name(self) -> str:
        """The name by which it is called."""
        return self.called or self.run.__name__

    @property
    def about(self) -> str:
        """What it does, for an agent."""
        return inspect.cleandoc(self.run.__doc__ or self.title)

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """Its arguments, with their types resolved."""
        hints = get_type_hints(self.run, include_extras=True)
        _, *given = inspect.signature(self.run).parameters.values()
        return [one.replace(annotation=hints[one.name]) for one in given]

    def arguments(self) -> type[BaseModel]:
        """The model of its arguments; unknown ones are refused."""
        fields: dict[str, Any] = {
            one.name: (one.annotation, ... if one.default is one.empty else one.default) for one in self.parameters
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **fields)

    def call(self, caller: Caller, arguments: Mapping[str, Any]) -> Any:
        """Call it. Raises `InvalidArguments`, and what it raises itself."""
        model = self.arguments()
        try:
            given = model.model_validate(dict(arguments))
        except ValidationError as e:
            self.refuse_unknown(arguments)
            raise self.refusal(e) from e
        return self.run(caller, **{name: getattr(given, name) for name in model.model_fields})

    def refuse_unknown(self, arguments: Iterable[str]) -> None:
        """Raises `InvalidArguments` for the first name that no argument has, with the nearest one that has."""
        known = [one.name for one in self.parameters]
        for name in arguments:
            if name not in known:
                raise InvalidArguments(f"{self.name} has no argument {name!r}.{did_you_mean(name, known)}", name)

    def refusal(self, error: ValidationError) -> InvalidArguments:
        """What is wrong with the first argument that does not fit."""
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"])
        return InvalidArguments(f"{self.name}: {param}: {first['msg']}", param)
