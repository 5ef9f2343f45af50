"""How fast the screen is, and what CPU and memory it takes, over a log of 10,000 exchanges that grows by 50 events a
second.

    python benchmarks/screen.py [--exchanges 10000] [--rate 50] [--seconds 120] [--json]
    python benchmarks/screen.py --proxy [--requests 60] [--json]

The log holds the events of a session that passed a real proxy, many times over, under many names. Another process adds
to it, event by event, as a proxy does. The screen runs in a terminal of its own, 160 by 48; a key is answered when the
cursor's line has moved there, or the other view is named. With `--proxy`: how long requests through a proxy take
with the screen open on its log, and without, in turn.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import screen_log
from latency_growing import bodies, headers_of, warm_up
from latency_rig import Proxy, free_port, once, p95, proxies, serve, wait_for
from terminal import Terminal, reactions

NAMES = ("log", "overview", "tags", "compactions", "sessions", "pipeline", "budget", "memory", "settings", "replay")
VIEWS = dict(zip("1234567890", NAMES, strict=True))
OPENED = {"enter": "an exchange", "m": "its context map", "backspace": "back"}
"""Keys that are pressed in turn from the log, with what each opens."""
TABLES = ("1", "3", "5")
"""Views that have a cursor to move."""
PRESSES = 40
"""Key presses for each figure."""
EVENTS = 11
"""Events that a request makes, about."""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--exchanges", type=int, default=10_000)
    options.add_argument("--rate", type=float, default=50, help="events a second")
    options.add_argument(
        "--seconds", type=float, default=120, help="how long to watch CPU and memory with no key pressed"
    )
    options.add_argument("--proxy", action="store_true", help="measure what the open screen costs the proxy, instead")
    options.add_argument("--requests", type=int, default=60, help="for each of ten blocks")
    options.add_argument("--json", action="store_true", help="one object in place of lines")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = beside_a_proxy(Path(folder), chosen) if chosen.proxy else alone(Path(folder), chosen)
    if chosen.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:<34} {value}")


def alone(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Measure the screen by itself."""
    store = folder / "penstock.db"
    found: dict[str, Any] = {"exchanges": chosen.exchanges, "events": screen_log.fill(store, chosen.exchanges)}
    with Terminal(command(store), environ(folder)) as terminal:
        found["seconds to read it all"] = round(terminal.settle(), 1)
        with fed(store, chosen.rate):
            time.sleep(2)
            found |= watched(terminal, chosen.seconds)
            before, begin = terminal.cpu(), time.monotonic()
            press_all(terminal)
            found["CPU % while keys are pressed"] = share(terminal, before, begin)
            found["MB at the end"] = round(terminal.memory(), 1)
    return found | figures(terminal)


def watched(terminal: Terminal, seconds: float) -> dict[str, Any]:
    """CPU and memory of a screen that follows the log."""
    before, begin = terminal.cpu(), time.monotonic()
    marks = [terminal.memory()]
    for _ in range(4):
        time.sleep(seconds / 4)
        marks.append(terminal.memory())
    return {
        "CPU % while it follows": share(terminal, before, begin),
        "MB meanwhile": [round(mark, 1) for mark in marks],
    }


def share(terminal: Terminal, before: float, begin: float) -> float:
    """CPU use since `before`, in percent of one core."""
    return round((terminal.cpu() - before) / (time.monotonic() - begin) * 100, 1)


def press_all(terminal: Terminal) -> None:
    """Every view entered, its cursor moved, and exchanges opened, at no steady beat."""
    chance = random.Random(7)
    for room in TABLES:
        terminal.press(room)
        time.sleep(1.5)
        if room == "1":  # away from the top, where rows come in
            for _ in range(3):
                terminal.press("pagedown")
                time.sleep(0.3)
        for i in range(PRESSES):
            terminal.press("down" if i % 4 < 2 else "up", VIEWS[room])
            time.sleep(0.12 + chance.random() * 0.13)
    for _ in range(PRESSES // 4):
        for room, name in VIEWS.items():
            terminal.press(room, f"to {name}")
            time.sleep(0.3 + chance.random() * 0.2)
    terminal.press("1")
    for _ in range(PRESSES // 4):
        time.sleep(0.5)
        terminal.press("down")
        for key, name in OPENED.items():
            time.sleep(0.3 + chance.random() * 0.2)
            terminal.press(key, f"to {name}")
        time.sleep(0.5)
        terminal.press("backspace")


def figures(terminal: Terminal) -> dict[str, Any]:
    """Milliseconds from key to repaint, by view and over all."""
    by_place: dict[str, list[float | None]] = {}
    for one in reactions(terminal):
        if one.where:
            by_place.setdefault(one.where, []).append(one.ms)
    lines = {f"ms key to repaint: {place}": summary(found) for place, found in by_place.items()}
    moves = [ms for place, found in by_place.items() for ms in found if not place.startswith("to ")]
    enters = [ms for place, found in by_place.items() for ms in found if place.startswith("to ")]
    slowest = sorted((one for one in terminal.keys if one.where and one.ms), key=lambda one: -(one.ms or 0))[:8]
    return lines | {
        "ms key to repaint, all moves": summary(moves),
        "ms key to repaint, all views": summary(enters),
        "ms key to repaint, all": summary(moves + enters),
        "slowest": [f"{one.ms:.0f} {one.where} (key {terminal.keys.index(one)})" for one in slowest],
    }


def summary(found: list[float | None]) -> dict[str, Any]:
    """Keys that changed nothing, as one at the end of a list, are counted and left out."""
    seen = [ms for ms in found if ms is not None]
    if not seen:
        return {"keys": 0, "without effect": len(found)}
    p50, high = statistics.median(seen), p95(seen)
    return {"p50": round(p50, 1), "p95": round(high, 1), "keys": len(seen), "without effect": len(found) - len(seen)}


def beside_a_proxy(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """The proxy's figures, with the screen open and without, in blocks that take turns."""
    port = free_port()
    provider = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    provider.start()
    wait_for(port)
    store = folder / "home" / "state" / "penstock.db"
    times: dict[bool, list[float]] = {False: [], True: []}
    added: dict[bool, list[float]] = {False: [], True: []}
    try:
        with proxies(folder, port) as (bare, suite):
            warm_up(bare, suite)
            for block in range(10):
                is_open = block % 2 == 1
                with Terminal(command(store), environ(folder)) if is_open else nullcontext() as terminal:
                    if terminal is not None:
                        terminal.settle()
                    pairs = list(requests(bare, suite, block, chosen.requests, EVENTS / chosen.rate))
                times[is_open] += [with_suite for _, with_suite in pairs]
                added[is_open] += [with_suite - without for without, with_suite in pairs]
    finally:
        provider.terminate()
        provider.join()
    found: dict[str, Any] = {"requests": len(times[True])}
    for name, values in (("whole", times), ("added by the suite", added)):
        for label, of in (("p50", statistics.median), ("p95", p95)):
            shut, opened = of(values[False]), of(values[True])
            found[f"ms {name}, {label}"] = f"{shut:.2f} shut, {opened:.2f} open, ratio {opened / shut:.3f}"
    return found


def requests(bare: Proxy, suite: Proxy, block: int, count: int, every: float) -> Iterator[tuple[float, float]]:
    """Milliseconds of each request through both proxies, one in `every` seconds: sessions of 20 KB that grow."""
    links = [http.client.HTTPConnection("127.0.0.1", proxy.port) for proxy in (bare, suite)]
    done = 0
    for k in range(count):
        for body in bodies(20_000, 20, stream=False):
            pair = [once(link, body, headers_of(f"screen-{block}-{k}"))[1] for link in links]
            done += 1
            time.sleep(every)
            if done > 5:  # the first ones connect
                yield pair[0], pair[1]
            if done >= count + 5:
                return


@contextmanager
def fed(store: Path, rate: float) -> Iterator[None]:
    """Run a process that adds `rate` events a second to the log, for the block."""
    script = str(Path(screen_log.__file__))
    process = subprocess.Popen([sys.executable, script, str(store), str(rate)])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def command(store: Path) -> list[str]:
    """The command line that starts the screen."""
    return [sys.executable, "-m", "penstock", "tui", "--store", str(store)]


def environ(folder: Path) -> dict[str, str]:
    """The environment of a terminal that can show everything."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PENSTOCK_", "TEXTUAL"))}
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return {**kept, **terminal, "PENSTOCK_HOME": str(folder / "home")}


if __name__ == "__main__":
    main()
