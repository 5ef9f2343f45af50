"""Each kind is known by its content, and keeps what it was called for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock import Aggressiveness, Compressed, ToolOutput
from penstock_plugins.trim import compress
from penstock_plugins.trim.kinds import kind_of
from penstock_plugins.trim.names import is_error
from tests.plugins.trim import outputs

SETTINGS: tuple[Aggressiveness, ...] = ("safe", "balanced", "bold")


def bold(output: ToolOutput) -> Compressed:
    found = compress(replace(output, aggressiveness="bold"))
    assert found is not None
    return found


@pytest.mark.parametrize("name", outputs.KINDS)
def test_a_kind_is_known_by_its_content(name: str) -> None:
    """The tool's name is a help, not a need: the same text from a tool nobody knows is of the same kind."""
    output = outputs.KINDS[name]
    assert kind_of(output).name == name
    if name not in ("report", "file", "search results"):
        assert kind_of(ToolOutput(output.text, "mystery")).name == name


@pytest.mark.parametrize("name", outputs.KINDS)
def test_no_error_line_is_lost(name: str) -> None:
    """Whatever the kind and the aggressiveness, what a line says went wrong is still there."""
    output = outputs.KINDS[name]
    lines = output.text.split("\n")
    lines.insert(len(lines) // 2, outputs.ERROR)
    for aggressiveness in SETTINGS:
        found = compress(replace(output, text="\n".join(lines), aggressiveness=aggressiveness))
        assert found is None or outputs.ERROR in found.text, aggressiveness


@pytest.mark.parametrize("name", [name for name in outputs.KINDS if name != "JSON"])
def test_error_lines_stand_in_full(name: str) -> None:
    """Line number or path in front included: people and tools look for the whole line."""
    output = outputs.KINDS[name]
    for aggressiveness in SETTINGS:
        found = compress(replace(output, aggressiveness=aggressiveness))
        for line in output.text.split("\n"):
            if found is not None and is_error(line) and len(line) < 300:
                assert line.strip() in found.text, aggressiveness


@pytest.mark.parametrize("name", [*outputs.KINDS])
def test_bold_shortens_every_kind(name: str) -> None:
    """There is something to gain in each; what was cut says its kind, its size and the way back."""
    output = outputs.KINDS[name]
    found = bold(output)
    assert len(found.text) < 0.9 * len(output.text)
    assert found.kind == name
    assert found.lines == output.text.count("\n") + 1
    if not found.lossless:
        head = found.text.split("\n")[0]
        assert head.startswith(f"[{name}: {found.lines_kept} of {found.lines} lines;")
        assert "expand " in head


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (outputs.go_tests(), ["    press_test.go:41: want 7 litres, got 3", "--- FAIL: TestPress (0.02s)"]),
        (outputs.pytest_run(), ["E       AssertionError: want 7 litres, got 3", "1 failed, 120 passed in 3.10s"]),
        (outputs.cargo_tests(), ["panicked at src/press.rs:41:9: want 7, got 3", "120 passed; 1 failed; 0 ignored"]),
        (
            outputs.jest_run(),
            ["  ✕ presses until full (5 ms)", "    Expected: 7", "    Received: 3", "1 failed, 120 passed"],
        ),
    ],
)
def test_a_test_run_keeps_failures_and_totals(text: str, told: list[str]) -> None:
    """The passing tests may go; what failed, why, and how many, may not."""
    found = bold(ToolOutput(text, "Bash"))
    assert found.kind == "test run"
    assert len(found.text) < 0.5 * len(text)
    assert all(line in found.text for line in told)


def test_a_build_keeps_the_error_and_its_place() -> None:
    found = bold(outputs.KINDS["build log"])
    assert "error[E0308]: mismatched types" in found.text
    assert "src/press.rs:41:9" in found.text
    assert len(found.text) < 0.3 * len(outputs.build())


def test_a_trace_keeps_what_was_raised_and_our_own_frame() -> None:
    found = bold(outputs.KINDS["stack trace"])
    assert 'File "/home/ann/orchard/press.py", line 41, in fill' in found.text
    assert "orchard.press.TankFull: 7 litres" in found.text


def test_an_access_log_keeps_what_failed_and_counts_the_rest() -> None:
    found = bold(outputs.KINDS["access log"])
    assert '"POST /press HTTP/1.1" 503 19' in found.text
    assert "300 requests: GET /fruit/# 200 ×299" in found.text


def test_a_table_keeps_its_names_outliers_and_ranges() -> None:
    found = bold(outputs.KINDS["table"])
    assert "tree,variety,kilos,state" in found.text
    assert "169,pear,930,rotten" in found.text
    assert "300 rows: tree 0 to 299;" in found.text
    assert "kilos 20 to 930" in found.text


def test_columns_keep_their_names_and_the_odd_row() -> None:
    """A long table is told by its ranges and counts; a short one stays whole in every setting."""
    found = bold(outputs.KINDS["columns"])
    assert "NAME                 READY   STATUS             RESTARTS   AGE" in found.text
    assert "press-tank           0/1     CrashLoopBackOff   41         9d" in found.text
    assert "STATUS Running 139, CrashLoopBackOff 1" in found.text
    short = "\n".join(outputs.columns().split("\n")[:40])
    again = compress(ToolOutput(short, "Bash", {"command": "kubectl get pods"}, "", "bold"))
    assert again is None or again.lossless


def test_records_keep_their_schema_and_the_odd_one() -> None:
    found = bold(outputs.KINDS["JSON"])
    assert "[60 rows: id|tree|ripe|note|state]" in found.text
    assert "31|tree-31|false|null|error: struck by lightning" in found.text


def test_a_diff_keeps_files_and_hunks_of_kept_lines() -> None:
    lines = bold(outputs.KINDS["diff"]).text.split("\n")
    changed = [index for index, line in enumerate(lines) if line.startswith("+\t")]
    assert changed
    for index in changed:
        above = lines[:index]
        assert any(line.startswith("diff --git") for line in above)
        assert any(line.startswith("@@") for line in above)


def test_a_snapshot_keeps_what_can_be_acted_on() -> None:
    found = bold(outputs.KINDS["page snapshot"])
    assert all(f'button "Pick row {index}" [ref=e{index + 100}]' in found.text for index in range(80))


def test_a_page_keeps_its_words_not_its_scripts() -> None:
    found = bold(outputs.KINDS["page"])
    assert "<h1>Rows to pick</h1>" in found.text
    assert "fruitTree77" not in found.text


def test_a_file_keeps_its_definitions_in_runs() -> None:
    """A cut file reads as pieces of code, not as single lines: most kept lines stand beside another."""
    found = bold(outputs.KINDS["source"])
    body = found.text.split("\n")[1:]
    numbers = [int(line.split("→")[0]) for line in body if "→" in line]
    assert numbers == sorted(numbers)
    assert all(f"func Pick{index}(" in found.text for index in range(60))


def test_an_echo_says_what_the_agent_wrote_itself() -> None:
    """The lines of the call need not stand twice; those around them stay."""
    new = "\n".join(f"\tbasket.Put(fruit{index})" for index in range(30))
    shown = ["func Fill() {", *new.split("\n"), "}"]
    text = "The file has been updated:\n" + "\n".join(f"{n:>6}→{line}" for n, line in enumerate(shown, 7))
    found = compress(ToolOutput(text, "Edit", {"old_string": "x", "new_string": new}, "", "balanced"))
    assert found is not None
    assert found.lossless
    assert found.text == "The file has been updated:\n7→func Fill() {\n[8-37: as you wrote]\n38→}"


def test_an_echo_of_a_whole_file_shows_where_lines_stand_in_safe() -> None:
    """The agent knows what it wrote, but not its numbers: each tenth line is begun."""
    new = "\n".join(f"basket.put(fruit_{index}, gently)" for index in range(60))
    text = "The file has been written:\n" + "\n".join(f"{n:>6}→{line}" for n, line in enumerate(new.split("\n"), 1))
    for setting, marks in (("safe", 6), ("balanced", 0)):
        found = compress(ToolOutput(text, "Write", {"content": new}, "", setting))  # type: ignore[arg-type]
        assert found is not None
        assert found.lossless
        lines = found.text.split("\n")
        assert lines[1].startswith("[1-60: as you wrote")
        assert [line.partition("→")[0] for line in lines[2:]] == [str(10 * n) for n in range(1, marks + 1)]


def test_a_short_listing_stays_whole() -> None:
    """Each of its names is what it was called for."""
    names = "\n".join(f"orchard/{a}{b}/press.ex" for a in "abcdefgh" for b in "klmnopqrst")
    found = compress(ToolOutput(names, "Glob", {"pattern": "**/*.ex"}, "", "bold"))
    assert found is None or found.lossless


def test_a_log_that_begins_alike_is_no_table() -> None:
    """Columns that repeat the first line's words name nothing."""
    text = "\n".join(f"lint\tRun the linter\t2024-03-02T10:00:{index % 60:02d}Z step {index}" for index in range(90))
    assert kind_of(ToolOutput(text, "Bash")).name != "table"


def test_a_list_that_begins_with_numbers_is_no_file() -> None:
    """Line numbers count up by one; a hole in them is how a cut file shows what is missing."""
    text = "\n".join(f"{147 - index}\tMend ladder {index}\tann/ladder-{index}\tOPEN" for index in range(60))
    assert kind_of(ToolOutput(text, "Bash")).name != "source"
