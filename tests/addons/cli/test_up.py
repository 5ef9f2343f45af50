"""`penstock up`: a real proxy, on free ports."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from penstock.base import paths
from penstock.control import discovery
from penstock.control.discovery import Announcement, free_port
from penstock.events.event import EventKind
from penstock.store.sql import SqlStore
from tests.addons.cli.program import Program
from tests.addons.conftest import Run, Start
from tests.road.provider import Provider
from tests.road.proxy import wait_until
from tests.road.wire import PATIENCE

pytestmark = pytest.mark.slow

Up = Callable[..., Program]


def _ask(url: str) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        answer.read()


def _kinds(store: Path) -> list[EventKind]:
    log = SqlStore(store, readonly=True)
    try:
        return [event.kind for event in log.events_after()]
    finally:
        log.close()


def test_carries_traffic_and_ends_on_a_signal(up: Up, provider: Provider, tmp_path: Path) -> None:
    """It says what a person needs, stands for a provider on a reverse port, hands options on to mitmdump, writes to the
    store it was given, and leaves no announcement behind."""
    script, store = tmp_path / "their_addon.py", tmp_path / "other" / "log.db"
    script.write_text("def running():\n    print('their addon runs', flush=True)\n", encoding="utf-8")
    upstream = f"http://127.0.0.1:{provider.port}"
    program = up("--reverse", upstream, "--profile", "observe", "--store", str(store), "--", "-s", str(script))
    program.wait_for("their addon runs")
    program.wait_for("Ctrl-C")
    proxy = program.wait_until_up()
    assert proxy.profile == "observe"
    assert f"listens on {proxy.url()}" in program.out
    for said in (str(store), proxy.ca, proxy.reverse[upstream], "penstock run -- claude", "The first time here?"):
        assert said in program.out
    assert "subscription" not in program.out  # this profile edits nothing
    _ask(f"{proxy.reverse[upstream]}/up/v1/messages")
    assert len(provider.received("up")) == 1
    program.send(signal.SIGTERM)
    assert program.status() == 0, program.err
    assert not discovery.default_file().exists()
    kinds = _kinds(store)
    assert {EventKind.STARTED, EventKind.RECEIVED, EventKind.FORWARDED, EventKind.STOPPED} <= set(kinds)
    assert "client connect" not in program.out + program.err


def test_a_connection_that_is_open_at_the_end_leaves_no_traceback(up: Up, provider: Provider) -> None:
    """Clients keep theirs open, so each Ctrl-C would print one for each of them."""
    program = up("--quiet", "--reverse", f"http://127.0.0.1:{provider.port}")
    (address,) = program.wait_until_up().reverse.values()
    client = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    client.request("GET", "/open")
    client.getresponse().read()
    assert client.sock is not None
    program.send(signal.SIGINT)
    assert (program.status(), program.err) == (0, "")
    client.close()


def test_its_port_as_a_base_url_is_answered_with_what_to_do(up: Up) -> None:
    """As the error of an API, which the client shows: mitmproxy's own is a page on an unknown destination."""
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        _ask(f"{up().wait_until_up().url()}/v1/messages")
    error = json.load(refused.value)["error"]
    assert error["type"] == "invalid_request_error"
    assert "penstock run -- CLIENT" in error["message"]


def test_a_second_proxy_does_not_take_the_port(run: Run, pretended: Announcement) -> None:
    """The error names ours, and the next step."""
    found = run("up", "--port", str(pretended.port))
    assert found.exit_code == 2
    assert f"process {pretended.pid}" in found.stderr
    assert "penstock run" in found.stderr


def test_quiet_is_quiet(up: Up) -> None:
    """Nothing is printed while nothing goes wrong."""
    program = up("--quiet")
    program.send(signal.SIGINT)
    assert (program.status(), program.out, program.err) == (0, "", "")


def test_a_port_of_another_program_is_an_error(run: Run) -> None:
    """Before anything is started, with the option to change; for reverse ports too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        found = run("up", "--port", str(taken))
        assert found.exit_code == 2
        assert f"127.0.0.1:{taken}" in found.stderr
        assert "--port" in found.stderr
        found = run("up", "--port", str(free_port("127.0.0.1")), "--reverse", f"openai={taken}")
        assert found.exit_code == 2
        assert "--reverse openai" in found.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--reverse", "anthropic={}"), "--reverse anthropic and --port"),
        (("--serve", "{}"), "--port and --serve"),
        (("--gateway", "{}"), "--gateway and --port"),
    ],
)
def test_a_port_that_is_given_twice_is_an_error(run: Run, options: tuple[str, ...], said: str) -> None:
    """Before anything listens: mitmproxy says of the second that it is in use."""
    port = str(free_port("127.0.0.1"))
    found = run("up", "--port", port, *(option.format(port) for option in options))
    assert found.exit_code == 2
    assert f"{said} are for the same port {port}" in found.stderr


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("extends = 'default'\nmodee = 'edit'", "Did you mean 'mode'?"),
        ("extends = 'default'\nstages = ['envelop']", "Did you mean 'envelope'?"),
    ],
)
def test_a_broken_profile_stops_before_anything_listens(start: Start, tmp_path: Path, profile: str, said: str) -> None:
    """One clear line, status 2, no traceback."""
    file = tmp_path / "mine.toml"
    file.write_text(profile, encoding="utf-8")
    program = start("up", "--port", "0", "--profile", str(file))
    assert program.status() == 2
    assert said in program.err
    assert program.out == ""
    assert all(line.startswith("penstock: ") for line in program.err.splitlines())
    assert not discovery.default_file().exists()


def test_a_broken_plugin_stops_it(start: Start) -> None:
    """The command line goes on without it, a proxy does not: a person counts on what the plugin does. One message says
    what is wrong and how to start without the plugin."""
    paths.plugins_dir().mkdir(parents=True)
    (file := paths.plugins_dir() / "theirs.py").write_text("1 / 0", encoding="utf-8")
    for words in (("up", "--port", "0"), ("run", "--", "true")):
        program = start(*words)
        assert program.status() == 2
        assert program.err.splitlines() == [
            f"penstock: plugin {file}: cannot be imported: ZeroDivisionError: division by zero (line 1)",
            "penstock: To start without it: PENSTOCK_BLOCK_PLUGINS=theirs",
            "penstock: Until this is mended no proxy starts; other commands have the bundled plugins only.",
        ]
    program = start("run", "--", "true", PENSTOCK_BLOCK_PLUGINS="theirs")
    assert (program.status(), "plugin" in program.err) == (0, False)


def test_of_two_that_start_at_the_same_time_one_has_the_store(start: Start, confdir: Path, tmp_path: Path) -> None:
    """The other one ends, or says that it goes on without: two would not know of each other's edits."""
    store = str(tmp_path / "kept" / "penstock.db")
    both = [start("up", "--port", "0", "--confdir", str(confdir), "--store", store) for _ in range(2)]
    wait_until(lambda: all("To end:" in one.out or one.process.poll() is not None for one in both), "they decide")
    owners = [one for one in both if re.search(rf"^  store +{re.escape(store)}$", one.out, re.MULTILINE)]
    assert len(owners) == 1, [one.out for one in both]
    [other] = [one for one in both if one not in owners]
    wait_until(lambda: "belongs to another proxy" in other.out + other.err, "it says so")


def test_a_store_that_cannot_be_opened_is_not_called_the_store(up: Up, tmp_path: Path) -> None:
    """Traffic goes on without it, and the lines at the start say so."""
    (tmp_path / "place").write_text("a file where a folder is needed")
    place = tmp_path / "place" / "penstock.db"
    program = up("--store", str(place))
    program.wait_for("Ctrl-C")
    program.send(signal.SIGTERM)
    assert program.status() == 0
    assert f"  store    none: {place} cannot be opened, see above" in program.out.splitlines()
    assert "tui --store" not in program.out


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
def test_a_store_that_is_no_file_stops_it(run: Run, tmp_path: Path, make: Callable[[Path], None]) -> None:
    """Before anything is written there or beside it."""
    (folder := tmp_path / "folder").mkdir()
    place = folder / "place"
    make(place)
    mode = place.stat().st_mode
    found = run("up", "--port", "0", "--store", str(place))
    assert found.exit_code == 2
    assert f"{place} is a " in found.stderr
    assert [*folder.rglob("*")] == [place]
    assert place.stat().st_mode == mode


def test_a_wrong_option_of_mitmdump_stops_it(start: Start, confdir: Path) -> None:
    """mitmproxy says which, and nothing of the options of `penstock up`: it had a `--port` once."""
    program = start("up", "--port", "0", "--confdir", str(confdir), "--", "--set", "penstock_hosts_=x", "--no-such")
    assert program.status() != 0
    assert "mitmdump: error: unrecognized arguments: --no-such" in program.err
    assert "deprecated" not in program.out + program.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://corp:1", "http://"),
        ("http://", "HOST:PORT"),
        ("foo", "HOST:PORT"),
        ("foo:bar", "HOST:PORT"),
        ("http://foo:99999", "HOST:PORT"),
    ],
)
def test_a_wrong_proxy_behind_is_an_error(run: Run, url: str, said: str) -> None:
    """What was expected is said; a password in it is not repeated."""
    found = run("up", "--upstream-proxy", url)
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_reverse_port_without_a_number_is_printed(run: Run, up: Up) -> None:
    """The help says that the number may be left out; the address is printed, as a client is given it."""
    assert "NAME[=PORT]" in run("up", "--help").stdout
    program = up("--reverse", "anthropic")
    program.wait_for("Ctrl-C")
    address = program.wait_until_up().reverse["anthropic"]
    assert f"{address} -> https://api.anthropic.com   export ANTHROPIC_BASE_URL={address}" in program.out


def test_the_log_names_each_address_once(up: Up) -> None:
    """A reverse port to https listens twice, by TCP and by UDP."""
    program = up("--reverse", "anthropic")
    reverse = program.wait_until_up().reverse["anthropic"]
    program.send(signal.SIGTERM)
    assert program.status() == 0
    log = SqlStore(paths.store_path(), readonly=True)
    (listen,) = [event.payload["listen"] for event in log.events_after() if event.kind is EventKind.STARTED]
    log.close()
    assert len(listen) == len(set(listen)) == 2
    assert reverse.removeprefix("http://") in listen


@pytest.mark.parametrize(
    "plugin", ["def prices():\n    return [1]", "def compressors():\n    return len", "def redactors():\n    return 3"]
)
def test_a_plugin_that_gives_something_else_stops_it(run: Run, plugin: str) -> None:
    """As it stops `penstock profiles check`, and is named by `penstock doctor`: with the hook and what was expected."""
    file = paths.plugins_dir() / "mine.py"
    file.parent.mkdir(parents=True)
    file.write_text(f"from penstock import hookimpl\n\n@hookimpl\n{plugin}\n", encoding="utf-8")
    hook = plugin[4:].partition("(")[0]
    for words, status in ((("up",), 2), (("profiles", "check", "default"), 2), (("doctor",), 1)):
        found = run(*words)
        assert found.exit_code == status
        assert f"plugin 'mine' ({file}): {hook}() is to give " in found.output


def test_a_setting_that_makes_no_sense_stops_it(run: Run, tmp_path: Path) -> None:
    """As it stops `penstock profiles check`: with the file, the key and what was expected."""
    for text, said in (
        ("[stage.compaction]\nsoft = 0.9", "stage.compaction.soft = 0.9: it is above window.hard = 0.85"),
        ("[stage.pruning]\nlate = 'yes'", "stage.pruning.late = 'yes': true or false was expected"),
        ("[stage.pruning]\nlatte = true", "stage.pruning.latte: there is no such key. Did you mean 'late'?"),
        ("[stage.prunig]\nlate = true", "stage.prunig: no plugin gives such a stage. Did you mean 'pruning'?"),
        ("[stage.compaction.llm]\nprices = 'olama'", "llm.prices = 'olama': there is no such provider. Did you mean"),
        ("[prices.olama.default]\nwindow = 9", "prices.olama: there is no such provider. Did you mean 'ollama'?"),
        ("[prices.ollama.default]\nwindow = 0", "prices.ollama.default.window = 0: expected a number above 0"),
    ):
        file = tmp_path / "mine.toml"
        file.write_text(f'extends = "default"\n{text}\n', encoding="utf-8")
        for words in (("up", "--profile", str(file)), ("profiles", "check", str(file))):
            found = run(*words)
            assert found.exit_code == 2
            assert said in found.output
            assert str(file) in found.output


def test_warns_of_other_machines(up: Up) -> None:
    """A proxy that other machines reach is a person's choice, and what that means is said: they are not answered, or
    with `--allow-remote` anybody is."""
    for words, said in (((), "only this one is answered"), (("--allow-remote",), "can use this proxy")):
        program = up("--host", "0.0.0.0", *words)
        program.wait_until_up()
        program.send(signal.SIGTERM)
        assert program.status() == 0
        assert said in program.out


def test_reaches_the_net_through_the_proxy_behind(up: Up) -> None:
    """Where a company has one. Its login goes there, and into no line of output."""
    with socket.create_server(("127.0.0.1", 0)) as behind:
        program = up(PENSTOCK_UPSTREAM_PROXY=f"http://ines:s3cret%21@127.0.0.1:{behind.getsockname()[1]}")
        heads: list[str] = []

        def refuse() -> None:
            with behind.accept()[0] as connection, connection.makefile("rb") as lines:
                heads.extend(line.decode().strip() for line in iter(lines.readline, b"\r\n"))

        thread = threading.Thread(target=refuse)
        thread.start()
        proxies = urllib.request.ProxyHandler({"https": program.wait_until_up().url()})
        with pytest.raises(urllib.error.URLError):
            urllib.request.build_opener(proxies).open("https://llm.test/", timeout=30)
        thread.join()
    login = base64.b64encode(b"ines:s3cret!").decode()
    assert heads[0] == "CONNECT llm.test:443 HTTP/1.1"
    assert f"proxy-authorization: basic {login}".lower() in [head.lower() for head in heads]
    program.send(signal.SIGTERM)
    assert program.status() == 0
    assert "s3cret" not in program.out + program.err


@pytest.mark.parametrize("environ", [{"NO_COLOR": ""}, {"NO_COLOR": "1"}], ids=["colours", "none"])
def test_what_it_logs_has_no_colours_where_nobody_wants_them(
    penstock_home: Path, confdir: Path, environ: dict[str, str]
) -> None:
    """On a terminal; an option that is not there is said before it ends."""
    ours, theirs = pty.openpty()
    words = ["up", "--port", "0", "--confdir", str(confdir), "--", "--set", "penstock_hots=x"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "penstock", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environ},
    )
    os.close(theirs)
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    said = b""
    with suppress(OSError):  # how a terminal ends when nobody holds its other side
        while chunk := os.read(ours, 4096):
            said += chunk
    os.close(ours)
    status = process.wait(PATIENCE)
    guard.cancel()
    assert status == 1
    assert b"there is no option penstock_hots" in said
    assert (b"\x1b[" in said) is not bool(environ["NO_COLOR"])
