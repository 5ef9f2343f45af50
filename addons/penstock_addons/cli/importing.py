"""`penstock import` (`import_`): reads transcripts of past Claude Code and Codex sessions by `penstock.transcripts`,
adds what users said and the agent's final answers to the memory, and reports what could not be read. It can be stopped
by Ctrl-C and run again: what is known already is not added twice. Raises `PenstockError` if there is no transcript."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from penstock.base.errors import PenstockError
from penstock.base.format import plural, printable
from penstock.base.validation import validate_table
from penstock.cli.store_option import StoreOption
from penstock.identify.working_directory import project_of_folder
from penstock.profiles.envelope_rules import Stripper, envelope_settings
from penstock.profiles.profile import Profile, in_use
from penstock_addons.cli.memory.client import MemoryClient, chosen_project, open_memory
from penstock_addons.cli.memory.printing import confirmed, only

if TYPE_CHECKING:
    from penstock.memory.text_kind import MessageFilter

__all__ = ["import_"]

_DAY = 86_400.0
_PIECE = 100
_PIECE_CHARS = 1_000_000
"""Of one command: what goes over the control channel has a limit."""
_NAMED = 5
"""Of files, and of lines in each."""
_INTERRUPTED = 130


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

    Secrets of known shapes are taken out, and short assents left out, as of what comes by; of a very long message its
    beginning is kept. Said again, it adds what is new.

    Lines that cannot be read are named and passed over. It ends with status 0 when the rest was taken, and with 1 when
    a file could not be read at all, or when there was nothing to take in the files named.
    """
    files = _files(places or [], yes=yes)
    with open_memory(store, mends=True) as memory:
        how = _How.of(in_use(), chosen_project(memory, project) or "" if project else "")
        done = _imported(memory, files, how)
    typer.echo(
        f"{plural(done.new, 'message')} remembered, {done.known:,} known already, from "
        f"{plural(done.sessions, 'session')} in {plural(len(done.projects), 'project')}."
    )
    only(done.faults())
    if done.is_ended:
        raise typer.Exit(_INTERRUPTED)
    if done.unread or (places and not done.taken):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _How:
    """The options that hold for all files of an import."""

    project: str
    """Empty: the one that each names."""
    strip: Stripper
    message_filter: MessageFilter
    expires_at: float

    @classmethod
    def of(cls, profile: Profile, project: str) -> _How:
        """The options as the memory stage would use them under this profile."""
        from penstock.memory.text_kind import MessageFilter

        message_filter = validate_table(MessageFilter, profile.settings_of("memory"), f"{profile.where}: stage.memory.")
        expires_at = time.time() + profile.memory.expiry_days * _DAY
        return cls(project, envelope_settings(profile).stripper(), message_filter, expires_at)


@dataclass
class _Done:
    """The result of an import: counts and faults."""

    new: int = 0
    known: int = 0
    sessions: int = 0
    taken: int = 0
    """Messages that there were, new or not."""
    projects: set[str] = field(default_factory=set)
    broken: dict[Path, list[int]] = field(default_factory=dict)
    """Numbers of the lines that could not be read."""
    cut: dict[Path, int] = field(default_factory=dict)
    """How many messages were longer than what is kept of one."""
    homeless: list[str] = field(default_factory=list)
    """Transcripts that name no folder."""
    unread: list[str] = field(default_factory=list)
    is_ended: bool = False
    """By a person, before it was done."""

    def faults(self) -> list[str]:
        """What could not be read, in words, each with its file and lines."""
        out = list(self.unread)
        if self.broken:
            lines = plural(sum(map(len, self.broken.values())), "line")
            out.append(f"{lines} could not be read" + _listed(f"{f}: {_lines(n)}" for f, n in self.broken.items()))
        if self.cut:
            texts = plural(sum(self.cut.values()), "message")
            out.append(
                f"of {texts} too long the beginning was kept" + _listed(f"{f}: {n}" for f, n in self.cut.items())
            )
        if self.homeless:
            some = plural(len(self.homeless), "transcript")
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
        confirmed(f"Take {plural(len(files), 'transcript')} from {listed} into memory?")
    return files


def _imported(memory: MemoryClient, files: Sequence[Path], how: _How) -> _Done:
    done = _Done()
    with Progress(disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("importing", total=sum(_size(file) for file in files))
        for file in files:
            try:
                pieces = list(_pieces(_read(file, how, done)))
                for piece in pieces:
                    answer = memory.do("add", {"items": piece})
                    done.new, done.known = done.new + answer["new"], done.known + answer["known"]
                    bar.advance(task, _size(file) / len(pieces))
            except KeyboardInterrupt:
                only([f"ended at {file}; said again, it goes on where it was"])
                done.is_ended = True
                break
            bar.advance(task, 0 if pieces else _size(file))
    return done


def _read(file: Path, how: _How, done: _Done) -> list[dict[str, Any]]:
    """The items of one transcript, in the form in which they are sent to the memory."""
    from penstock.control.memory_json import shown
    from penstock.transcripts import read
    from penstock.transcripts.items import items_of

    try:
        transcript = read(file)
    except PenstockError as e:
        done.unread.append(str(e))
        return []
    if transcript.broken:
        done.broken[file] = transcript.broken
    name = how.project or project_of_folder(transcript.folder)
    if transcript.is_aside or not transcript.said:
        return []
    if not name:
        done.homeless.append(str(file))
        return []
    items, cut = items_of(
        transcript, name, strip=how.strip, message_filter=how.message_filter, expires_at=how.expires_at
    )
    if cut:
        done.cut[file] = cut
    done.taken += len(items)
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


def _lines(numbers: Sequence[int]) -> str:
    """line 3; lines 3, 8 and 12; lines 1, 2, 3, 4, 5 and 40 more."""
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    shown = numbers[: _NAMED if len(numbers) > _NAMED else -1]
    last = f"{len(numbers) - _NAMED:,} more" if len(numbers) > _NAMED else str(numbers[-1])
    return f"lines {', '.join(map(str, shown))} and {last}"


def _listed(places: Iterable[str]) -> str:
    """One line for each file."""
    named = list(places)
    more = [f"and {plural(len(named) - _NAMED, 'more file')}"] if len(named) > _NAMED else []
    return ":" + "".join(f"\n  {printable(place)}" for place in [*named[:_NAMED], *more])


def _some(places: Sequence[str]) -> str:
    more = f", and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return ", ".join(places[:_NAMED]) + more
