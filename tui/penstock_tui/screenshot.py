"""`take_picture`: renders a view, or the screen of one exchange, as an SVG picture, without a terminal. Raises
`PictureError` where there is nothing to show, or the file cannot be written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from penstock.base.clock import Clock
from penstock.base.errors import PenstockError
from penstock.base.private_files import check_folder, whole_file
from penstock_tui.app import PenstockApp
from penstock_tui.log.follow import LogState
from penstock_tui.log.row import Row
from penstock_tui.screens.base import BaseView
from penstock_tui.screens.detail import Pane
from penstock_tui.screens.exchange_base import ExchangeScreen
from penstock_tui.view_names import ViewName

__all__ = ["PictureError", "take_picture"]

_OF_ONE = ("detail", "diff", "context")
"""The pictures that show one exchange."""
_NAMED = 5
"""How many of the exchanges are named whose ids begin alike."""
PATIENCE = 60.0
"""Seconds to wait until a long log is read, and until the screen is drawn."""


class PictureError(Exception):
    """There is nothing to take a picture of, or the file cannot be written."""


def take_picture(
    path: Path,
    target: Path,
    *,
    size: tuple[int, int] = (160, 48),
    select: str = "last",
    view: str = ViewName.LOG,
    clock: Clock | None = None,
) -> None:
    """Write a picture of the log at `path` to `target`, as SVG: a view by its name; or of one exchange `detail`, `diff`
    or `context`. Raises `PictureError`."""
    try:
        check_folder(target)
        svg = asyncio.run(_picture(PenstockApp(path, clock), size, select, view))
        with whole_file(target) as out:
            out.write(svg)
    except TimeoutError as e:
        raise PictureError(
            f"{path} was not read and drawn within {PATIENCE:.0f} seconds: try again when this machine has less to do; "
            "`penstock export` needs less time, and `penstock tui` shows what it has read so far"
        ) from e
    except PenstockError as e:
        raise PictureError(str(e)) from e


async def _picture(app: PenstockApp, size: tuple[int, int], select: str, view: str) -> str:
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.feed.loaded)
        if app.feed.state is not LogState.OPEN:
            raise PictureError(f"There is no log at {app.feed.path} to take a picture of. {app.feed.error}".rstrip())
        row = _row(app, select)
        if row is not None:
            app.log_screen.select(row)
            if view in _OF_ONE:
                _open(app, row, view)
                await _until(pilot, lambda: isinstance(app.screen, ExchangeScreen) and app.screen.is_complete)
        elif view in _OF_ONE:
            raise PictureError(f"The log at {app.feed.path} holds no exchange yet.")
        if view not in (*_OF_ONE, ViewName.LOG):
            app.action_view(ViewName(view))
            await pilot.pause()
            await _until(pilot, lambda: not isinstance(app.screen, BaseView) or app.screen.is_complete)
        app.log_screen.show_now()
        return await _drawn(pilot, f"penstock tui — {app.feed.path.name}")


def _open(app: PenstockApp, row: Row, view: str) -> None:
    if view == "context":
        app.log_screen.open_map(row)
    else:
        app.log_screen.open(row, Pane.DIFF if view == Pane.DIFF else Pane.BLOCKS)


async def _drawn(pilot: Pilot[None], title: str) -> str:
    """The picture, once a further refresh leaves it as it is: `Pilot.pause` takes a process that the machine gives no
    time for an idle one, and then what was laid out last is not drawn yet."""
    picture, before = pilot.app.export_screenshot(title=title), ""
    async with asyncio.timeout(PATIENCE):
        while picture != before:
            before = picture
            for _ in range(2):  # the first lays out, the second draws what was laid out
                refreshed = asyncio.Event()
                pilot.app.screen.call_after_refresh(refreshed.set)
                await refreshed.wait()
                await pilot.pause()
            picture = pilot.app.export_screenshot(title=title)
    return picture


async def _until(pilot: Pilot[None], is_done: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_done():
            await pilot.pause(0.05)


def _row(app: PenstockApp, select: str) -> Row | None:
    rows = app.feed.model.rows
    if select == "last":
        return rows[-1] if rows else None
    row = app.feed.model.row(select)
    if row is not None:
        return row
    found = [one for one in rows if select and not one.repeats and one.id.startswith(select)]
    if len(found) > 1:
        some = ", ".join(one.id for one in found[:_NAMED])
        raise PictureError(f"{select!r} is the beginning of {len(found)} exchanges: {some}")
    if not found:
        raise PictureError(f"The log holds no exchange {select!r}. `penstock events` shows their ids")
    return found[0]
