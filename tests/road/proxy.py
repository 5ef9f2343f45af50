"""`Proxy`: the real mitmdump with Penstock's addons, in a process of its own; `Setup` is what it is started with. Tests
read its events and output, limit its files, kill and stop it."""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.events.cursor import START
from penstock.events.event import Event, EventKind
from penstock.store.base import Store
from penstock.store.opening import open_store
from tests.road.prefork import Forked
from tests.road.wire import PATIENCE

__all__ = ["Proxy", "Setup", "stopping", "wait_until"]

REPOSITORY = Path(__file__).parents[2]
MITMDUMP = "mitmproxy.tools.main:mitmdump"
_LISTENING = re.compile(r"listening at \S+:(\d+)\.")
_PROFILE = """
extends = "default"
[limits]
# What is slow here is the machine the tests run on. Longer than a test waits: a deadline kept is one of a stage's own.
stage_ms = 120000
read_ms = 120000
store_ms = 120000
[memory]
# What one test says must not come back in another's request; and its vectors' process takes seconds to start.
enabled = false
"""
_REDIRECT = '''
"""Every connection upstream goes to loopback; hosts, ports and server names stay what they are for all addons."""
import asyncio

real = asyncio.open_connection

async def open_connection(host=None, port=None, **options):
    options.pop("local_addr", None)
    return await real("127.0.0.1", {plain} if port in (80, 8080, 11434) else {tls}, **options)

asyncio.open_connection = open_connection
'''


def wait_until(
    is_so: Callable[[], bool], what: str, there_is: Callable[[], object] = lambda: "", *, patience: float = PATIENCE
) -> None:
    """Check again and again until it is so: other processes send no notice when they have done something."""
    end = time.monotonic() + patience
    pause, pause_s = threading.Event(), 0.01
    while not is_so():
        assert time.monotonic() < end, f"still not so: {what}; {there_is()}"
        pause.wait(pause_s)
        pause_s = min(pause_s * 1.2, 0.2)  # to look takes time from what is waited for


@dataclass(frozen=True)
class Setup:
    """What a proxy is started with."""

    home: Path
    """Everything it reads and writes stands under this folder."""
    upstream: int = 1
    """The port all requests go to."""
    upstream_tls: int = 0
    """Not 0: a regular proxy, and TLS goes to this port."""
    profile: str = _PROFILE
    profiles: Mapping[str, str] = field(default_factory=dict)
    """More profiles: name and text. They can extend `road`."""
    plugins: Mapping[str, str] = field(default_factory=dict)
    """Single-file plugins: name and source."""
    options: Sequence[str] = ()
    url: str = ""
    """Where the reverse port leads. Empty: by plain HTTP to `upstream`."""
    first_mode: str = ""
    """A mode to listen in before the one that the road uses."""
    listen: str = "127.0.0.1"
    """The address it listens on."""

    @property
    def store(self) -> Path:
        return self.home / "state" / "penstock.db"

    @property
    def plugin_folder(self) -> Path:
        return self.home / "config" / "plugins"

    def write(self) -> list[str]:
        """Write the files, and give the command line."""
        profiles = self.home / "config" / "profiles"
        for folder in (profiles, self.plugin_folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, text in {"road": self.profile, **self.profiles}.items():
            (profiles / f"{name}.toml").write_text(text, encoding="utf-8")
        for name, source in self.plugins.items():
            (self.plugin_folder / f"{name}.py").write_text(source, encoding="utf-8")
        command = [str(Path(sys.executable).with_name("mitmdump")), "-s", str(REPOSITORY / "addons" / "context.py")]
        options = [f"confdir={self.home / 'confdir'}", *self.options]
        if not any(option.startswith("penstock_profile=") for option in options):
            options.append("penstock_profile=road")
        command += ["--mode", self.first_mode] if self.first_mode else []
        if self.upstream_tls:
            redirect = self.home / "redirect.py"
            redirect.write_text(_REDIRECT.format(plain=self.upstream, tls=self.upstream_tls), encoding="utf-8")
            command += ["-s", str(redirect)]
            options.append("ssl_insecure=true")
        else:
            command += ["--mode", f"reverse:{self.url or f'http://127.0.0.1:{self.upstream}'}"]
        for option in options:
            command += ["--set", option]
        return [*command, "--listen-host", self.listen, "--listen-port", "0"]


class Proxy:
    """One running proxy. Its output is kept in memory: a disk that is full must not be in its way."""

    def __init__(self, setup: Setup, *, keeps_events: bool = True, forked: bool = True) -> None:
        """`forked`: from a process that has imported all; else by the command that a person types."""
        self.setup = setup
        self._said: list[str] = []
        self._events: list[Event] = []
        self._reader: Store | None = None
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
        environment |= {"PENSTOCK_HOME": str(setup.home), "PYTHONUNBUFFERED": "1"}
        command = setup.write()
        self.process = Forked(MITMDUMP, command, environment) if forked else _typed(command, environment)
        self._listener = threading.Thread(target=self._listen, name="proxy-output", daemon=True)
        self._listener.start()
        self._keeps_events = keeps_events

    @property
    def output(self) -> str:
        """All it has written to its terminal."""
        return "".join(self._said)

    def port(self, *, patience: float = PATIENCE) -> int:
        """The port it listens on, once it takes requests."""
        wait_until(
            lambda: self.has_ended or _LISTENING.search(self.output) is not None, "the proxy listens", patience=patience
        )
        found = _LISTENING.search(self.output)
        assert found is not None, f"the proxy has not started:\n{self.output}"
        if self._keeps_events:
            self.wait_event(EventKind.STARTED, pid=self.process.pid)
        return int(found[1])

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def events(self) -> list[Event]:
        """All events stored so far, by this proxy and those before it."""
        if self._reader is None:
            try:
                self._reader = open_store(self.setup.store, readonly=True)
            except StoreError:
                return []
        try:
            self._events += self._reader.events_after(self._events[-1].cursor if self._events else START, 100_000)
        except StoreError:  # not made yet, or locked, or damaged and about to be set aside: look again later
            self._reader.close()
            self._reader = None
        return list(self._events)

    def wait_event(self, kind: EventKind, **payload: object) -> Event:
        """The newest event of `kind` that says all of `payload`, once there is one."""
        found: list[Event] = []

        def is_there() -> bool:
            found[:] = [e for e in self.events() if e.kind is kind and payload.items() <= dict(e.payload).items()]
            return bool(found) or self.has_ended

        wait_until(is_there, f"an event {kind} {payload}", lambda: self._events[-8:])
        assert found, f"the proxy ended before an event {kind} {payload}:\n{self.output}"
        return found[-1]

    def peak_memory(self) -> int:
        """The most bytes it ever had in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) << 10

    def limit_files(self, size: int) -> None:
        """No file may grow beyond `size` bytes, as on a full disk. -1: they may again."""
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if size < 0 else size, hard))

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self._gone()

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        code = self.process.wait(PATIENCE)
        self._gone()
        return code

    def stop(self) -> None:
        """Stop it as a user would, and check that nothing is left."""
        if not self.has_ended:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self._gone()
                raise
        self._gone()
        # The process of the vectors ends by itself once nobody writes to it.
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return
            select.select([], [], [], 0.05)
        raise AssertionError("the proxy left a process behind")

    def _gone(self) -> None:
        self.process.wait(PATIENCE)
        self._listener.join(PATIENCE)
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self._said.extend(lines)


def _typed(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


@contextmanager
def stopping(proxy: Proxy) -> Iterator[Proxy]:
    """Stops `proxy` in the end, whatever happens."""
    try:
        yield proxy
    finally:
        proxy.stop()
