"""`penstock replay` (`replay`): sends a file of prompts through the whole pipeline as one conversation, offline or to
an address, and prints tags, recall, edits, time and money of each. Raises `PenstockError` if the replay fails; Ctrl+C
ends it with what was done so far."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import columns, lasted, percent, printable, signed
from penstock.cli import completion
from penstock.cli.numbers import between
from penstock.cli.store_option import store_option
from penstock.profiles import profile as profiles

if TYPE_CHECKING:
    from penstock.replay.prompt_replay import Played, PromptReplay
    from penstock.replay.runner import Runner

__all__ = ["replay"]

WIDE = 34
"""Characters of a prompt in the table."""
LONGEST_S = 31_536_000
"""Seconds between two prompts: a year."""
WIDEST = 1_000_000_000
"""Tokens of a window."""


def replay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Prompts, one a line; # begins a comment.", metavar="PROMPTS")],
    profile: Annotated[
        str,
        typer.Option(help="A profile's name or file.", metavar="NAME|FILE", autocompletion=completion.profiles),
    ] = "default",
    model: Annotated[
        str, typer.Option(help="The model that is asked.", autocompletion=completion.models)
    ] = "claude-sonnet-5-5",
    api: Annotated[str, typer.Option(help="anthropic or openai. By the model's name when not given.")] = "",
    store: Annotated[
        Path | None, store_option("Keep the log here, for `penstock tui --store`. With --to: the log of that proxy.")
    ] = None,
    gap: Annotated[
        float,
        typer.Option(
            help="Seconds that seem to pass between two prompts: 0 to a year.", callback=between(0, LONGEST_S)
        ),
    ] = 60.0,
    window: Annotated[
        int, typer.Option(help="Tokens the model's window is taken to have. 0: as many as it has.", min=0, max=WIDEST)
    ] = 0,
    to: Annotated[
        str, typer.Option(help="Send them for real, with your own key: to a proxy, or a provider.", metavar="URL")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Send a file of prompts through the whole pipeline, as one conversation: tags, recall, edits, time, money.

    Nothing leaves this machine: a stand-in answers, and store and memory are of this replay alone. With --to each
    prompt is sent for real, with the key in ANTHROPIC_API_KEY or OPENAI_API_KEY. Ctrl-C ends it; what was done stays.
    """
    from penstock.replay.prompt_replay import PromptReplay
    from penstock.replay.prompts import read_prompts

    dialects = {"": "", "anthropic": "anthropic", "openai": "openai-chat"}
    if api not in dialects:
        raise typer.BadParameter("anthropic or openai was expected", param_hint="--api")
    prompts = read_prompts(file)
    for remark in prompts.remarks:
        typer.echo(f"penstock: {remark}", err=True)
    with ExitStack() as opened:
        runner: Runner
        if to:
            from penstock.replay.live_run import LiveRunner

            runner = LiveRunner(to, store or paths.store_path())
        else:
            from penstock.replay.offline_run import OfflineRunner

            # In a folder that is gone at the end, unless a store is named.
            place = store or Path(opened.enter_context(TemporaryDirectory(prefix="penstock-replay-"))) / "replay.db"
            count, place = len(prompts.found), place.expanduser().absolute()
            runner = OfflineRunner(
                profile, ctx.obj, place, gap=gap, prompts=count, model=model, window=window, folder=file.parent
            )
        opened.callback(runner.close)
        one = PromptReplay(prompts.found, runner, model=model, dialect=dialects[api])
        played = _play(one)
        for note in runner.notes:
            typer.echo(f"penstock: {note}", err=True)
    if as_json:
        typer.echo(json.dumps(_document(one, played, profile), indent=1))
    else:
        for line in _lines(one, played):
            typer.echo(line)
    if one.why and one.why != "stopped":
        raise PenstockError(one.why)
    if one.why:
        raise typer.Exit(130)


def _play(one: PromptReplay) -> list[Played]:
    """With a bar, where somebody watches. What is done when they press Ctrl-C stays done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    played: list[Played] = []
    parts = (TextColumn("Replaying"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[live]}"))
    console = Console(stderr=True)
    with Progress(*parts, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=len(one.prompts), live="")
        try:
            for found in one.play():
                played.append(found)
                bar.update(task, advance=1, live=_live(one, found))
        except KeyboardInterrupt:
            one.why = "stopped"
    return played


def _live(one: PromptReplay, found: Played) -> str:
    sums = one.sums
    return (
        f"{sums.came:,} tokens received, {sums.sent:,} sent, {sums.injected:,} recalled, "
        f"{'~' if sums.money.estimated else ''}{sums.money.in_dollars(sums.money.saved)} saved, "
        f"{lasted(found.passed.suite_ms or 0)}"
    )


def _lines(one: PromptReplay, played: list[Played]) -> list[str]:
    heads = ("", "prompt", "tags", "came", "sent", "recalled", "trimmed", "compacted", "cached", "saved", "suite")
    rows: list[tuple[str, ...]] = [heads, *(_row(found) for found in played)]
    lines = [*columns(rows, 3), "", *_sum(one, played)]
    return lines if played else _sum(one, played)


def _row(found: Played) -> tuple[str, ...]:
    passed, sums = found.passed, found.passed.sums
    text = printable(found.prompt.text)
    said = "" if not found.passed.error else f" ! {printable(found.passed.error)[:40]}"
    return (
        str(found.number),
        (text if len(text) <= WIDE else f"{text[: WIDE - 1]}…") + said,
        printable(", ".join(passed.tags[:3])),
        _count(sums.came),
        _count(sums.sent),
        f"+{sums.injected:,}" if sums.injected else "",
        str(passed.landed("replace") or ""),
        str(passed.landed("compact") or ""),
        percent(sums.cache_share),
        signed(f"{'~' if sums.money.estimated else ''}{sums.money.in_dollars(sums.money.saved)}", sums.money.saved)
        if sums.money.requests or sums.money.unpriced
        else "",
        "" if passed.suite_ms is None else lasted(passed.suite_ms),
    )


def _count(tokens: int) -> str:
    return f"{tokens:,}" if tokens else ""


def _sum(one: PromptReplay, played: list[Played]) -> list[str]:
    sums, about = one.sums, "~" if one.sums.money.estimated else ""
    answered = sum(not found.passed.error for found in played)
    times = sorted(found.passed.suite_ms or 0.0 for found in played)
    done = f"{answered} of {len(one.prompts)} prompts answered{f'; {one.why}' if one.why else ''}"
    lines = [
        done,
        f"{sums.came:,} tokens received, {sums.sent:,} sent; {sums.injected:,} recalled, {sums.freed:,} taken out",
    ]
    if sums.money.requests:
        saved = signed(
            f"{about}{sums.money.in_dollars(sums.money.saved)} ({percent(sums.money.share)})", sums.money.saved
        )
        lines.append(
            f"{about}{sums.money.in_dollars(sums.money.baseline)} without Penstock, "
            f"{about}{sums.money.in_dollars(sums.money.paid)} paid: {saved} saved"
        )
    elif sums.money.unpriced:
        lines.append(f"unknown price: nobody has said what {printable(one.talk.model)} costs")
    if times:
        lines.append(f"time in Penstock: {lasted(times[len(times) // 2])} a prompt, {lasted(times[-1])} at most")
    return lines


def _document(one: PromptReplay, played: list[Played], profile: str) -> dict[str, Any]:
    return {
        "profile": profiles.load(profile).name,
        "model": one.talk.model,
        "session": one.talk.session,
        "ended": one.why or "whole",
        "prompts": [found.payload() for found in played],
        "total": one.sums.payload(),
    }
