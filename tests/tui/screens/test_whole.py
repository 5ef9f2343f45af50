"""The whole request of an exchange, as a person sees and drives it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from penstock.engine.whole_requests import WholeRequest
from penstock.testing import profile_of
from penstock_tui.exchange.whole import WholeRequest as Whole
from penstock_tui.exchange.whole import WholeSide
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.screens.whole import WholeScreen
from penstock_tui.widgets import whole_list
from tests.tui.logs import Log, until
from tests.tui.pilot import Screen, screen_of
from tests.tui.screens.proxies import Up, up

__all__ = ["up"]

SIDES = ("received", "forwarded")
TOKEN = "ghp_" + "a1B2" * 9
LONG = "\n".join(f"line {n} of the listing" for n in range(200))


def body(result: str) -> bytes:
    """A request with a system prompt, a tool and three messages."""
    value = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 77,
        "system": [{"type": "text", "text": "You are a harbour pilot.\n" + "Be brief.\n" * 20}],
        "tools": [{"name": "Sounding", "description": "how deep it is", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": f"the password is {TOKEN}"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Sounding", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": result}]},
        ],
    }
    return json.dumps(value).encode()


def keep(up: Up, *, received: bytes, forwarded: bytes, dialect: str = "anthropic") -> None:
    one = WholeRequest("this-one", "talk-1", dialect, "/v1/messages", "", received, forwarded, profile_of(""))
    up.suite.engine.whole_requests.keep(one)


async def opened(screen: Screen) -> None:
    await screen.press("enter")
    await until(screen.pilot, lambda: isinstance(screen.app.screen, DetailScreen) and screen.app.screen.is_complete)
    await screen.press("f")
    await until(screen.pilot, lambda: isinstance(screen.app.screen, WholeScreen) and screen.app.screen.is_complete)


async def test_both_sides_in_full(log: Log, up: Up) -> None:
    """System prompt, tools, other fields, every message; each text in a line, or all of it; no secrets."""
    log.exchange(id="this-one")
    keep(up, received=body(LONG), forwarded=body("[cut]"))
    async with screen_of(log, proxy=up) as screen:
        await opened(screen)
        await screen.sees("As received", "system prompt · ~", "more lines", "1 tool · ~", "Sounding", "max_tokens: 77")
        await screen.sees("3 messages", "[redacted", "line 0 of the listing")
        assert TOKEN not in screen.text
        await screen.press("e", "end")
        await screen.sees("line 199 of the listing")
        await screen.press("e", "tab")
        await screen.sees("As forwarded", "[cut]")
        await screen.press("tab")
        await screen.sees("As received")
        await screen.press("escape")
        assert isinstance(screen.app.screen, DetailScreen)


async def test_an_untouched_request(log: Log, up: Up) -> None:
    """It says that both sides are the same."""
    log.exchange(id="this-one")
    same = body("short")
    keep(up, received=same, forwarded=same)
    async with screen_of(log, proxy=up) as screen:
        await opened(screen)
        await screen.sees("As received, and the same on both sides")


async def test_lines_are_wrapped_on_a_thread(log: Log, up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt may have megabytes: the screen goes on meanwhile."""
    threads: list[threading.Thread] = []
    lines_of = whole_list.lines_of

    def spy(*words: Any, **named: Any) -> Any:
        threads.append(threading.current_thread())
        return lines_of(*words, **named)

    monkeypatch.setattr(whole_list, "lines_of", spy)
    log.exchange(id="this-one")
    keep(up, received=body(LONG), forwarded=body("[cut]"))
    async with screen_of(log, proxy=up) as screen:
        await opened(screen)
        await screen.sees("3 messages")
    assert threads
    assert threading.main_thread() not in threads


async def test_a_dialect_of_a_plugin(log: Log, up: Up) -> None:
    """As JSON."""
    log.exchange(id="this-one")
    same = body("short")
    keep(up, received=same, forwarded=same, dialect="strange")
    async with screen_of(log, proxy=up) as screen:
        await opened(screen)
        await screen.sees("here it is as JSON", '"max_tokens": 77')


async def test_why_there_is_none(log: Log, up: Up) -> None:
    """The proxy does not have it; there is nothing to save then."""
    log.exchange(id="this-one")
    async with screen_of(log, proxy=up) as screen:
        await opened(screen)
        await screen.sees("It cannot be shown: the proxy does not have this request", "the last 50")
        await screen.press("w")
        await screen.sees("There is nothing to save.")


async def test_no_proxy_is_up(log: Log) -> None:
    """A sentence says so, and why that matters."""
    log.exchange(id="this-one")
    async with screen_of(log) as screen:
        await opened(screen)
        await screen.sees("It cannot be shown: no proxy", "never on disk")


@pytest.mark.parametrize("answer", [{}, {"dialect": "anthropic", "path": "/", "received": [], "forwarded": None}])
async def test_an_answer_of_another_version(log: Log, answer: dict[str, Any]) -> None:
    class Strange:
        def do(self, path: str, arguments: object, timeout: float = 0) -> dict[str, Any]:
            return answer

    log.exchange(id="this-one")
    async with screen_of(log, proxy=Strange()) as screen:
        await opened(screen)
        await screen.sees("The answer is not understood")


async def test_one_file_for_each_side(log: Log, up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redacted, and never over what is there."""
    monkeypatch.chdir(tmp_path)
    log.exchange(id="this-one")
    keep(up, received=body(LONG), forwarded=body("[cut]"))
    async with screen_of(log, proxy=up) as screen:
        await opened(screen)
        await screen.press("w", "enter")
        await screen.sees("Saved", "bytes)")
        came, sent = (json.loads((tmp_path / f"exchange-this-one-{side}.json").read_text()) for side in SIDES)
        assert came["messages"][2]["content"][0]["content"] == LONG
        assert sent["messages"][2]["content"][0]["content"] == "[cut]"
        assert TOKEN not in json.dumps(came)
        await screen.press("w")
        await screen.sees("Save the whole request as JSON")
        box = screen.app.screen.query_one(Input)
        assert box.value == str(tmp_path / "exchange-this-one-2.json")
        box.value = str(tmp_path / "exchange-this-one.json")
        await screen.press("enter")
        await screen.sees("is there already")


def test_both_files_or_none(tmp_path: Path) -> None:
    """Where the second one cannot be written, the first one goes; what was there is left alone."""
    (tmp_path / "it-forwarded.json").mkdir()
    sides = [WholeSide({"model": "m"}), WholeSide({"model": "m", "messages": _Unwritable()})]
    with pytest.raises(RuntimeError):
        Whole(sides[0], sides[1]).save(tmp_path / "other.json")
    with pytest.raises(FileExistsError):
        Whole(sides[0], sides[0]).save(tmp_path / "it.json")
    assert [file.name for file in tmp_path.iterdir()] == ["it-forwarded.json"]


class _Unwritable:
    def __str__(self) -> str:
        raise RuntimeError("no text")
