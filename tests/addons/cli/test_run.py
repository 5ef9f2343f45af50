"""`penstock run`: a client through the proxy, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.base import paths
from penstock.control.discovery import Announcement, announce, announced, default_file
from penstock.events.event import EventKind
from penstock.store.sql import SqlStore
from penstock_addons.cli.certificate_authority import certificate
from penstock_addons.cli.child import ChildProxy
from penstock_addons.cli.run import ollama_address, profile_of, proxy_behind
from tests.addons.cli.program import is_gone, write_client
from tests.addons.conftest import Run, Start
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, wait_until

pytestmark = pytest.mark.slow

# Says what it was given, and what the proxy that serves it is. Without a terminal of its own it writes to a file.
TELL = """
import json, os, sys
proxy = json.load(open(os.environ["PENSTOCK_PROXY_FILE"]))
told = json.dumps({"environ": dict(os.environ), "arguments": sys.argv[1:], "proxy": proxy})
if "TELL_TO" in os.environ:
    open(os.environ["TELL_TO"], "w").write(told)
else:
    print(told, flush=True)
"""
# Stays until a signal comes, and says which.
STAY = (
    TELL
    + """
import signal
def end(number, frame):
    print("signal", number, flush=True)
    sys.exit(0 if number == signal.SIGINT else 128 + number)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
while True:
    signal.pause()
"""
)
ASK = """
import json, os, sys, urllib.request
body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
request = urllib.request.Request(sys.argv[1], json.dumps(body).encode(), {"content-type": "application/json"})
print(urllib.request.urlopen(request, timeout=30).status)
"""
UNSEEN = "no request to a model was seen: a host that Penstock does not know is read if `hosts` in the profile names it"


Told = tuple[dict[str, str], Announcement]


def _told(text: str) -> Told:
    told: dict[str, Any] = json.loads(text.splitlines()[0])
    return told["environ"], Announcement(**told["proxy"])


@pytest.fixture
def told_by(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    """Runs a client of that name, with options for `penstock run` before it, and gives what it was told."""

    def told_by(client: str, *options: str) -> Told:
        monkeypatch.setenv("TELL_TO", str(tmp_path / "told"))
        found = run("run", *options, str(write_client(client, TELL)))
        assert found.exit_code == 0, found.output
        return _told((tmp_path / "told").read_text(encoding="utf-8"))

    return told_by


def _whys(store: str) -> list[str]:
    log = SqlStore(Path(store), readonly=True)
    try:
        return [str(e.payload["why"]) for e in log.events_after() if e.kind is EventKind.BYPASSED]
    finally:
        log.close()


def test_starts_a_proxy_for_as_long_as_the_client_runs(start: Start, confdir: Path) -> None:
    """The client finds everything set, its arguments are its own, its status is ours, and the proxy is gone with it."""
    client = write_client("claude", TELL + "sys.exit(7)")
    program = start("run", "--confdir", str(confdir), "--", str(client), "-p", "--port", "hi")
    assert program.status() == 7, program.err
    environ, proxy = _told(program.out)
    assert json.loads(program.out)["arguments"][-3:] == ["-p", "--port", "hi"]
    assert environ["HTTPS_PROXY"] == f"http://127.0.0.1:{proxy.port}"  # its own proxy has the client's profile
    assert proxy.profile == "claude-code"
    assert environ["NODE_EXTRA_CA_CERTS"] == proxy.ca == str(confdir / "mitmproxy-ca-cert.pem")
    assert Path(proxy.ca).read_text().strip() in Path(environ["SSL_CERT_FILE"]).read_text()
    assert is_gone(proxy.pid)
    assert not Path(environ["PENSTOCK_PROXY_FILE"]).parent.exists()
    assert "subscription login" in program.err  # the first time, and never again


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT])
def test_hands_signals_to_the_client(start: Start, confdir: Path, ends: signal.Signals) -> None:
    """The client ends as it likes, then the proxy is stopped, then we end with the client's status."""
    program = start("run", "--confdir", str(confdir), sys.executable, str(write_client("stay", STAY)))
    program.wait_for("ready")
    environ, proxy = _told(program.out)
    assert not is_gone(proxy.pid)
    program.send(ends)
    assert program.status() == (0 if ends is signal.SIGINT else 143)
    assert f"signal {int(ends)}" in program.out
    assert is_gone(proxy.pid)
    assert not Path(environ["PENSTOCK_PROXY_FILE"]).exists()


def test_the_proxy_goes_even_when_we_are_killed(start: Start, confdir: Path) -> None:
    """P14: nothing is left behind after a `kill -9`."""
    program = start("run", "--confdir", str(confdir), sys.executable, str(write_client("stay", STAY)))
    program.wait_for("ready")
    proxy = _told(program.out)[1]
    program.send(signal.SIGKILL)
    wait_until(lambda: is_gone(proxy.pid), "the proxy has ended")
    # The client was not ours to kill; the test ends it.
    children = [
        int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _is_session(p, program.process.pid)
    ]
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    program.status()


def _is_session(process: Path, session: int) -> bool:
    try:
        fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[3]) == session and int(process.name) != session


@pytest.mark.parametrize(
    ("client", "options", "user"),
    [
        ("python3", (), ""),
        ("claude", (), "claude-code:x@"),
        ("claude", ("--profile", "default"), ""),
        ("claude", ("--profile", "opencode"), "opencode:x@"),
        ("claude", ("--profile", "observe"), "claude-code+observe:x@"),
        ("python3", ("--profile", "bold"), "bold:x@"),
        ("codex", ("--bypass",), "bypass:x@"),
    ],
)
def test_uses_the_proxy_that_is_up(
    told_by: Callable[..., Told], pretended: Announcement, client: str, options: tuple[str, ...], user: str
) -> None:
    """The profile of the session travels as the proxy's user, and so does a bypass."""
    environ, proxy = told_by(client, *options)
    assert proxy == pretended
    assert environ["https_proxy"] == environ["HTTPS_PROXY"] == f"http://{user}127.0.0.1:{pretended.port}"


def test_uses_a_plain_mitmdump_that_is_up(told_by: Callable[..., Told], penstock_home: Path) -> None:
    """One started with the list of addons is found as any other, with its certificate; and is not when it has ended."""
    plain = Proxy(Setup(penstock_home, upstream_tls=1, options=["penstock_profile=default"]))
    try:
        port = plain.port()
        wait_until(lambda: announced() is not None, "it announces itself")
        environ, proxy = told_by("claude")
        assert (proxy.pid, proxy.port) == (plain.process.pid, port)
        assert environ["HTTPS_PROXY"] == f"http://claude-code:x@127.0.0.1:{port}"
        assert environ["NODE_EXTRA_CA_CERTS"] == proxy.ca == str(certificate(penstock_home / "confdir"))
        assert Path(proxy.ca).is_file()
    finally:
        plain.stop()
    assert not default_file().exists()


def test_a_proxy_that_was_given_a_profile_keeps_it(told_by: Callable[..., Told], pretended: Announcement) -> None:
    """A person chose it for all that passes; only who asks for another by name gets it."""
    announce(replace(pretended, profile="observe"), default_file())
    assert "@" not in told_by("claude")[0]["HTTPS_PROXY"]
    assert "claude-code:x@" in told_by("claude", "--profile", "claude-code")[0]["HTTPS_PROXY"]


@pytest.mark.parametrize(
    ("options", "profile", "told"),
    [
        ((), "claude-code", True),
        (("--no-mcp",), "claude-code", False),
        (("--bypass",), "claude-code", False),
        ((), "observe", False),
        (("--profile", "claude-code"), "observe", True),
        ((), "/no/such/profile.toml", False),
    ],
)
def test_the_client_is_given_the_tool_that_shows_originals(
    run: Run,
    pretended: Announcement,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    profile: str,
    told: bool,
) -> None:
    """Where something may be shortened under the profile that its requests go by, and from the store of that proxy."""
    announce(replace(pretended, profile=profile), default_file())
    monkeypatch.setenv("TELL_TO", str(tmp_path / "told"))
    assert run("run", *options, str(write_client("claude", TELL)), "-p", "hi").exit_code == 0
    *given, last, words = json.loads((tmp_path / "told").read_text(encoding="utf-8"))["arguments"]
    assert [last, words] == ["-p", "hi"]
    assert bool(given) is told
    assert not told or pretended.store in given[0]


def test_a_run_inside_a_run_uses_the_same_proxy(
    told_by: Callable[..., Told], pretended: Announcement, shared: ChildProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two in a row would read everything twice, and the second would not trust the first."""
    monkeypatch.setenv("PENSTOCK_PROXY_FILE", str(shared.file))
    environ, proxy = told_by("claude")
    assert proxy == shared.announced
    assert environ["PENSTOCK_PROXY_FILE"] == str(shared.file)


def test_traffic_passes(run: Run, shared: ChildProxy, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain HTTP to a model host, read; and with `--bypass` unread. The user's name goes no further than the proxy."""
    monkeypatch.setenv("PENSTOCK_PROXY_FILE", str(shared.file))
    ask = str(write_client("ask", ASK))
    for tag, options in (("plain", ()), ("past", ("--bypass",))):
        found = run("run", "--http", *options, ask, f"http://127.0.0.1:{provider.port}/{tag}/v1/messages")
        assert found.exit_code == 0, found.output
        (received,) = provider.received(tag)
        assert not received.head.get("proxy-authorization")
    wait_until(lambda: _whys(shared.announced.store) == ["asked for"], "the second request alone was passed by")


def test_a_host_that_is_not_read_is_no_silence(start: Start, confdir: Path, provider: Provider) -> None:
    """Where the client asked a model behind an address that Penstock does not know, the last line says what to do."""
    ask = str(write_client("ask", ASK))
    address = f"http://127.0.0.1:{provider.port}/unseen/v1/messages"
    program = start("run", "--confdir", str(confdir), "--http", sys.executable, ask, address)
    assert program.status() == 0, program.err
    assert len(provider.received("unseen")) == 1
    assert program.err.splitlines()[-1].startswith(f"penstock: {UNSEEN}")


def test_nor_is_it_with_a_proxy_that_is_up(
    run: Run, shared: ChildProxy, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That proxy writes what it saw before the last line is printed; a run that was read does not say so."""
    monkeypatch.setenv("PENSTOCK_PROXY_FILE", str(shared.file))
    address = f"http://127.0.0.1:{provider.port}/beside-one-that-is-up/v1/messages"
    seen = run("run", "--http", str(write_client("ask", ASK)), address)
    assert "no request" not in seen.output
    unread = run("run", "--http", str(write_client("ask", ASK)), address.replace("127.0.0.1", "localhost"))
    assert len(provider.received("beside-one-that-is-up")) == 2
    assert unread.output.splitlines()[-1].startswith(f"penstock: {UNSEEN}")


def test_a_profile_in_a_file_gets_a_proxy_of_its_own(
    told_by: Callable[..., Told], pretended: Announcement, confdir: Path, tmp_path: Path
) -> None:
    """No address can name a file."""
    file = tmp_path / "mine.toml"
    file.write_text('extends = "default"\n', encoding="utf-8")
    proxy = told_by("claude", "--confdir", str(confdir), "--profile", str(file))[1]
    assert proxy.pid != pretended.pid
    assert proxy.profile == str(file)
    assert is_gone(proxy.pid)


def test_ollama_is_given_an_address(start: Start, confdir: Path, provider: Provider) -> None:
    """Its own client ignores proxies for this machine, so a port of ours stands for the server it would have used."""
    ollama = write_client("ollama", TELL + ASK.replace("sys.argv[1]", 'os.environ["OLLAMA_HOST"] + "/llama/api/chat"'))
    program = start("run", "--confdir", str(confdir), str(ollama), OLLAMA_HOST=f"127.0.0.1:{provider.port}")
    assert program.status() == 0, program.err
    environ, proxy = _told(program.out)
    assert proxy.profile == "ollama"
    assert environ["OLLAMA_HOST"] in proxy.reverse.values()
    assert len(provider.received("llama")) == 1


def test_a_company_s_proxy_stays_behind_ours(pretended: Announcement) -> None:
    """One of another machine, or another one here. Not ourselves, by whatever name; and not what no longer answers."""
    assert proxy_behind({}) == ""
    assert proxy_behind({"HTTPS_PROXY": "http://ines:pw@proxy.test:3128"}) == "http://ines:pw@proxy.test:3128"
    assert proxy_behind({"https_proxy": "proxy.test:3128"}) == "proxy.test:3128"
    assert proxy_behind({"HTTPS_PROXY": pretended.url("codex")}) == ""
    assert proxy_behind({"HTTPS_PROXY": f"http://localhost:{pretended.port}"}) == ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert proxy_behind({"HTTPS_PROXY": other}) == other
    assert proxy_behind({"HTTPS_PROXY": other}) == ""


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("gpu-box", "http://gpu-box:11434"),
        ("0.0.0.0:9000", "http://127.0.0.1:9000"),
        (":9000", "http://127.0.0.1:9000"),
        ("https://ollama.example.com", "https://ollama.example.com:443"),
        ("http://[::1]:1", "http://[::1]:1"),
    ],
)
def test_reads_where_ollama_is(said: str, address: str) -> None:
    """As Ollama's own programs read the variable."""
    assert ollama_address({"OLLAMA_HOST": said}) == address


@pytest.mark.parametrize(("client", "profile"), [("claude", "claude-code"), ("codex", "codex"), ("python3", "default")])
def test_knows_the_profile_of_a_client(client: str, profile: str) -> None:
    """By its name; whatever it does not know has the default."""
    assert profile_of(client) == profile


def test_a_client_that_is_not_there_starts_no_proxy(run: Run) -> None:
    """As a shell says it: status 127."""
    found = run("run", "no-such-client")
    assert found.exit_code == 127
    assert found.stderr == "penstock: 'no-such-client' is no program on the PATH: install it, or give its path\n"


def test_a_profile_that_is_not_there_starts_no_proxy(run: Run) -> None:
    """Named before anything runs, with the nearest."""
    found = run("run", "--profile", "claud-code", sys.executable)
    assert found.exit_code == 2
    assert "Did you mean 'claude-code'?" in found.stderr


def test_says_why_the_proxy_did_not_start(start: Start, confdir: Path) -> None:
    """In the proxy's own words; the client is not run without it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        program = start("run", "--confdir", str(confdir), "--port", port, sys.executable, "-c", "print('ran')")
        assert program.status() == 2
    assert "--port" in program.err
    assert port in program.err
    assert "ran" not in program.out
    assert "Traceback" not in program.err


def test_says_which_hosts_go_past_it(run: Run, pretended: Announcement, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NO_PROXY` stays as it is, but a person is told what it costs."""
    monkeypatch.setenv("NO_PROXY", "localhost,.anthropic.com")
    found = run("run", "true")
    assert found.exit_code == 0
    assert "NO_PROXY names api.anthropic.com:" in found.stderr
    assert "openai" not in found.stderr


def test_says_in_one_line_that_all_hosts_go_past_it(
    run: Run, pretended: Announcement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of them, and how many more."""
    monkeypatch.setenv("NO_PROXY", "*")
    found = run("run", "true")
    [line] = [line for line in found.stderr.splitlines() if "NO_PROXY" in line]
    assert re.search(r"NO_PROXY names api\.anthropic\.com, \S+, \S+ and \d+ more: ", line)


@pytest.mark.parametrize(("name", "is_warned"), [("claude", True), ("other", False)])
def test_only_claude_code_is_said_to_send_a_digest(
    run: Run, pretended: Announcement, name: str, is_warned: bool
) -> None:
    """Other clients send none; and the greeting waits for it."""
    client = write_client(name, "")
    found = run("run", "--no-mcp", "--profile", "bold", "--", str(client))
    assert found.exit_code == 0, found.output
    assert ("a digest of each request" in found.output) is is_warned
    assert (paths.state_dir() / "greeted").exists() is is_warned


@pytest.mark.parametrize(
    ("client", "options", "own", "told"),
    [
        ("claude", ("--hooks",), ("-p", "hi"), True),
        ("claude", (), ("-p", "hi"), False),
        ("claude", ("--profile", "hooked"), ("-p", "hi"), True),
        ("claude", ("--profile", "hooked", "--no-hooks"), ("-p", "hi"), False),
        ("claude", ("--hooks", "--bypass"), ("-p", "hi"), False),
        ("claude", ("--hooks",), ("mcp", "list"), False),
        ("claude", ("--hooks",), ("--settings", "own.json"), False),
        ("codex", ("--hooks",), ("exec", "hi"), False),
    ],
)
def test_hooks_are_set_up_for_one_run(
    run: Run,
    pretended: Announcement,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    client: str,
    options: tuple[str, ...],
    own: tuple[str, ...],
    told: bool,
) -> None:
    """Where a user or the profile asks for them: by an argument, and no file of the user's is changed. Where they
    cannot be, it says so."""
    paths.profiles_dir().mkdir(parents=True, exist_ok=True)
    (paths.profiles_dir() / "hooked.toml").write_text('extends = "claude-code"\n[hooks]\nenabled = true\n')
    monkeypatch.setenv("TELL_TO", str(tmp_path / "told"))
    found = run("run", "--no-mcp", *options, str(write_client(client, TELL)), *own)
    assert found.exit_code == 0, found.output
    *given, first, last = json.loads((tmp_path / "told").read_text(encoding="utf-8"))["arguments"]
    assert (first, last) == own
    assert bool(given) is told
    assert ("--hooks is" in found.output) is ("--settings" in own or client == "codex")
    if told:
        hooks = json.loads(given[0].removeprefix("--settings="))["hooks"]
        assert list(hooks) == ["PreToolUse", "PostToolUse", "SubagentStart"]
        assert hooks["PreToolUse"][0]["hooks"][0]["command"].endswith("-P -m penstock hook pre-tool-use")
