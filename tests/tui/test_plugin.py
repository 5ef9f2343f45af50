"""`penstock tui` and its pictures."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pluggy
import pytest
import typer
from textual.pilot import Pilot
from typer.testing import CliRunner

from penstock.plugins import hookspecs
from penstock_tui import plugin, screenshot
from penstock_tui.app import PenstockApp
from penstock_tui.view_names import ViewName
from tests.tui.logs import Log, life


@pytest.fixture
def penstock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """The command line with this plugin alone, as an exit code and all it printed."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    plugins = pluggy.PluginManager(hookspecs.PROJECT)
    plugins.add_hookspecs(hookspecs)
    plugins.register(plugin)
    plugins.check_pending()
    app = typer.Typer()
    app.callback()(lambda: None)  # with one command alone, typer takes its name away
    plugins.hook.commands(app=app)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["tui", *arguments])
        return result.exit_code, result.output

    return run


def words(svg: Path) -> str:
    return svg.read_text(encoding="utf-8").replace("&#160;", " ")


def test_a_picture_of_the_log(penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path) -> None:
    log.exchange(life("a question"))
    picture = tmp_path / "log.svg"
    code, said = penstock("--store", str(log.path), "--screenshot", str(picture), "--size", "120x30")
    assert (code, "Wrote" in said) == (0, True)
    assert "a question" in words(picture)
    assert "1 request" in words(picture)


def test_a_picture_waits_until_it_is_drawn(
    penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a machine so busy that Textual's pause takes this process for an idle one and does not wait."""

    async def pause(self: Pilot[None], delay: float | None = None) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Pilot, "pause", pause)
    log.exchange(life("a question"))
    picture = tmp_path / "log.svg"
    assert penstock("--store", str(log.path), "--screenshot", str(picture), "--size", "120x30")[0] == 0
    assert "a question" in words(picture)


def test_a_picture_that_takes_too_long_says_what_to_do(
    penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here of a screen that never stays as it is."""
    drawn = itertools.count()

    def export(*_: object, **__: object) -> str:
        monkeypatch.setattr(screenshot, "PATIENCE", 0.0)  # all is read by now
        return str(next(drawn))

    monkeypatch.setattr(PenstockApp, "export_screenshot", export)
    log.exchange(life("a question"))
    picture = tmp_path / "log.svg"
    code, said = penstock("--store", str(log.path), "--screenshot", str(picture))
    assert (code, "try again when this machine has less to do" in said, picture.exists()) == (1, True, False)


def test_an_exchange_is_named_by_the_beginning_of_its_id(
    penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path
) -> None:
    """As in the other commands; a beginning of several ids is refused with some of them."""
    log.exchange(life("the first question"), id="abcd-1")
    log.exchange(life("the second question"), id="abce-2")
    picture = tmp_path / "detail.svg"
    store = ("--store", str(log.path), "--screenshot", str(picture), "--view", "detail")
    assert penstock(*store, "--select", "abcd")[0] == 0
    assert "the first question" in words(picture)
    assert "'abc' is the beginning of 2 exchanges: abcd-1, abce-2" in penstock(*store, "--select", "abc")[1]


def test_without_a_terminal_it_says_what_needs_none(penstock: Callable[..., tuple[int, str]], log: Log) -> None:
    """Status 2, and nothing is drawn."""
    code, said = penstock("--store", str(log.path))
    assert code == 2
    assert said.startswith("penstock: the screen needs a terminal. `penstock tui --web`")
    assert "\x1b" not in said


def test_a_picture_of_one_exchange(penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path) -> None:
    """Named by its id, with everything that is known of it."""
    log.exchange(id="this-one")
    log.exchange(id="another")
    picture = tmp_path / "detail.svg"
    arguments = ["--store", str(log.path), "--screenshot", str(picture), "--view", "detail", "--select", "this-one"]
    assert penstock(*arguments)[0] == 0
    assert "this-one" in words(picture)
    assert "Timeline" in words(picture)


@pytest.mark.parametrize("room", [room for room in ViewName if room is not ViewName.LOG])
def test_a_picture_of_a_room(
    penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path, room: ViewName
) -> None:
    """Of every one there is, with all that it reads from the store."""
    log.started()
    log.exchange()
    picture = tmp_path / "room.svg"
    code, said = penstock("--store", str(log.path), "--screenshot", str(picture), "--view", room)
    assert (code, "Wrote" in said) == (0, True)
    assert f"[{room.key} {room}]" in words(picture)
    assert "Reading the store" not in words(picture)


def test_a_picture_of_what_was_changed(penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path) -> None:
    """With the texts, which are read from the store."""
    log.exchange()
    picture = tmp_path / "diff.svg"
    assert penstock("--store", str(log.path), "--screenshot", str(picture), "--view", "diff")[0] == 0
    assert "Sent against received" in words(picture)
    assert "- why does it fail?" in words(picture)


def test_a_picture_of_a_context_map(penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path) -> None:
    """Of the exchange that is named."""
    log.exchange(id="this-one")
    log.exchange(life(tokens={"total": 9000}), id="another")
    picture = tmp_path / "context.svg"
    arguments = ["--store", str(log.path), "--screenshot", str(picture), "--view", "context", "--select", "this-one"]
    assert penstock(*arguments)[0] == 0
    assert "Context map" in words(picture)
    assert "1.5k of 200k" in words(picture)


def test_no_picture_of_what_is_not_there(penstock: Callable[..., tuple[int, str]], log: Log, tmp_path: Path) -> None:
    """A sentence and an exit code, no traceback: no log, no such exchange, nowhere to write, no size."""
    picture = str(tmp_path / "x.svg")
    missing = penstock("--screenshot", picture)
    assert (missing[0], "There is no log at" in missing[1]) == (1, True)
    log.exchange()
    store = ("--store", str(log.path))
    assert "holds no exchange 'nobody'" in penstock(*store, "--screenshot", picture, "--select", "nobody")[1]
    assert "cannot be written" in penstock(*store, "--screenshot", str(tmp_path / "no" / "x.svg"))[1]
    assert "160x48" in penstock(*store, "--screenshot", picture, "--size", "huge")[1]
    assert not Path(picture).exists()


def test_options_that_do_not_go_together(penstock: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """Said, where one of them would be passed over."""
    assert "--web" in penstock("--port", "8000")[1]
    assert penstock("--web", "--screenshot", str(tmp_path / "x.svg"))[0] == 2


def test_the_plugin_is_cheap() -> None:
    """Whoever lists the commands pays for no screen."""
    code = "import penstock_tui.plugin, sys; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
