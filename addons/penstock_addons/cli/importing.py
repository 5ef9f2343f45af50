"""`penstock import`: what Claude Code and Codex wrote down, into memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from penstock.envelope import settings_of
from penstock.errors import PenstockError
from penstock.projects import project_of_folder
from penstock.redact import redact
from penstock_addons.cli.memory.looking import StoreOption
from penstock_addons.cli.memory.printing import counted, only
from penstock_addons.cli.memory.reach import Reached, chosen_project, profile_in_use, reached

__all__ = ["import_"]

_DAY = 86_400.0
_PIECE = 100
_PIECE_CHARS = 1_000_000
"""Of one command: what goes over the control channel has a limit."""
_NAMED = 5


def import_(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Transcripts, or folders of them. What Claude Code and Codex keep in your home when not given.",
            metavar="PATH",
        ),
    ] = None,
    project: Annotated[
        str, typer.Option("--project", "-p", help="Remember it for this project, not for the folder each names.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Take past sessions of Claude Code and Codex into memory: what people said, and the agent's final answers.

    Secrets of known shapes are taken out. Said again, it adds what is new.
    """
    files = _files(places or [], yes=yes)
    with reached(store, mends=True) as memory:
        done = _imported(memory, files, chosen_project(project) or "" if project else "")
    typer.echo(
        f"{counted(done.new, 'message')} remembered, {done.known:,} known already, from "
        f"{counted(done.sessions, 'session')} in {counted(len(done.projects), 'project')}."
    )
    only(done.faults())


@dataclass
class _Done:
    """What came of an import."""

    new: int = 0
    known: int = 0
    sessions: int = 0
    projects: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    """Lines that could not be read."""
    homeless: list[str] = field(default_factory=list)
    """Transcripts that name no folder."""
    unread: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """In words, each with its place."""
        out = list(self.unread)
        if self.broken:
            out.append(f"{counted(len(self.broken), 'line')} could not be read: {_some(self.broken)}")
        if self.homeless:
            some = counted(len(self.homeless), "transcript")
            out.append(f"{some} left out that name no folder (--project takes them in): {_some(self.homeless)}")
        return out


def _files(places: Sequence[Path], *, yes: bool) -> list[Path]:
    from penstock.transcripts import found, homes

    where = [place.expanduser() for place in places] or homes()
    if not where:
        raise PenstockError("neither Claude Code nor Codex keeps transcripts in this home: name a file or a folder")
    files = found(where)
    if not files:
        raise PenstockError(f"no transcript (*.jsonl) is in {', '.join(map(str, where))}")
    if not places and not yes:
        listed = " and ".join(map(str, where))
        typer.confirm(f"Take {counted(len(files), 'transcript')} from {listed} into memory?", abort=True)
    return files


def _imported(memory: Reached, files: Sequence[Path], project: str) -> _Done:
    done = _Done()
    with Progress(disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("importing", total=sum(_size(file) for file in files))
        for file in files:
            try:
                for piece in _pieces(_read(file, project, done)):
                    answer = memory.do("add", {"items": piece})
                    done.new, done.known = done.new + answer["new"], done.known + answer["known"]
            except KeyboardInterrupt:
                only([f"ended at {file}; said again, it goes on where it was"])
                break
            bar.advance(task, _size(file))
    return done


def _read(file: Path, project: str, done: _Done) -> list[dict[str, Any]]:
    """The items of one transcript, as they are sent."""
    from penstock.memory.shown import shown
    from penstock.transcripts import read
    from penstock.transcripts.items import items_of

    try:
        transcript = read(file)
    except PenstockError as e:
        done.unread.append(str(e))
        return []
    done.broken += [f"{file}:{number}" for number in transcript.broken]
    name = project or project_of_folder(transcript.folder)
    if transcript.is_aside or not transcript.said:
        return []
    if not name:
        done.homeless.append(str(file))
        return []
    profile = profile_in_use()
    items = items_of(
        transcript,
        name,
        strip=settings_of(profile).stripper(),
        clean=lambda text: redact(text).strip(),  # memory cleans once more, by what plugins know too
        expires_at=time.time() + profile.memory.expiry_days * _DAY,
    )
    if items:
        done.sessions += 1
        done.projects.add(name)
    return [shown(item) for item in items]


def _pieces(items: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    room = _PIECE_CHARS
    for item in items:
        if piece and (len(piece) == _PIECE or room < len(item["text"])):
            yield piece
            piece, room = [], _PIECE_CHARS
        piece.append(item)
        room -= len(item["text"])
    if piece:
        yield piece


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _some(places: Sequence[str]) -> str:
    more = f", and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return ", ".join(places[:_NAMED]) + more
