"""Tool outputs of each kind, generated (`KINDS`), for tests of the compressors."""

from __future__ import annotations

import json
from typing import Any

from penstock import ToolOutput

ERROR = "orchard/press.go:88: error: the tank is full"


def read_file(functions: int = 60, start: int = 1) -> str:
    """A Go file as a reader with line numbers gives it."""
    lines = ["package orchard", "", "import (", '\t"fmt"', ")", ""]
    for index in range(functions):
        lines += [
            f"// Pick{index} takes the ripe fruit of row {index}.",
            f"func Pick{index}(basket *Basket, rowCount int) error {{",
            f"\tladderHeight := measureLadder({index}, rowCount)",
            "\tif ladderHeight == 0 {",
            f'\t\treturn fmt.Errorf("failed to raise ladder {index}")',
            "\t}",
            "\tbasket.Add(ladderHeight)",
            "\treturn nil",
            "}",
            "",
        ]
    return "\n".join(f"{number:>6}→{line}" for number, line in enumerate(lines, start))


def search() -> str:
    root = "/home/ann/orchard/"
    lines = []
    for file in ("pick/ladder.go", "pick/basket.go", "press/tank.go"):
        for number in range(10, 90, 8):
            lines += [
                f"{root}{file}-{number}-",
                f"{file}-{number + 1}-\tif err := open(tank); err != nil {{",
                f"{file}:{number + 2}:\tladder.Raise(row{number}, basketSize)",
                f"{root}{file}-{number + 3}-\tbasket.Close()",
                f'{file}-{number + 4}-\treturn errors.New("failed: no tank")',
                "--",
            ]
    return "\n".join(lines)


def go_tests() -> str:
    names = [f"TestRipeness{index}" for index in range(80)]
    lines = [line for name in names for line in (f"=== RUN   {name}", f"--- PASS: {name} (0.00s)")]
    lines += [
        "=== RUN   TestPress",
        "    press_test.go:41: want 7 litres, got 3",
        "--- FAIL: TestPress (0.02s)",
        "FAIL",
    ]
    return "\n".join([*lines, "FAIL\torchard/press\t0.412s"])


def pytest_run() -> str:
    lines = ["===== test session starts =====", "collected 240 items", ""]
    lines += [f"tests/test_row{index}.py::test_ripe{index} PASSED [ {index % 90 + 10}%]" for index in range(120)]
    lines += ["tests/test_press.py::test_full FAILED [100%]", "E       AssertionError: want 7 litres, got 3"]
    return "\n".join([*lines, "===== 1 failed, 120 passed in 3.10s ====="])


def cargo_tests() -> str:
    lines = ["running 120 tests", *(f"test pick::row_{index} ... ok" for index in range(120))]
    lines += ["test press::full ... FAILED", "thread 'press::full' panicked at src/press.rs:41:9: want 7, got 3"]
    return "\n".join([*lines, "test result: FAILED. 120 passed; 1 failed; 0 ignored"])


def jest_run() -> str:
    lines = ["PASS src/pick.test.ts", *(f"  ✓ picks row {index} gently (2 ms)" for index in range(120))]
    lines += ["FAIL src/press.test.ts", "  ✕ presses until full (5 ms)", "    Expected: 7", "    Received: 3"]
    return "\n".join([*lines, "Tests:       1 failed, 120 passed, 121 total"])


def build() -> str:
    lines = [f"   Compiling fruit-{index} v0.{index}.1" for index in range(150)]
    lines += ["error[E0308]: mismatched types", "  --> src/press.rs:41:9", "   |", "41 |     tank.fill(seven)"]
    return "\n".join([*lines, "warning: unused variable `lid`", "error: could not compile `press`"])


def trace() -> str:
    lines = ["Traceback (most recent call last):"]
    for index in range(60):
        lines += [f'  File "/venv/lib/python3.11/site-packages/fruit/layer{index}.py", line {index + 10}, in call']
        lines += [f"    return self.inner_{index}(request, **options)"]
    lines += ['  File "/home/ann/orchard/press.py", line 41, in fill', "    raise TankFull(level)"]
    return "\n".join([*lines, "orchard.press.TankFull: 7 litres"])


def access_log() -> str:
    lines = [
        f"10.0.{index % 7}.4 - - [02/Mar/2024:10:{index % 60:02d}:07 +0000] "
        f'"GET /fruit/{index} HTTP/1.1" 200 {500 + index}'
        for index in range(300)
    ]
    lines[140] = '10.0.1.9 - - [02/Mar/2024:10:20:07 +0000] "POST /press HTTP/1.1" 503 19'
    return "\n".join(lines)


def table() -> str:
    lines = ["tree,variety,kilos,state"]
    lines += [f"{index},{'pear' if index % 3 else 'quince'},{20 + index % 9},ripe" for index in range(300)]
    lines[170] = "169,pear,930,rotten"
    return "\n".join(lines)


def columns() -> str:
    lines = ["NAME                 READY   STATUS             RESTARTS   AGE"]
    lines += [
        f"press-{7919 * row + 65537:07x}        1/1     Running            0          {row}d" for row in range(140)
    ]
    lines[70] = "press-tank           0/1     CrashLoopBackOff   41         9d"
    return "\n".join(lines)


def records() -> str:
    return json.dumps([_record(index) for index in range(60)], indent=2)


def _record(index: int) -> dict[str, Any]:
    record: dict[str, Any] = {"id": index, "tree": f"tree-{index}", "ripe": index % 2 == 0, "note": None}
    return record | ({"state": "error: struck by lightning"} if index == 31 else {})


def diff() -> str:
    lines = []
    for index in range(20):
        lines += [f"diff --git a/row{index}.go b/row{index}.go", f"index 1111111..222222{index % 10} 100644"]
        lines += [f"--- a/row{index}.go", f"+++ b/row{index}.go", f"@@ -{index + 1},6 +{index + 1},7 @@ func Pick() {{"]
        lines += [
            " \tladder.Raise()",
            " \tbasket.Open()",
            f"-\tbasket.Put(fruit{index})",
            f"+\tbasket.PutGently(fruit{index})",
        ]
        lines += [" \tbasket.Close()", " \tladder.Lower()", " }"]
    return "\n".join(lines)


def history() -> str:
    lines = []
    for index in range(40):
        lines += [
            f"commit {index:02d}" + "3f9c1e7a" * 4,
            "Author: Ann <ann@example.com>",
            "Date:   Sat Mar 2 10:00:00 2024",
        ]
        lines += ["", f"    Pick row {index} before the frost", ""]
    return "\n".join(lines)


def listing() -> str:
    own = [f"orchard/rows/row_{index}.go" for index in range(60)]
    return "\n".join([*own, *(f"node_modules/fruit/lib/part{index}.js" for index in range(200))])


def snapshot() -> str:
    lines = ["- main [ref=e1]:"]
    for index in range(80):
        lines += ["  - list [ref=e2]:", "    - listitem [ref=e3]:", "      - generic [ref=e4]:"]
        lines += [f'        - button "Pick row {index}" [ref=e{index + 100}]']
    return "\n".join(lines)


def page() -> str:
    lines = ["<!DOCTYPE html>", "<html>", "<head>", "<title>Orchard</title>", "<script>"]
    lines += [f"  var fruit{index} = window.fruitTree{index} || makeTree({index});" for index in range(120)]
    lines += ["</script>", "</head>", "<body>", *("<div><div>" for _ in range(40)), "<h1>Rows to pick</h1>"]
    return "\n".join(
        [*lines, *(f"<p>Row {index} is ripe and waits for its ladder.</p>" for index in range(60)), "</html>"]
    )


def report() -> str:
    lines = ["# The orchard in March", ""]
    for index in range(40):
        lines += [
            f"## Row {index}",
            "",
            f"The ladder of row {index} was moved to the `press_room_{index}`, see orchard/rows.md.",
            "",
        ]
        lines += ["The weather was mild and the birds were many, as they have been in each of the years before.", ""]
    return "\n".join(lines)


def script() -> str:
    lines = ["package orchard", ""]
    for index in range(60):
        lines += [f"func Pick{index}(basket *Basket) error {{", f"\tladder := raise({index})"]
        lines += ["\tfor fruit := range ladder.fruits() {", "\t\tbasket.put(fruit)", "\t}", "\treturn nil", "}", ""]
    return "\n".join(lines)


def progress() -> str:
    bar = "\r".join(f"fetching orchard {done}%" for done in range(0, 101, 5))
    return "\n".join([f"\x1b[32m{bar}\x1b[0m", *(["waiting for the tank"] * 50), "", "", "", "", "done after 51 steps"])


KINDS: dict[str, ToolOutput] = {
    "source": ToolOutput(read_file(), "Read", {"file_path": "/orchard/pick.go"}),
    "search results": ToolOutput(search(), "Grep", {"pattern": "Raise"}),
    "test run": ToolOutput(go_tests(), "Bash", {"command": "go test ./..."}),
    "build log": ToolOutput(build(), "Bash", {"command": "cargo build"}),
    "stack trace": ToolOutput(trace(), "Bash", {"command": "python press.py"}),
    "access log": ToolOutput(access_log(), "Bash", {"command": "cat access.log"}),
    "table": ToolOutput(table(), "Bash", {"command": "cat trees.csv"}),
    "columns": ToolOutput(columns(), "Bash", {"command": "kubectl get pods"}),
    "JSON": ToolOutput(records(), "Bash", {"command": "curl localhost/trees"}),
    "diff": ToolOutput(diff(), "Bash", {"command": "git diff"}),
    "git log": ToolOutput(history(), "Bash", {"command": "git log"}),
    "listing": ToolOutput(listing(), "Bash", {"command": "find ."}),
    "page snapshot": ToolOutput(snapshot(), "browser_snapshot"),
    "page": ToolOutput(page(), "Bash", {"command": "curl localhost"}),
    "report": ToolOutput(report(), "WebFetch"),
    "prose": ToolOutput(report(), "Bash", {"command": "orchard issue 7"}),
    "file": ToolOutput(script(), "Bash", {"command": "cat pick.go"}),
    "unnumbered source": ToolOutput(script(), "Bash", {"command": "orchard print pick"}),
    "output": ToolOutput(progress(), "Bash", {"command": "./fetch"}),
}
"""One of each kind, by the kind's name."""
