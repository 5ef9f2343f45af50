"""The commands `penstock context put`, `get`, `list`, `search`, `watch` and others: they call a running service, and
print its answers. Raises `PenstockError` for a file that cannot be read or a value that is no JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, plural, printable
from penstock.cli.numbers import finite
from penstock.cli.text_input import given_text, read_stdin
from penstock.client import Client, Context, Hit
from penstock_service.cli.options import AsJson, ServiceStore, Url, Workspace
from penstock_service.cli.transfer import export, import_

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Keep named JSON values for programs and agents, with versions: put, get, search and watch them. Asks the "
    "service (`penstock serve`).",
)

_SHOWN = 40
"""Characters of a value that a hint shows."""
Key = Annotated[str, typer.Argument(help="The name: segments joined by /, such as plan/api.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag; several times for several.")]

app.command("export")(export)
app.command("import")(import_)


@app.command()
def put(
    key: Key,
    value: Annotated[str, typer.Argument(help="JSON, or words, which are kept as a text; - reads stdin.")] = "-",
    file: Annotated[Path | None, typer.Option(help="Read the value from this file; - reads stdin.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Keep the value as a text, also if it is JSON.")] = False,
    ttl: Annotated[
        float | None,
        typer.Option(help="Seconds until it ends; 0: no end. A new one lasts 24 hours.", callback=finite),
    ] = None,
    tag: Tags = None,
    seal: Annotated[
        bool | None, typer.Option("--seal/--no-seal", help="Encrypt all its versions on disk; or no longer.")
    ] = None,
    expect: Annotated[int | None, typer.Option(help="Only when it has this version; 0: when there is none.")] = None,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
    as_json: AsJson = False,
) -> None:
    """Keep a value under a key: version 1, or one more.

    What begins with { or [ and is not JSON is refused, from a file and stdin, too: --text keeps it as a text.
    """
    given = _read(file) if file is not None else read_stdin() if value == "-" else given_text(value, "the value")
    data = given if text else _value(given)
    with _client(url, workspace, store) as client:
        _print_head(client.put(key, data, ttl=ttl, tags=tag, seal=seal, expected=expect), as_json)


@app.command()
def get(
    key: Key,
    version: Annotated[int | None, typer.Option(help="An older version.")] = None,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
    as_json: Annotated[bool, typer.Option("--json", help="With version, tags and times.")] = False,
) -> None:
    """Print a value, as JSON."""
    with _client(url, workspace, store) as client:
        found = client.get(key, version)
    _print_json(asdict(found) if as_json else found.data)


@app.command("list")
def list_(
    prefix: Annotated[str, typer.Argument(help="Only keys that begin so.")] = "",
    tag: Annotated[str, typer.Option(help="Only with this tag.")] = "",
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
    as_json: AsJson = False,
) -> None:
    """List contexts, without their values."""
    with _client(url, workspace, store) as client:
        found = list(client.list(prefix, tag=tag))
    if as_json:
        _print_json([_head(one) for one in found])
        return
    rows = [[one.key, f"v{one.version}", f"{one.size:,} B", one.updated_at, " ".join(one.tags)] for one in found]
    _print_rows(rows, "No contexts.")


@app.command()
def history(
    key: Key, url: Url = None, store: ServiceStore = None, workspace: Workspace = "default", as_json: AsJson = False
) -> None:
    """List the versions that are kept, the newest first."""
    with _client(url, workspace, store) as client:
        found = client.versions(key)
    if as_json:
        _print_json(found)
        return
    _print_rows(
        [[f"v{v['version']}", v["at"], v["by"], v["change"], f"{v['size']:,} B"] for v in found], "No versions."
    )


@app.command()
def rollback(
    key: Key,
    to: Annotated[int, typer.Argument(help="The version whose value is to be the newest again.")],
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
    as_json: AsJson = False,
) -> None:
    """Make the value of an older version the newest, as a version of its own."""
    with _client(url, workspace, store) as client:
        _print_head(client.rollback(key, to), as_json)


@app.command()
def delete(
    key: Key,
    purge: Annotated[bool, typer.Option(help="For good, with all versions.")] = False,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
) -> None:
    """Take a context away. Within 30 days `undelete` brings it back."""
    with _client(url, workspace, store) as client:
        client.delete(key, purge=purge)
    typer.echo(f"{key} is deleted{', for good' if purge else ''}.")


@app.command()
def undelete(
    key: Key, url: Url = None, store: ServiceStore = None, workspace: Workspace = "default", as_json: AsJson = False
) -> None:
    """Bring back what was deleted or has ended within the last 30 days. It then lasts 24 hours."""
    with _client(url, workspace, store) as client:
        _print_head(client.undelete(key), as_json)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words; contexts with any of them are found.")],
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
    as_json: AsJson = False,
) -> None:
    """Find contexts by the words in their key, tags and value."""
    with _client(url, workspace, store) as client:
        found: list[Hit] = client.search(query, limit=limit)
    if as_json:
        _print_json([asdict(hit) for hit in found])
        return
    for hit in found:
        typer.echo(f"{hit.key}  v{hit.version}\n    {printable(hit.excerpt)}")
    if not found:
        typer.echo("Nothing found.", err=True)


@app.command()
def watch(
    prefix: Annotated[str, typer.Argument(help="Only keys that begin so.")] = "",
    after: Annotated[str | None, typer.Option(help="From this cursor on; from now when not given.")] = None,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print changes as they happen, until Ctrl-C."""
    with _client(url, workspace, store) as client:
        for change in client.changes(prefix, after):
            said = f"{change.at}  {change.kind:<8}  {change.key}  v{change.version}  by {printable(change.by)}"
            typer.echo(json.dumps(asdict(change)) if as_json else said)


def _client(url: str | None, workspace: str, store: Path | None) -> Client:
    return Client(url, workspace=workspace, store=store)


def _value(text: str) -> Any:
    """`text` as JSON, or itself; with a hint where it begins as a string of JSON does. Raises `PenstockError` if it
    begins as an object or a list does and is neither: it would take the place of a value that programs can read. So do
    NaN and Infinity, which Python alone takes for numbers of JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as e:
        shown, first = printable(text[:_SHOWN]), text.lstrip()[:1]
        if first in ("{", "["):
            raise PenstockError(f"{shown!r} is no JSON: {e}. Mend it there; --text keeps it as a text") from e
        if first == '"':
            typer.echo(
                f"{shown!r} is no JSON ({e}), and is kept as a text: --text does so without this hint.", err=True
            )
        return text


def _refuse_constant(name: str) -> None:
    raise PenstockError(f"{name} is no number of JSON. null says that there is none; --text keeps it as a text")


def _read(file: Path) -> str:
    if str(file) == "-":
        return read_stdin()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise PenstockError(f"{file} cannot be read: {e}") from e


def _head(one: Context) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "data"}


def _print_head(one: Context, as_json: bool) -> None:
    if as_json:
        _print_json(_head(one))
        return
    lasts = f"until {one.expires_at}" if one.expires_at else "without an end"
    sealed = ", sealed" if one.sealed else ""
    typer.echo(f"{one.key} has version {one.version}, {plural(one.size, 'byte')}, {lasts}{sealed}.")


def _print_json(answer: Any) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))


def _print_rows(rows: list[list[str]], nothing: str) -> None:
    if not rows:
        typer.echo(nothing, err=True)
        return
    for line in columns([[printable(cell) for cell in row] for row in rows], len(rows[0])):
        typer.echo(line)
