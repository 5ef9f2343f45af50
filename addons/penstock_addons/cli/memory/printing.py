"""What commands of many kinds use to print: `confirmed` asks the user, and ends the command if the answer is not yes;
`only` prints remarks to stderr, `as_json` prints JSON; `shortened` and `short_project` shorten names. For memories:
`line` and `full` format one, with control characters escaped, `summary_part` a part of a tag's summary, `size` a number
of bytes, `process` the state of the vector process."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from penstock.base.format import moment, printable

__all__ = [
    "as_json",
    "confirmed",
    "full",
    "line",
    "only",
    "process",
    "short_project",
    "shortened",
    "size",
    "summary_part",
]

_ROLES = {"assistant": "agent", "user": "you", "tool": "done"}
_LEAST = 30


def as_json(found: object) -> None:
    """Print `found` as JSON, for other programs."""
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))


def line(item: dict[str, Any], *, project: bool = False) -> str:
    """A memory in one line: id, time, speaker, the beginning of its text."""
    when = moment(item["at"]) if item["at"] else " " * 16
    marks = _marks(item)
    where = f"{short_project(item['project'])}  " if project else ""
    head = f"{item['id']}  {when}  {_role(item):<6} {where}{marks}"
    room = max(_LEAST, shutil.get_terminal_size((120, 24)).columns - len(head))
    text = printable(" ".join(item["text"].split()))
    return head + (text if len(text) <= room else text[: room - 1] + "…")


def summary_part(part: dict[str, Any]) -> str:
    """What a summary took from one memory: id, time, speaker, then the sentences."""
    when = moment(part["at"]) if part["at"] else " " * 16
    said = [f"  {printable(sentence)}" for sentence in part["sentences"]]
    return "\n".join([typer.style(f"{part['id']}  {when}  {_role(part)}", dim=True), *said])


def full(item: dict[str, Any]) -> str:
    """Format a memory with its whole text, for the terminal."""
    rows = {
        "id": item["id"],
        "project": printable(item["project"]),
        "session": printable(item["session"] or "-") + (f"  ({printable(item['label'])})" if item["label"] else ""),
        "said": f"{moment(item['at']) if item['at'] else 'at an unknown time'}, by {_role(item)}",
        "marks": _marks(item).strip() or "none",
        "until": moment(item["expires_at"]) if item["expires_at"] and not item["pinned"] else "for good",
    }
    head = "\n".join(f"{typer.style(f'{name:<8}', dim=True)} {value}" for name, value in rows.items())
    body = "\n".join(printable(row.expandtabs()) for row in item["text"].split("\n"))
    return f"{head}\n\n{textwrap.indent(body, '  ')}"


def short_project(name: str) -> str:
    """The last parts of a project's path."""
    return printable(name.rstrip("/").rpartition("/")[2] or name)


def shortened(text: str, room: int) -> str:
    """`text` in at most `room` characters: its beginning and its end, as the end of a path says more."""
    if len(text) <= room:
        return text
    head = (room - 1) // 3
    return f"{text[:head]}…{text[head - room + 1 :]}"


def confirmed(question: str) -> None:
    """Ask for confirmation. Without a terminal, say how to skip the question."""
    try:
        is_wanted = typer.confirm(question)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo()
        only(["nothing was done: stdin is not a terminal, so there is no one to confirm; --yes does not ask"])
        raise typer.Exit(1) from None
    if not is_wanted:
        raise typer.Abort


def size(count: int) -> str:
    """Format a number of bytes with a unit."""
    return f"{count / (1 << 20):,.1f} MB"


def process(vectors: Mapping[str, Any]) -> str:
    """The process of the vector index in words: its id and memory use, how often it failed, and why."""
    pid, memory = vectors.get("pid"), int(vectors.get("memory") or 0)
    said = "not running" if pid is None else f"in process {pid}, {size(memory) if memory else 'memory unknown'}"
    again = int(vectors.get("starts") or 0) - 1
    failed = f", started again {again:,} times" if again > 0 else ""
    fault = printable(str(vectors.get("fault") or ""))
    return f"{said}{failed}{f' ({fault})' if fault else ''}"


def only(texts: Sequence[str]) -> None:
    """Print remarks to stderr, apart from the output itself."""
    for text in texts:
        typer.echo(f"penstock: {text}", err=True)


def _role(item: dict[str, Any]) -> str:
    return printable(_ROLES.get(item["role"], item["role"]))


def _marks(item: dict[str, Any]) -> str:
    marks = ["pinned"] * item["pinned"]
    marks += [f"+{item['helpful']}"] * bool(item["helpful"]) + [f"-{item['wrong']}"] * bool(item["wrong"])
    return f"[{' '.join(marks)}] " if marks else ""
