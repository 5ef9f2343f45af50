"""`penstock whatif`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils

from penstock.store.sql import SqlStore
from penstock.testing import assistant, call, conversation, results, user
from tests.addons.conftest import Run

SECRET = "sk-ant-api03-not-a-real-key-at-all"
ASKED = [user("look"), assistant(call("Bash", command="ls")), results("src/one_file.py\n" * 3)]
NAMED = [*ASKED, assistant("src/one_file.py it is"), user("thanks")]
HEADERS = {"x-api-key": SECRET, "x-session-id": "11111111-aaaa-4444-8888-000000000000"}


def entry(n: int, *, counted: bool = True) -> dict[str, Any]:
    body = json.loads(conversation(*(ASKED, NAMED)[n], model="claude-sonnet-4-5"))
    usage = {"usage": {"input_tokens": 400_000, "output_tokens": 0}} if counted else {}
    return {"at": n * 10, "path": "/v1/messages", "headers": HEADERS, "body": body, **usage}


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Two requests as JSON lines."""
    file = tmp_path / "talk.jsonl"
    file.write_text("\n".join(json.dumps(entry(n)) for n in (0, 1)) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", ["log", "export", ""])
def test_a_log_of_ours_is_no_recording(run: Run, tmp_path: Path, kind: str) -> None:
    """It holds no whole request: that is said, with how to record some and what the log itself can tell."""
    file = tmp_path / "penstock.db"
    SqlStore(file).close()
    if kind == "export":
        assert run("export", "--store", str(file), "--output", str(tmp_path / "export.json")).exit_code == 0
        file = tmp_path / "export.json"
    found = run("whatif", *([str(file)] if kind else []))
    assert found.exit_code == 2
    assert ("no whole request" in found.stderr) is bool(kind)
    assert "`penstock up --profile observe -- -w FILE`" in found.stderr
    assert "`penstock cost`" in found.stderr


def test_is_a_column_for_the_recording_and_each_profile(run: Run, lines: Path) -> None:
    """What was paid, and what would have been; what was kept."""
    found = run("whatif", str(lines), "--profile", "observe", "--profile", "default")
    assert found.exit_code == 0, found.output
    rows = [line.split() for line in found.stdout.splitlines()]
    assert rows[0] == ["as", "recorded", "observe", "default"]
    table = {row[0]: row for row in rows if row}
    assert table["requests"][1:] == ["2", "2", "2"]
    assert table["dollars"][1:3] == ["$2.40", "~$2.40"]
    assert table["names"][-2:] == ["100.0%", "100.0%"]
    assert "estimated" not in found.stdout
    assert SECRET not in found.output


def test_is_json_when_asked(run: Run, lines: Path) -> None:
    """One object for each profile; none named: the default."""
    [one] = json.loads(run("whatif", str(lines), "--json").stdout)
    assert (one["profile"], one["requests"], one["recorded"]) == ("default", 2, 2.4)


def test_a_flow_file_is_known_by_its_beginning(run: Run, tmp_path: Path) -> None:
    """Whatever its name."""
    file = tmp_path / "recording"
    with file.open("wb") as out:
        body = conversation(*ASKED, model="claude-sonnet-4-5")
        request = tutils.treq(method=b"POST", path=b"/v1/messages", content=body)
        answer = tutils.tresp(content=b'{"type": "message", "content": [], "usage": {"input_tokens": 1000000}}')
        answer.headers["content-type"] = "application/json"
        FlowWriter(out).add(tflow.tflow(req=request, resp=answer))
    [one] = json.loads(run("whatif", str(file), "--profile", "observe", "--json").stdout)
    assert (one["requests"], one["paid"]) == (1, 3.0)


def test_a_har_is_known_by_its_shape(run: Run, tmp_path: Path) -> None:
    """Pretty-printed or not."""
    one = entry(0)
    request = {"method": "POST", "url": f"https://api.test{one['path']}", "postData": {"text": json.dumps(one["body"])}}
    entries = [{"startedDateTime": "2026-01-02T03:04:05Z", "request": request, "response": {"status": 200}}]
    for indent in (None, 1):
        file = tmp_path / f"talk{indent}"
        file.write_text(json.dumps({"log": {"entries": entries}}, indent=indent), encoding="utf-8")
        [found] = json.loads(run("whatif", str(file), "--json").stdout)
        assert (found["requests"], found["estimated"]) == (1, 1)


def test_what_can_not_be_read_is_named_once(run: Run, lines: Path) -> None:
    """The first bad line by its number; the rest is replayed."""
    lines.write_text(f"no JSON {SECRET}\nnor this\n" + lines.read_text(encoding="utf-8"), encoding="utf-8")
    found = run("whatif", str(lines))
    assert found.exit_code == 0, found.output
    assert "left out" not in found.stdout
    assert "line 1: no JSON" in found.stderr
    assert "(1 more like it)" in found.stderr
    assert SECRET not in found.output


def test_of_nothing(run: Run, tmp_path: Path, lines: Path) -> None:
    """A file that is not there, one without model requests, a profile that is not known."""
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"at": 1, "path": "/elsewhere", "body": {}}\n', encoding="utf-8")
    for words, said in (
        ([str(tmp_path / "nowhere")], "nowhere cannot be read"),
        ([str(empty)], "no model request that was answered (1 other requests)"),
        ([str(lines), "--profile", "default", "--profile", "defualt"], "defualt"),
    ):
        found = run("whatif", *words)
        assert found.exit_code == 2, found.output
        assert said in " ".join(found.output.split())
