"""`tool_app`: `penstock tool`, with every tool as a command, and its arguments as options."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic.fields import FieldInfo

from penstock.base import paths
from penstock.cli.store_option import store_option
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Retention
from penstock.control.client import open_client
from penstock.identify.working_directory import project_of_folder
from penstock.outputs.store import OutputIndex
from penstock.plugins.tool import Caller, Tool
from penstock.profiles.profile import in_use, service_in_use
from penstock.tools.output_search import keep_output
from penstock.tools.table import all_tools

__all__ = ["tool_app"]


Store = Annotated[Path | None, store_option("The proxy's store. That of this machine when not given.")]
Workspace = Annotated[str, typer.Option("--workspace", help="The workspace of contexts.")]
Project = Annotated[str, typer.Option("--project", help="Whose memory. That of this folder when not given.")]


def tool_app() -> typer.Typer:
    """The commands of all tools, those of plugins included."""
    app = typer.Typer(
        no_args_is_help=True, help="Call a tool that agents have over MCP: the same arguments and answers."
    )
    for tool in all_tools().values():
        app.command(tool.name, help=tool.about, short_help=tool.title)(_command(tool))
    return app


def _command(tool: Tool) -> Callable[..., None]:
    fields = tool.arguments().model_fields

    def command(**given: Any) -> None:
        store, workspace, project = (given.pop(name) for name in ("_store", "_workspace", "_project"))
        arguments = {name: _value(text, fields[name].annotation) for name, text in given.items() if text is not None}
        with _caller(store, workspace, project) as caller:
            answer = tool.call(caller, arguments)
        typer.echo(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, indent=1))

    described: Any = command
    described.__signature__ = inspect.Signature(
        [*(_option(name, field) for name, field in fields.items()), *_OWN], return_annotation=None
    )
    return command


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    option = typer.Option(
        f"--{name.replace('_', '-')}",
        help=field.description,
        metavar="TEXT" if _is_text(field.annotation) else "JSON",
        show_default=False,
    )
    kind = inspect.Parameter.KEYWORD_ONLY
    if field.is_required():
        return inspect.Parameter(name, kind, annotation=Annotated[str, option])
    return inspect.Parameter(name, kind, annotation=Annotated[str | None, option], default=None)


_OWN = [
    inspect.Parameter("_store", inspect.Parameter.KEYWORD_ONLY, annotation=Store, default=None),
    inspect.Parameter("_workspace", inspect.Parameter.KEYWORD_ONLY, annotation=Workspace, default="default"),
    inspect.Parameter("_project", inspect.Parameter.KEYWORD_ONLY, annotation=Project, default=""),
]


@contextmanager
def _caller(store: Path | None, workspace: str, project: str) -> Iterator[Caller]:
    where = (store or paths.store_path()).expanduser().absolute()
    opened: list[Contexts | OutputIndex] = []

    def contexts() -> Contexts:
        opened.append(kept := Contexts.beside(where, retention=Retention.of(service_in_use())))
        return kept

    def outputs() -> OutputIndex:
        opened.append(index := OutputIndex.beside(where))
        return index

    def memory(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        with open_client(where, in_use) as client:
            return client.do(command, arguments)

    whose = project or in_use().memory.project or project_of_folder(Path.cwd()) or ""
    try:
        keep = partial(keep_output, store, outputs, whose)
        yield Caller(contexts, memory, store, workspace, project=whose, outputs=outputs, keep=keep)
    finally:
        for one in opened:
            one.close()


def _is_text(annotation: Any) -> bool:
    return annotation is str or str in get_args(annotation)


def _value(text: str, annotation: Any) -> Any:
    """The value of an option: a text if the argument is one, else JSON; invalid JSON counts as a text."""
    if _is_text(annotation):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
