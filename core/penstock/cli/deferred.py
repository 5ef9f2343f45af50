"""`add_command` and `add_group`: add Typer commands and groups whose module is imported only when they run, so that
help and shell completion stay quick. `DeferredCommand` and `DeferredGroup` stand for them until then; `NO_NUMBER` is
the value of an option whose number was left out."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

__all__ = ["NO_NUMBER", "DeferredCommand", "DeferredGroup", "add_command", "add_group"]

NO_NUMBER = -1
"""The value of an option whose number was left out."""


class DeferredCommand(TyperCommand):
    """A placeholder for a command that is imported when it runs, is completed or shows its help."""

    home: ClassVar[str]
    """The command's function, as `module:name`."""
    alone: ClassVar[Collection[str]]
    """Options whose number may be left out, which typer does not support."""

    def imported(self) -> Any:
        """The real command, imported."""
        alone = typer.Typer(add_completion=False)
        alone.command(self.name, context_settings=dict(self.context_settings))(_imported(self.home))
        return get_command(alone)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.imported().make_context(info_name, _with_numbers(args, self.alone), parent, **extra)


class DeferredGroup(TyperGroup):
    """A placeholder for a group of commands that is imported when one of them runs, is completed or shows its help."""

    home: ClassVar[str]
    """A `typer.Typer`, or a function that makes it, as `module:name`."""

    def imported(self) -> Any:
        """The real group, imported."""
        found = _imported(self.home)
        group = get_group(found if isinstance(found, typer.Typer) else found())
        group.name = self.name
        return group

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Alone, the group lists its commands, and ends with status 0."""
        group = self.imported()
        alone = [] if group.invoke_without_command else ["--help"]
        return group.make_context(info_name, args or alone, parent, **extra)


def add_command(
    app: typer.Typer,
    name: str,
    home: str,
    help: str,
    *,
    hidden: bool = False,
    settings: dict[str, Any] | None = None,
    alone: Collection[str] = (),
) -> None:
    """Add a command to `app` without importing it. `home`: its function, as `module:name`. `help`: the first paragraph
    of that function's docstring. `settings`: those of its context. `alone`: options whose number may be left out:
    it is `NO_NUMBER` then."""
    cls = type("Deferred", (DeferredCommand,), {"home": home, "alone": alone})
    app.command(name, cls=cls, help=help, hidden=hidden, context_settings=settings)(_run_nothing)


def add_group(app: typer.Typer, name: str, home: str, help: str) -> None:
    """Add a group of commands to `app` without importing it. `home`: a `typer.Typer`, or a function that makes it, as
    `module:name`. `help`: the group's own."""
    app.add_typer(typer.Typer(), name=name, cls=type("Deferred", (DeferredGroup,), {"home": home}), help=help)


def _with_numbers(args: list[str], alone: Collection[str]) -> list[str]:
    """`args`, where an option of `alone` that no number follows has `NO_NUMBER`. What follows `--` is unchanged."""
    end = args.index("--") if "--" in args else len(args)
    out: list[str] = []
    for at, arg in enumerate(args[:end]):
        out.append(arg)
        if arg in alone and not (at + 1 < end and args[at + 1].lstrip("-").isdecimal()):
            out.append(str(NO_NUMBER))
    return out + args[end:]


def _imported(home: str) -> Any:
    module, _, name = home.partition(":")
    return getattr(importlib.import_module(module), name)


def _run_nothing() -> None:
    """What typer wants of each command; never called."""
