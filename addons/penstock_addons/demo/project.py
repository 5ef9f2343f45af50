"""The imaginary project that the demo's client works on, a small service that says which ferry leaves when, given the
tide: its files (`source`, `test_source`), the outputs of commands (`listing`, `search`, `test_run`, `diff`, `install`,
`server_log`), and answers of the service (`records`).

Each text depends only on the name of a part (`PARTS`): different parts give different texts, the same part the same
text again.
"""

from __future__ import annotations

import json
from random import Random

__all__ = [
    "PARTS",
    "diff",
    "install",
    "listing",
    "records",
    "search",
    "server_log",
    "source",
    "source_path",
    "test_path",
    "test_run",
    "test_source",
]

PARTS = ("timetable", "tides", "berths", "fares")
_HARBOURS = ("Norhaven", "Skerry Point", "Old Quay", "Larkholm", "Southmole", "Gull Island")


def source_path(part: str) -> str:
    """The path of the part's source file."""
    return f"src/tidewatch/{part}.py"


def test_path(part: str) -> str:
    """The path of the part's tests."""
    return f"tests/test_{part}.py"


def listing(part: str) -> str:
    """The output of `ls -la` in the source folder."""
    names = ("__init__.py", "api.py", "cli.py", "clock.py", "config.py", "harbours.py", "log.py", "units.py")
    random = Random(part)
    rows = [
        f"-rw-r--r--  1 ines  staff  {random.randint(200, 9800):>5} Mar {random.randint(1, 28):>2} 09:{i:02}  {name}"
        for i, name in enumerate(sorted((*names, *(f"{p}.py" for p in PARTS))))
    ]
    return "total 96\n" + "\n".join(rows)


def source(part: str) -> str:
    """The part's code; the mistake that the session is about is in `next_after`."""
    thing = part.rstrip("s")
    title = thing.title()
    rules = "\n\n".join(
        f"def {thing}_rule_{i}(entry: {title}, level: float) -> bool:\n"
        f'    """Rule {i} of the harbour office: from {harbour}, {hours} hours around high water."""\n'
        f"    if entry.harbour != {harbour!r}:\n"
        f"        return True\n"
        f"    return abs(level - entry.high_water) <= {hours / 2}"
        for i, (harbour, hours) in enumerate(zip(_HARBOURS, (3, 4, 2.5, 6, 5, 3.5), strict=True), 1)
    )
    return f'''"""{title}: what the harbour office publishes, as objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tidewatch.clock import local_zone
from tidewatch.harbours import Harbour


@dataclass(frozen=True)
class {title}:
    harbour: str
    at: datetime
    high_water: float
    vessel: str = ""
    note: str = ""

    @property
    def is_night(self) -> bool:
        return self.at.hour < 6 or self.at.hour >= 22


class {title}Book:
    """All entries of one day, in order."""

    def __init__(self, entries: list[{title}]) -> None:
        self._entries = sorted(entries, key=lambda e: e.at)

    def next_after(self, moment: datetime) -> {title} | None:
        for entry in self._entries:
            if entry.at.replace(tzinfo=None) > moment.replace(tzinfo=None):
                return entry
        return None

    def between(self, start: datetime, hours: float) -> list[{title}]:
        end = start + timedelta(hours=hours)
        return [e for e in self._entries if start <= e.at < end]

    def by_harbour(self, harbour: Harbour) -> list[{title}]:
        return [e for e in self._entries if e.harbour == harbour.name]


{rules}
'''


def test_source(part: str) -> str:
    """The source of the part's tests."""
    thing = part.rstrip("s").title()
    cases = "\n\n".join(
        f"def test_{part}_{i}_from_{harbour.lower().replace(' ', '_')}() -> None:\n"
        f"    book = {thing}Book(load_day('2024-03-{i + 9}', harbour={harbour!r}))\n"
        f"    found = book.next_after(datetime(2024, 3, {i + 9}, {i + 5}, 30, tzinfo=ZONE))\n"
        f"    assert found is not None\n"
        f"    assert found.at == datetime(2024, 3, {i + 9}, {i + 6}, 15, tzinfo=ZONE)"
        for i, harbour in enumerate(_HARBOURS)
    )
    return (
        f"from datetime import datetime\nfrom zoneinfo import ZoneInfo\n\nfrom tidewatch.{part} import {thing}Book\n"
        f"from tests.days import load_day\n\nZONE = ZoneInfo('Europe/Oslo')\n\n\n{cases}\n"
    )


def test_run(part: str, *, passes: bool) -> str:
    """The output of `pytest -v`."""
    random = Random(part)
    names = [f"test_{p}_{i}_from_{h.lower().replace(' ', '_')}" for p in PARTS for i, h in enumerate(_HARBOURS)]
    failing = "" if passes else f"test_{part}_3_from_larkholm"
    rows = [
        f"tests/{'_'.join(n.split('_')[:2])}.py::{n} {'FAILED' if n == failing else 'PASSED'} [{100 * i // 24:>3}%]"
        for i, n in enumerate(names, 1)
    ]
    head = (
        "============================= test session starts ==============================\n"
        "platform linux -- Python 3.12.3, pytest-8.2.0, pluggy-1.5.0\nrootdir: /home/ines/tidewatch\n"
        f"collected {len(names)} items\n\n"
    )
    took = f"{random.uniform(0.8, 2.4):.2f}s"
    if passes:
        return head + "\n".join(rows) + f"\n\n============================== {len(names)} passed in {took} ==="
    return (
        head
        + "\n".join(rows)
        + f"\n\n=================================== FAILURES ===================================\n"
        f"____________________________ {failing} ____________________________\n\n"
        "    def next_after(self, moment):\n        for entry in self._entries:\n"
        ">           if entry.at.replace(tzinfo=None) > moment.replace(tzinfo=None):\n"
        "E           AssertionError: assert datetime(2024, 3, 12, 8, 15, tzinfo=UTC) == "
        "datetime(2024, 3, 12, 9, 15, tzinfo=Europe/Oslo)\n\n"
        f"{source_path(part)}:37: AssertionError\n"
        f"=========================== 1 failed, {len(names) - 1} passed in {took} ==="
    )


def search(part: str) -> str:
    """The output of `grep -rn` for the function in question."""
    random = Random(part + "search")
    files = ("api.py", "cli.py", *(f"{p}.py" for p in PARTS), "board.py", "push.py")
    uses = ("book.next_after(now)", "self._book.next_after(moment)", "found = day.next_after(start)")
    rows = sorted(
        f"src/tidewatch/{random.choice(files)}:{random.randint(12, 240)}:        {random.choice(uses)}  # {part}"
        for _ in range(24)
    )
    return "\n".join(rows)


def server_log(part: str) -> str:
    """The imaginary service's log: much of the same, and one line that matters."""
    random = Random(part + "log")
    rows = []
    for minute in range(120):
        at = f"2024-03-12T{6 + minute // 60:02}:{minute % 60:02}:0{random.randint(0, 9)}Z"
        rows.append(f"{at} INFO  tidewatch.api GET /v2/{part}?harbour=larkholm 200 {random.randint(3, 40)}ms")
        if minute % 3 == 0:
            rows.append(f"{at} DEBUG tidewatch.cache hit {part}:larkholm:2024-03-12 age={random.randint(1, 300)}s")
    rows.insert(97, f"2024-03-12T07:12:04Z WARN  tidewatch.{part} entry at 09:15+01:00 compared without its zone")
    return "\n".join(rows)


def records(part: str) -> str:
    """An answer of the imaginary service: JSON, indented."""
    random = Random(part + "records")
    rows = [
        {
            "id": f"{part[:2]}-{i:04}",
            "harbour": random.choice(_HARBOURS),
            "at": f"2024-03-12T{6 + i // 4:02}:{15 * (i % 4):02}:00+01:00",
            "vessel": random.choice(("Tern", "Kittiwake", "Dunlin")),
            "high_water": round(random.uniform(1.1, 3.9), 2),
            "delayed": False,
            "note": None,
        }
        for i in range(44)
    ]
    return json.dumps({"part": part, "count": len(rows), "entries": rows}, indent=2)


def install(part: str) -> str:
    """The output of `pip install`, with its progress bars."""
    random = Random(part + "install")
    out = []
    for name in ("tzdata", "httpx", "pydantic-core", "uvicorn"):
        size = random.randint(90, 2400)
        steps = "".join(
            f"\r\x1b[K     \x1b[38;5;70m{'━' * (done // 3):<33}\x1b[0m {size * done // 100}/{size} kB 3.{done % 9} MB/s"
            for done in range(4, 101, 8)
        )
        out.append(
            f"Collecting {name}\n  Downloading {name}-{random.randint(1, 9)}.{random.randint(0, 30)}.whl\n{steps}"
        )
    return "\n".join(out) + "\nInstalling collected packages: tzdata, httpx, pydantic-core, uvicorn\nDone."


def diff(part: str) -> str:
    """The output of `git diff` after the fix."""
    thing = part.rstrip("s").title()
    return f"""diff --git a/{source_path(part)} b/{source_path(part)}
--- a/{source_path(part)}
+++ b/{source_path(part)}
@@ -33,8 +33,10 @@ class {thing}Book:
         self._entries = sorted(entries, key=lambda e: e.at)

     def next_after(self, moment: datetime) -> {thing} | None:
+        if moment.tzinfo is None:
+            raise ValueError("a moment without a zone cannot be compared")
         for entry in self._entries:
-            if entry.at.replace(tzinfo=None) > moment.replace(tzinfo=None):
+            if entry.at > moment:
                 return entry
         return None
"""
