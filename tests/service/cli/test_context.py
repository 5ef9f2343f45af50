"""`penstock context` and `penstock serve`."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.cli.app import build
from penstock.store.store_file import store_file
from tests.service.cli.conftest import Command
from tests.service.conftest import TOKEN, Service


@pytest.fixture
def run(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "service-token").write_text(TOKEN)

    def call(*words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(build(), ["context", *words, "--url", service.url], input=stdin)

    return call


def test_a_value_is_put_printed_and_listed(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "cli/a has version 1" in run("put", "cli/a", '{"n": 1}', "--tag", "t").stdout
    assert json.loads(run("get", "cli/a").stdout) == {"n": 1}
    assert "cli/b has version 1" in run("put", "cli/b", stdin="just words").stdout
    assert json.loads(run("get", "cli/b").stdout) == "just words"
    (tmp_path / "file.json").write_text("[1]")
    assert json.loads(run("put", "cli/c", "--file", str(tmp_path / "file.json"), "--json").stdout)["size"] == 3
    assert [row.split()[0] for row in run("list", "cli/").stdout.splitlines()] == ["cli/a", "cli/b", "cli/c"]
    assert json.loads(run("list", "cli/", "--tag", "t", "--json").stdout)[0]["key"] == "cli/a"
    assert "No contexts" in run("list", "none/").stderr


def test_history_rollback_delete_and_search(run) -> None:  # type: ignore[no-untyped-def]
    run("put", "cli/h", '"the first gondola"')
    run("put", "cli/h", '"the second gondola"')
    assert [row.split()[0] for row in run("history", "cli/h").stdout.splitlines()] == ["v2", "v1"]
    assert "version 3" in run("rollback", "cli/h", "1").stdout
    assert "first gondola" in run("search", "gondolas").stdout
    assert "deleted" in run("delete", "cli/h").stdout
    assert "Nothing found" in run("search", "gondolas").stderr
    assert "version 3" in run("undelete", "cli/h").stdout


def test_what_is_wrong_is_one_line_and_status_two(run) -> None:  # type: ignore[no-untyped-def]
    for words, said in (
        (("get", "cli/none"), "there is no context cli/none"),
        (("put", "a b", "1"), "key"),
        (("put", "cli/x", "1", "--expect", "4"), "version 4 was expected"),
        (("put", "cli/x", "--file", "/nowhere/x.json"), "/nowhere/x.json cannot be read"),
    ):
        failed = run(*words)
        assert failed.exit_code == 2
        assert said in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1


@contextmanager
def serving(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PENSTOCK_HOME": str(home)}
    command = [sys.executable, "-m", "penstock", "serve", *words]
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as up:
        try:
            yield up
        finally:
            up.kill()


@pytest.mark.slow
def test_serve_says_where_it_is_and_ends_with_a_signal(tmp_path: Path) -> None:
    """And what was kept is there at the next start."""
    for words in (("put", "kept", "1"), ("get", "kept")):
        with serving(tmp_path, "--port", "0") as up:
            assert up.stdout is not None
            line = up.stdout.readline()
            url = line.split()[2].removesuffix("/v1/contexts,").removesuffix("/v1/contexts")
            token = tmp_path / "state" / "service-token"
            assert str(token) in line
            assert stat.S_IMODE(token.stat().st_mode) == 0o600
            environment = {**os.environ, "PENSTOCK_HOME": str(tmp_path)}
            command = [sys.executable, "-m", "penstock", "context", *words, "--url", url]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
            assert "1" in done.stdout
            up.send_signal(signal.SIGINT)
            assert up.wait(30) == 0
            assert up.stderr is not None
            assert up.stderr.read() == ""
    assert stat.S_IMODE((tmp_path / "state" / "contexts.db").stat().st_mode) == 0o600


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with serving(tmp_path, "--port", port) as up:
            _, said = up.communicate(timeout=60)
            assert up.returncode == 2
            assert f"127.0.0.1:{port} cannot be listened on" in said


def test_broken_json_does_not_take_the_place_of_a_value(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Neither as an argument nor from a file or stdin."""
    run("put", "plan", '{"step": 1}')
    (tmp_path / "broken.json").write_text('{"step": 2,\n')
    for words, stdin, said in (
        (("{'step': 2}",), "", "line 1 column 2"),
        (("[1, 2",), "", "line 1 column 6"),
        (("-",), '\n{"step"', "line 2 column 8"),
        (("--file", str(tmp_path / "broken.json")), "", "line 2 column 1"),
    ):
        refused = run("put", "plan", *words, stdin=stdin)
        assert refused.exit_code == 2
        assert said in refused.stderr
        assert "--text keeps it as a text" in refused.stderr
    assert json.loads(run("get", "plan").stdout) == {"step": 1}


def test_what_is_no_number_is_named(run) -> None:  # type: ignore[no-untyped-def]
    """Neither NaN nor an endless time reaches the service."""
    for words, said in (
        (("NaN",), "NaN is no number of JSON"),
        (("[1, -Infinity]",), "-Infinity is no number of JSON"),
        (("1", "--ttl", "nan"), "a finite number was expected, not nan"),
        (("1", "--ttl", "inf"), "a finite number was expected, not inf"),
    ):
        refused = run("put", "cli/nan", *words)
        assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr
    run("put", "cli/nan", "NaN", "--text")
    assert json.loads(run("get", "cli/nan").stdout) == "NaN"


def test_a_dash_reads_stdin_also_as_a_file(run) -> None:  # type: ignore[no-untyped-def]
    assert "version 1" in run("put", "cli/dash", "--file", "-", stdin='{"n": 2}').stdout
    assert json.loads(run("get", "cli/dash").stdout) == {"n": 2}


def test_a_text_is_kept_as_it_is_on_request(run) -> None:  # type: ignore[no-untyped-def]
    """Broken JSON, and JSON as well."""
    for value in ("{oops", '{"a": 1}'):
        run("put", "text", value, "--text")
        assert json.loads(run("get", "text").stdout) == value


def test_text_that_begins_with_a_quote_is_kept_with_a_hint(command: Command) -> None:
    """Plain words and JSON get none."""
    said = command("context", "put", "hint", '"oops')
    assert "'\"oops' is no JSON" in said.stderr
    assert "kept as a text" in said.stderr
    assert json.loads(command("context", "get", "hint").stdout) == '"oops'
    for value in ("plain words", '{"a": 1}', '"{oops"'):
        assert command("context", "put", "hint", value).stderr == ""
    assert command("context", "get", "hint").stdout.strip() == '"{oops"'


def test_a_service_with_a_store_of_its_own_is_asked_with_its_token(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is in the folder of that store, also where the store is named by the URL of a database."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    url = "postgresql://me@127.0.0.1:9/none"
    for store in (str(tmp_path / "own" / "penstock.db"), url):
        folder = store_file(store).parent
        folder.mkdir(exist_ok=True)
        (folder / "service-token").write_text(TOKEN)
        for words in (["context", "list"], ["jobs", "list"], ["context", "export"]):
            without = CliRunner().invoke(build(), [*words, "--url", service.url])
            assert (without.exit_code, "no service has run here yet" in without.stderr) == (2, True)
            found = CliRunner().invoke(build(), [*words, "--url", service.url, "--store", store])
            assert found.exit_code == 0, found.output
