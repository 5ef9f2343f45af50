"""The gateway view: a team's keys, limits and usage."""

from __future__ import annotations

import pytest
from textual.color import Color

from penstock.gateway.database import FILE_NAME
from penstock.gateway.keys import add_key, find_key
from penstock.gateway.quotas import set_limits
from penstock.gateway.records import Limit
from penstock_tui.screens import gateway
from penstock_tui.screens.gateway_key import KeyScreen
from penstock_tui.screens.log import LogScreen
from tests.tui.gateways import a_team, gateway_of, spend
from tests.tui.logs import Log, until
from tests.tui.pilot import screen_of

SIZES = [(80, 24), (160, 48)]


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for two seconds."""
    monkeypatch.setattr(gateway, "EVERY", 0.1)


@pytest.mark.parametrize("size", SIZES)
async def test_keys_limits_and_usage(log: Log, size: tuple[int, int]) -> None:
    """All of a key is there at 80 columns: workspace, how it begins, state, last use, and what it spent."""
    keys = a_team(log)
    log.started()
    async with screen_of(log, size) as screen:
        await screen.press("-")
        await screen.sees("[- gateway]", "$3.25 today", "$5.00 this month", "1 of 3 keys active", "1 limit full")
        for said in (
            ("anna", "default", keys["anna"].prefix, "✓ active", "today", "$3.25", "$4.50"),
            ("ben", "default", keys["ben"].prefix, "✗ revoked", "never"),
            ("carla", "web", keys["carla"].prefix, "! expired", "14 Nov 23", "$0.5000"),
        ):
            assert any(all(word in line for word in said) for line in screen.lines), said
        await screen.sees("⊘100%", "9.0k + 1.0k held of 10.0k tokens/month")
        await screen.sees("key anna", "▒", "! 85%", "$3.25 + $1.00 held of $5.00/day")
        await screen.sees("haiku", " 25%", "1 of 4 requests/month", "Today by model", "ours/opus", "1 request")
        if size[0] > 100:
            await screen.sees("resets in", "Today by key", "anna in default")


async def test_its_tab_is_there_where_a_gateway_is(log: Log) -> None:
    """It comes with the file, and the view fills by itself; before that it says how one comes by a gateway."""
    log.started()
    async with screen_of(log) as screen:
        assert not screen.shows("- gateway")
        await screen.press("-")
        await screen.sees("No gateway here", "penstock keys add NAME", "[- gateway]")
        assert not (log.path.parent / FILE_NAME).exists()
        a_team(log)
        await screen.sees("anna", "✓ active")
        await screen.press("1")
        await screen.sees("- gateway")


async def test_keys_may_be_there_before_the_log(log: Log) -> None:
    with gateway_of(log) as store:
        add_key(store, "default", "anna", "me")
    async with screen_of(log) as screen:
        await screen.press("-")
        await screen.sees("anna", "✓ active", "Nothing is limited", "Nothing was used today")


async def test_it_is_read_again_while_one_looks(log: Log) -> None:
    anna = a_team(log)["anna"]
    log.started()
    async with screen_of(log) as screen:
        await screen.press("-")
        await screen.sees("$3.25 today")
        with gateway_of(log) as store:
            spend(store, anna, 1.0, "more", at=log.clock.now())
        await screen.sees("$4.25 today", "$4.25 + $1.00 held of $5.00/day")


async def test_a_store_that_is_down_is_said(log: Log) -> None:
    """In place of the keys; they are back when it is."""
    a_team(log)
    log.started()
    file, new = log.path.parent / FILE_NAME, log.path.parent / "new"
    async with screen_of(log) as screen:
        await screen.press("-")
        await screen.sees("anna")
        whole = file.read_bytes()
        new.write_bytes(b"no database " * 1000)
        new.replace(file)  # at once: an empty file would be taken for a new store
        await screen.sees("The gateway's store cannot be read", "file is not a database", "It is tried again")
        new.write_bytes(whole)
        new.replace(file)
        await screen.sees("anna", "✓ active")


@pytest.mark.parametrize("size", SIZES)
async def test_a_key_opens_with_its_requests(log: Log, size: tuple[int, int]) -> None:
    """Enter on one that the log has leads there."""
    a_team(log)
    log.started()
    log.exchange(id="another")
    log.exchange(id="today")
    async with screen_of(log, size) as screen:
        await screen.press("-")
        await screen.sees("anna")
        await screen.press("enter")
        await screen.sees("Key anna", "✓ active", "$3.25 today, $4.50 this month", "key anna", "workspace default")
        await screen.sees("models, contexts, memory, usage", "all of the workspace", "4.0k → 500", "ours/opus", "↵")
        if size[0] > 100:
            await screen.sees("Usage by day", "2023-11-15", "2023-11-14")
        await screen.press("down", "enter")
        await screen.sees("does not hold")
        assert isinstance(screen.app.screen, KeyScreen)
        screen.app.clear_notifications()
        await screen.press("up", "enter")
        await until(screen.pilot, lambda: isinstance(screen.app.screen, LogScreen), "the log")
        await screen.sees("id:today", "1 of 2")


async def test_a_key_is_revoked_after_a_yes(log: Log) -> None:
    anna = a_team(log)["anna"]
    log.started()
    async with screen_of(log, (80, 24)) as screen:
        await screen.press("-")
        await screen.sees("anna")
        await screen.press("d")
        await screen.sees("Revoke the key anna?", "$4.50 spent this month", "Nothing brings it back")
        await screen.press("enter")
        with gateway_of(log) as store:
            assert find_key(store, "default", anna.id).revoked_at is None
        await screen.press("d")
        await screen.sees("Revoke the key anna?")
        await screen.press("y")
        await screen.sees("The key anna is revoked.", "0 of 3 keys active")
        await screen.press("d")
        await screen.sees("The key anna is revoked already.")
    with gateway_of(log) as store:
        assert find_key(store, "default", anna.id).revoked_at == log.clock.now()


async def test_a_revocation_that_fails_is_said(log: Log) -> None:
    """Somebody else has the store: the key is as it was."""
    anna = a_team(log)["anna"]
    log.started()
    async with screen_of(log) as screen:
        await screen.press("-")
        await screen.sees("anna")
        await screen.press("d")
        await screen.sees("Revoke the key anna?")
        (log.path.parent / FILE_NAME).rename(log.path.parent / "away.db")
        await screen.press("y")
        await screen.sees("Could not revoke it", "There is no gateway beside this log any more")
        (log.path.parent / "away.db").rename(log.path.parent / FILE_NAME)
    with gateway_of(log) as store:
        assert find_key(store, "default", anna.id).revoked_at is None


async def test_names_cannot_steer_the_terminal(log: Log) -> None:
    """A model and a session are called what a client says."""
    anna = a_team(log)["anna"]
    evil = "[bold]x\x1b[2J"
    with gateway_of(log) as store:
        spend(store, anna, 9, "evil", model=evil, at=log.clock.now())
        set_limits(store, f"model:default/ours/{evil}", [Limit("day", "requests", 1)], "me")
    async with screen_of(log) as screen:
        await screen.press("-")
        await screen.sees("model ours/[bold]x", "in default")
        await screen.press("enter")
        await screen.sees("Key anna", "ours/[bold]x")
        assert "\x1b" not in screen.text


async def test_in_the_light_theme_too(log: Log) -> None:
    """Its tones are those of the theme."""
    a_team(log)
    async with screen_of(log) as screen:
        await screen.press("-")
        await screen.sees("anna")
        await screen.press("t", "enter")
        await screen.sees("Key anna", "Usage by day")
        strips = screen.app.screen._compositor.render_strips()
        grounds = {part.style.bgcolor for line in strips for part in line if part.style and part.style.bgcolor}
        light = [Color.from_rich_color(one).brightness for one in grounds]
        assert sum(one > 0.5 for one in light) > len(light) / 2
