"""Writes the sources of the documentation site: the pages beside this file, some of the root, and reference pages made
from the code (commands, profile keys, hooks, fields of events).

`make docs` runs it before the site is built. What it writes is in `build/docs`, and is never committed.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.main import get_command

from penstock.cli.app import build
from penstock.events.event import CLASSES
from penstock.events.kinds import EventKind
from penstock.plugins import hookspecs
from penstock.plugins.manager import Plugins
from penstock.profiles import profile
from penstock.profiles.profile import Profile

__all__ = ["REFERENCES", "main"]

ROOT = Path(__file__).parents[1]
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Pages of the root that are pages of the site, too."""
MADE = "Commands, profile keys, hooks and event fields (made from the code when the site is built)"
"""What the first page says where it has no links to them."""


def main(folder: Path) -> None:
    """Write all sources of the site into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file in folder.rglob("*.md"):
        file.write_text(file.read_text(encoding="utf-8").replace("](../../", "](../"), encoding="utf-8")
    index = folder / "index.md"
    links = " · ".join(f"[{name[:-3].replace('-', ' ').capitalize()}](reference/{name})" for name in REFERENCES)
    index.write_text(index.read_text(encoding="utf-8").replace(MADE, links), encoding="utf-8")
    for name in PAGES:
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        (folder / name).write_text(text, encoding="utf-8")
    os.environ["PENSTOCK_BLOCK_PLUGINS"] = "all"  # what is bundled, whatever this machine has besides
    for name, write in REFERENCES.items():
        (folder / "reference" / name).write_text(write(), encoding="utf-8")


def commands() -> str:
    """Each command with its arguments and options, by topic."""
    lines = ["# Commands", "", "Made from the code. `penstock COMMAND --help` shows the same."]
    panel = ""
    for name, deferred in _group(build()):
        if deferred.hidden:
            continue
        if deferred.rich_help_panel != panel:
            panel = deferred.rich_help_panel
            lines += ["", f"## {panel}"]
        lines += _command(f"penstock {name}", deferred.imported() if hasattr(deferred, "imported") else deferred)
    return "\n".join(lines) + "\n"


def _group(app: Any) -> list[tuple[str, Any]]:
    group: Any = get_command(app)
    return list(group.commands.items())


def _command(name: str, command: Any) -> list[str]:
    lines = ["", f"### {name}", "", inspect.cleandoc(command.help or "")]
    rows = [_parameter(one) for one in command.params if one.name != "help" and not one.hidden]
    if rows:
        lines += ["", "| option | value | default | |", "|---|---|---|---|", *rows]
    for below, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            lines += _command(f"{name} {below}", one)
    return lines


def _parameter(one: Any) -> str:
    is_option = one.opts[0].startswith("-")
    names = [*one.opts, *one.secondary_opts] if is_option else [one.metavar or one.opts[0].upper()]
    kind = "" if getattr(one, "is_flag", False) or not is_option else _type(one.type_descriptor.annotation)
    if one.min is not None or one.max is not None:
        kind += f", {_bound(one.min)} to {_bound(one.max)}"
    default = "" if one.default in (None, "", False) or callable(one.default) else _code(one.default)
    default = "on" if one.default is True else default
    said = (one.help or "") + (f" Variable: `{one.envvar}`." if one.envvar else "")
    return _row(", ".join(map(_code, names)), kind, "required" if one.required else default, said)


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:,}"


def profile_keys() -> str:
    """Each key of a profile, and of the tables of the bundled stages."""
    lines = ["# Profile keys", "", "Made from the code. [Profiles](profiles.md) says how they are used."]
    lines += ["", "## Top level", *_table(Profile), *_tables(Profile)]
    base = profile.load("default")
    everything = base.model_copy(update={"stages": (*base.stages, "keepalive", "learning")})
    for stage in sorted(Plugins.load().stages(everything), key=lambda one: one.name):
        settings = getattr(stage, "settings", None)
        if isinstance(settings, BaseModel):
            lines += ["", f"## `[stage.{stage.name}]`", *_table(type(settings))]
    return "\n".join(lines) + "\n"


def _tables(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            key = f"{above}{name}"
            yield from ("", f"## `[{key}]`", "", inspect.cleandoc(field.annotation.__doc__ or ""))
            yield from _table(field.annotation)
            yield from _tables(field.annotation, f"{key}.")


def _table(model: type[BaseModel]) -> list[str]:
    rows = [
        _row(_code(name), _type(field.annotation), _default(field), field.description or "")
        for name, field in model.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
    ]
    return ["", "| key | value | default | |", "|---|---|---|---|", *rows]


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(list(value) if isinstance(value, tuple) else value)
    return _code(text if len(text) <= 60 else "…") if text else "empty"


def hooks() -> str:
    """Each hook that a plugin may implement."""
    lines = ["# Hooks", "", "Made from the code. [Writing a stage](../how-to/writing-a-stage.md) shows them at work."]
    for name, spec in vars(hookspecs).items():
        if inspect.isfunction(spec) and hasattr(spec, f"{hookspecs.PROJECT}_spec"):
            lines += ["", f"## {name}", "", "```text", f"{name}{inspect.signature(spec)}".replace("'", ""), "```", ""]
            lines.append(inspect.cleandoc(spec.__doc__ or ""))
    return "\n".join(lines) + "\n"


def event_fields() -> str:
    """Each kind of event with the fields of its class."""
    lines = ["# Event fields", "", "Made from the code. [Events](events.md) says what they mean."]
    for kind in EventKind:
        one = CLASSES[kind]
        lines += ["", f"## {kind.value}", "", inspect.cleandoc(one.__doc__ or "")]
        lines += [f"In Python: `{one.__name__}`."]
        said = _field_docs(one)
        rows = [_row(_code(field.name), _type(field.type), said.get(field.name, "")) for field in fields(one)]
        lines += ["", "| field | value | |", "|---|---|---|", *rows] if rows else []
    return "\n".join(lines) + "\n"


def _field_docs(cls: type) -> Mapping[str, str]:
    """The strings below the fields."""
    found = re.findall(r'^    (\w+): [^\n]*\n    """(.*?)"""', inspect.getsource(cls), re.M | re.S)
    return {name: " ".join(text.split()) for name, text in found}


def _type(annotation: Any) -> str:
    if get_origin(annotation) is None and isinstance(annotation, type):
        return _code(annotation.__name__)
    values = [value for one in get_args(annotation) for value in (get_args(one) or (one,)) if value is not type(None)]
    if values and all(isinstance(value, str) for value in values):
        return ", ".join(map(_code, values))
    return _code(re.sub(r"\b(?:[a-z_]+\.)+", "", str(annotation)))


def _code(value: object) -> str:
    return f"`{value}`"


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


REFERENCES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "profile-keys.md": profile_keys,
    "hooks.md": hooks,
    "event-fields.md": event_fields,
}
"""The pages that are made from the code, by the names of their files below `reference`."""

if __name__ == "__main__":
    main(Path(sys.argv[1]))
