"""With `HookDispatch` mitmproxy calls the same hooks, in the same order, as without."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mitmproxy import ctx, exceptions, hooks, http, options
from mitmproxy.addons.maplocal import MapLocal
from mitmproxy.addons.onboarding import Onboarding
from mitmproxy.addons.script import ScriptLoader
from mitmproxy.master import Master
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook
from mitmproxy.test import tflow, tutils

from penstock_addons.wire.hook_dispatch import HookDispatch


class Addon:
    """Notes each call of its hooks."""

    def __init__(self, name: str, called: list[str], then: Callable[[], None] = lambda: None) -> None:
        self.name, self._called, self._then = name, called, then

    def request(self, flow: object) -> None:
        self._called.append(self.name)
        self._then()

    def update(self, flows: object) -> None:
        self._called.append(f"{self.name} told")


class Later(Addon):
    async def request(self, flow: object) -> None:  # type: ignore[override]
        super().request(flow)


class Silent:
    """Has no hook."""

    def __init__(self, name: str) -> None:
        self.name = name


class Lazy:
    """Makes its hooks when it is asked for them, and at some time cannot any more."""

    name = "lazy"
    is_broken = False

    @property
    def request(self) -> Callable[[object], None] | None:
        if self.is_broken:
            raise ValueError("no hook can be made")
        return None

    update = request


class Holder:
    """Like a script that mitmproxy has loaded."""

    def __init__(self, name: str, addons: list[object]) -> None:
        self.name, self.addons = name, addons


def fail() -> None:
    raise ValueError("broken")


def halt() -> None:
    raise exceptions.AddonHalt


@pytest.fixture
async def manager(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    master = Master(options.Options())
    monkeypatch.setattr(ctx, "master", master, raising=False)
    addons: Any = master.addons
    yield addons
    addons.clear()
    master._legacy_log_events.uninstall()


async def calls(manager: Any, called: list[str]) -> list[str]:
    """What is called at a request, and then at the update of its flow."""
    called.clear()
    await manager.handle_lifecycle(HttpRequestHook(tflow.tflow()))
    return [name for name in called if "told" not in name]


async def both_ways(manager: Any, called: list[str]) -> list[str]:
    """What is called at a request, which is the same without `HookDispatch`, with it, and after it."""
    before = await calls(manager, called)
    dispatch = HookDispatch()
    dispatch.running()
    for _ in range(2):  # it remembers whose class has no hook
        assert await calls(manager, called) == before
    dispatch.done()
    assert await calls(manager, called) == before
    return before


async def test_the_hooks_of_all_addons_are_called_in_order_those_that_another_one_holds_too(
    manager: Any,
) -> None:
    called: list[str] = []
    script = ModuleType("script")
    script.addons = [Addon("inner", called), Silent("inner none"), Later("awaited", called)]  # type: ignore[attr-defined]
    script.request = hooks  # type: ignore[attr-defined]  # a module that was imported by a hook's name
    loader = ScriptLoader()  # type: ignore[no-untyped-call]
    manager.add(Addon("first", called), Silent("none"), loader, Addon("last", called))

    assert await both_ways(manager, called) == ["first", "last"]
    loader.addons.append(Holder("script", [script]))
    assert await both_ways(manager, called) == ["first", "inner", "awaited", "last"]


async def test_an_addon_that_fails_costs_the_others_no_call_and_is_logged(
    manager: Any, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []
    manager.add(Addon("fails", called, fail), Addon("last", called))

    assert await both_ways(manager, called) == ["fails", "last"]
    assert sum(r.levelno == logging.ERROR and "broken" in r.getMessage() for r in caplog.records) == 4


async def test_an_addon_that_fails_where_it_is_looked_for_hooks_costs_the_others_no_call(
    manager: Any, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []
    lazy = Lazy()
    manager.add(lazy, Addon("last", called))
    lazy.is_broken = True

    assert await both_ways(manager, called) == ["last"]
    assert sum(r.levelno == logging.ERROR and "no hook can be made" in r.getMessage() for r in caplog.records) == 8
    dispatch = HookDispatch()
    dispatch.running()
    manager.trigger(hooks.UpdateHook([]))
    assert called[-1] == "last told"


async def test_an_addon_that_halts_an_event_ends_it(manager: Any) -> None:
    called: list[str] = []
    manager.add(Addon("halts", called, halt), Addon("last", called))

    assert await both_ways(manager, called) == ["halts"]


async def test_addons_that_come_and_go_later_are_called_while_they_are_there(manager: Any) -> None:
    called: list[str] = []
    late = Addon("late", called)
    manager.add(Addon("first", called))
    dispatch = HookDispatch()
    dispatch.running()

    assert await calls(manager, called) == ["first"]
    manager.add(late)
    assert await calls(manager, called) == ["first", "late"]
    manager.remove(late)
    assert await calls(manager, called) == ["first"]


async def test_events_that_wait_for_no_hook_go_the_same_way(manager: Any) -> None:
    called: list[str] = []
    manager.add(Silent("none"), Addon("first", called, fail), Addon("last", called))
    dispatch = HookDispatch()
    dispatch.running()
    manager.trigger(hooks.UpdateHook([]))

    assert called == ["first told", "last told"]


async def test_addons_that_come_and_go_within_a_script_are_called_while_they_are_there(manager: Any) -> None:
    called: list[str] = []
    script = ModuleType("script")
    inner = Holder("inner", [Addon("first", called)])
    script.addons = [inner]  # type: ignore[attr-defined]
    manager.add(Holder("loader", [script]))
    HookDispatch().running()

    assert await calls(manager, called) == ["first"]
    inner.addons[0] = Addon("second", called)
    assert await calls(manager, called) == ["second"]
    inner.addons.append(Holder("third", [Addon("fourth", called)]))
    script.request = lambda flow: called.append("script")  # type: ignore[attr-defined]
    assert await calls(manager, called) == ["script", "second", "fourth"]
    script.addons = []  # type: ignore[attr-defined]
    del script.request
    assert await calls(manager, called) == []


async def test_an_addon_may_hold_others_in_whatever_can_be_gone_through(manager: Any) -> None:
    called: list[str] = []

    class Made(Holder):
        @property  # type: ignore[override]
        def addons(self) -> Iterator[object]:
            return iter(self.made)

        @addons.setter
        def addons(self, made: list[object]) -> None:
            self.made = made

    manager.add(Made("made", [Addon("first", called), Addon("second", called)]))

    assert await both_ways(manager, called) == ["first", "second"]


async def test_what_could_not_be_looked_at_once_is_looked_at_again(manager: Any) -> None:
    called: list[str] = []

    class Odd(Holder):
        is_broken = True

        @property
        def addons(self) -> list[object]:
            if self.is_broken:
                raise ValueError("not yet")
            return [Addon("inner", called)]

        @addons.setter
        def addons(self, _: list[object]) -> None: ...

    odd = Odd("odd", [])
    manager.chain += [odd, Addon("last", called)]
    HookDispatch().running()

    assert await calls(manager, called) == ["last"]
    odd.is_broken = False
    assert await calls(manager, called) == ["inner", "last"]


class Heard:
    """Notes the lines of mitmproxy's log, as scripts of old did."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def add_log(self, entry: Any) -> None:
        self._lines.append(entry.msg)


async def test_lines_of_the_log_are_events_where_an_addon_has_a_hook_for_them(manager: Any) -> None:
    master, lines = ctx.master, list[str]()
    master._legacy_log_events._initiated_in_test = None  # else it hears what its own test logs alone, not the fixture
    turns = list[object]()
    master.event_loop.call_soon_threadsafe = lambda *call: turns.append(call)  # type: ignore[assignment, method-assign]
    dispatch = HookDispatch()
    dispatch.running()
    logging.getLogger().warning("nobody hears this")
    assert not turns

    manager.add(Heard(lines))
    before = len(turns)  # mitmproxy warns of such hooks
    logging.getLogger().warning("somebody does")
    assert len(turns) == before + 1
    manager.remove(manager.get("heard"))
    logging.getLogger().warning("nobody again")
    assert len(turns) == before + 1

    dispatch.done()
    logging.getLogger().warning("as mitmproxy does it")
    assert len(turns) == before + 2


async def test_lines_that_no_handler_takes_are_not_made(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx.master._legacy_log_events._initiated_in_test = None  # as above
    lines, taken = logging.getLogger("mitmproxy.proxy.server"), logging.NullHandler(logging.ERROR)
    made = list[str]()

    def note(record: logging.LogRecord) -> bool:
        made.append(record.getMessage())
        return True

    monkeypatch.setattr(lines, "propagate", False)
    monkeypatch.setattr(lines, "handlers", [taken, ctx.master._legacy_log_events])
    monkeypatch.setattr(lines, "filters", [note])
    lines.setLevel(logging.DEBUG)
    dispatch = HookDispatch()
    dispatch.running()
    lines.info("for nobody")
    lines.warning("warnings always")
    taken.setLevel(logging.INFO)
    lines.debug("too little")
    lines.info("for a handler")
    taken.setLevel(logging.ERROR)
    manager.add(Heard([]))
    lines.info("for an addon")
    dispatch.done()
    lines.info("as mitmproxy does it")
    lines.setLevel(logging.NOTSET)
    assert made == ["warnings always", "for a handler", "for an addon", "as mitmproxy does it"]


async def test_local_files_stand_in_for_addresses_where_an_option_says_so(manager: Any, tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("from here")
    manager.add(MapLocal())
    HookDispatch().running()
    flow = tflow.tflow()
    await manager.handle_lifecycle(HttpRequestHook(flow))
    assert flow.response is None

    ctx.options.map_local = [f"|.*|{tmp_path / 'answer'}"]
    await manager.handle_lifecycle(HttpRequestHook(flow))
    assert flow.response is not None
    assert flow.response.content == b"from here"


@pytest.mark.parametrize(
    ("host", "headers", "is_served"),
    [
        ("mitm.it", {}, True),
        ("10.0.0.1", {"host": "mitm.it"}, True),
        ("10.0.0.1", {"host": "mitm.it:80"}, True),
        ("10.0.0.1", {"host": "api.example"}, False),
        ("10.0.0.1", {}, False),
    ],
)
async def test_mitmproxys_own_pages_are_found_under_their_name(
    manager: Any, host: str, headers: dict[str, str], is_served: bool
) -> None:
    manager.add(Onboarding())
    sent = http.Headers([(name.encode(), value.encode()) for name, value in headers.items()])
    for is_dispatched in (False, True):
        flow = tflow.tflow(req=tutils.treq(host=host, authority=b"", path=b"/", headers=sent.copy()))
        if is_dispatched:
            HookDispatch().running()
        await manager.handle_lifecycle(HttpRequestHook(flow))
        assert (flow.response is not None) == is_served
