"""`penstock up --workers`: real processes behind one port, on one PostgreSQL database."""

from __future__ import annotations

import http.client
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.control.client import Remote, ask
from penstock.control.discovery import Announcement, all_beside, announced, default_file
from penstock.events.event import EventKind
from penstock.store.reading import all_events, open_log
from penstock.testing import check_prefix
from penstock_addons.control.siblings import workers_beside
from tests.addons.cli.program import Program, is_gone
from tests.addons.conftest import Run
from tests.road import bodies
from tests.road.provider import Answer, Gate, Provider
from tests.road.proxy import wait_until
from tests.road.stages import COUNTING
from tests.road.wire import PATIENCE

pytestmark = pytest.mark.slow

_PROFILE = """
extends = "default"
stages = ["counting"]
[limits]
stage_ms = 120000
read_ms = 120000
store_ms = 120000
[memory]
enabled = false
"""
_SAID = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
_BY = re.compile(rb"call (\d+)\.")


class Workers:
    """Two workers whose stage notes in each request which process it was."""

    def __init__(self, program: Program, provider: Provider) -> None:
        self.program, self.provider = program, provider
        self.until_there(lambda: announced() is not None)
        self.up = program.wait_until_up()
        self.store = Path(self.up.store)
        self.tag = provider.new_tag()

    @property
    def all(self) -> list[Announcement]:
        """Those that listen."""
        return workers_beside(self.store)

    def connect(self) -> http.client.HTTPConnection:
        """A new connection, which the system gives to either."""
        port = int(next(iter(self.up.reverse.values())).rpartition(":")[2])
        return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def send(self, body: bytes, session: str) -> bytes:
        """What the provider gets of a request by a new connection."""
        with closing(self.connect()) as link:
            before = len(self.provider.received(self.tag, 0))
            headers = {"content-type": "application/json", "x-claude-code-session-id": session}
            link.request("POST", f"/{self.tag}/v1/messages", body, headers)
            answer = link.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            return self.provider.received(self.tag, before + 1)[-1].body

    def until_there(self, is_so: Callable[[], bool]) -> None:
        """Wait for a worker: unlike other proxies of the tests, it imports all that it needs."""
        wait_until(
            lambda: is_so() or self.program.process.poll() is not None,
            "the workers listen",
            lambda: self.program.err,
            patience=6 * PATIENCE,
        )

    def until_served(self) -> None:
        """Wait until the service beside the workers answers."""
        self.program.wait_for("service  http://")
        address = self.program.out.partition("service  http://")[2].partition(",")[0]

        def answers() -> bool:
            with closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as link:
                link.request("GET", "/healthz")
                return link.getresponse().status == 200

        self.until_there(answers)

    def until(self, pid: int) -> None:
        """Send requests until this worker has had one."""
        for _ in range(200):
            session = bodies.new_session()
            if _worker_of(self.send(bodies.claude(bodies.ask("hello"), session=session), session)) == pid:
                return
        raise AssertionError(f"no connection of 200 went to {pid}")


def _worker_of(left: bytes) -> int:
    found = _BY.findall(left)
    return int(found[-1]) if found else 0


@pytest.fixture
def workers(
    start: Callable[..., Program], provider: Provider, postgres_url: str, confdir: Path, tmp_path: Path
) -> Iterator[Workers]:
    """They have ended after the test."""
    paths.plugins_dir().mkdir(parents=True)
    source = COUNTING.replace("call {", "call {os.getpid()}.{").replace("from", "import os\n\nfrom", 1)
    (paths.plugins_dir() / "counting.py").write_text(source, encoding="utf-8")
    profile = tmp_path / "two.toml"
    profile.write_text(_PROFILE, encoding="utf-8")
    words = ["--workers", "2", "--serve", "0", "--port", "0", "--confdir", str(confdir), "--profile", str(profile)]
    upstream = f"http://127.0.0.1:{provider.port}"
    found = Workers(start("up", *words, "--reverse", upstream, "--store", postgres_url), provider)
    pids = [one.pid for one in found.all]
    assert len(pids) == 2
    yield found
    found.program.stop()
    for pid in pids:
        wait_until(lambda pid=pid: is_gone(pid), "the worker has ended")


def test_a_conversation_over_both_is_one(workers: Workers) -> None:
    """Whichever a turn comes through, the provider gets the beginning that it got before; both have edited, and the
    requests of both are in one log. They end when who started them is killed."""
    session, messages, left, by = bodies.new_session(), [bodies.ask("begin")], b"", set()
    turns = 0
    while len(by) < 2 or turns < 6:
        turns += 1
        assert turns < 200, by
        now = workers.send(bodies.claude(*messages, session=session), session)
        if left:
            check_prefix(left, now)
        left = now
        by |= {int(pid) for pid in _BY.findall(left)}
        messages += [_SAID, bodies.ask(f"turn {turns}")]
    pids = {one.pid for one in workers.all}
    assert by == pids
    assert Remote(workers.store).do("/drain", {}, PATIENCE) == {"stored": True}
    with closing(open_log(workers.store)) as log:
        kinds = [event.kind for event in all_events(log)]
    assert kinds.count(EventKind.FORWARDED) == turns
    os.kill(workers.program.process.pid, signal.SIGKILL)
    for pid in pids:
        wait_until(lambda pid=pid: is_gone(pid), "the worker has ended")


def test_one_that_is_killed_is_started_again(workers: Workers, run: Run) -> None:
    """In the middle of an answer: the other goes on meanwhile. What was set in this run holds for all, also for the new
    one. `penstock down` ends all. The service beside them does not keep the end of a worker from being logged."""
    store = str(workers.store)
    workers.until_served()
    gate = Gate()
    workers.provider.answer(workers.tag, [Answer((b"{", gate, b"}"))])
    session = bodies.new_session()
    link = workers.connect()
    headers = {"content-type": "application/json", "x-claude-code-session-id": session}
    link.request("POST", f"/{workers.tag}/v1/messages", bodies.claude(bodies.ask("hello"), session=session), headers)
    gate.wait_until_reached()
    killed = _worker_of(workers.provider.received(workers.tag)[0].body)
    (other,) = (one.pid for one in workers.all if one.pid != killed)
    os.kill(killed, signal.SIGKILL)
    with suppress(OSError, http.client.HTTPException):
        link.getresponse().read()
    link.close()
    gate.open()
    wait_until(lambda: is_gone(killed), "it has ended")
    workers.until(other)
    assert "Editing is paused" in run("pause", "--store", store).output
    Remote(workers.store).do("/settings/set", {"values": {"mode": "observe"}}, PATIENCE)
    workers.until_there(lambda: len(workers.all) == 2)
    (new,) = (one.pid for one in workers.all if one.pid != other)
    for one in workers.all:
        shown = ask(one.address, Path(one.store), "/settings/show", {}, PATIENCE)
        assert (shown["paused"], {s["key"]: s["value"] for s in shown["settings"]}["mode"]) == (True, "observe"), one
    said = run("doctor", "--store", store).output
    assert "with 2 workers" in said
    assert "CPU: main " in said
    Remote(workers.store).do("/settings/reset", {}, PATIENCE)
    health = Remote(workers.store).health()
    assert (health["pid"], health["workers"]) == (workers.program.process.pid, 2)
    assert health["threads"]["events"] > 0
    assert "Editing goes on." in run("resume", "--store", store).output
    workers.until(new)
    assert f"worker {killed} has ended" in workers.program.err
    assert "is shutting down" in run("down", "--yes", "--store", store).output
    assert workers.program.status() == 0
    assert is_gone(other)
    assert is_gone(new)
    assert all_beside(workers.store) == []
    assert not default_file().exists()
