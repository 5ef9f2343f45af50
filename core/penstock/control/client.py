"""The client of the control channel: `Remote` sends commands to the proxy on this machine and raises `NotUp` if none
runs; `ask` sends one to a given address. Both raise `NoAnswer` (after 10 s, or longer) or `Refused`. Where no proxy
runs, `do_budget`, `do_sessions`, `keep_original` and `open_client`, the access to the memory, work in this process;
`open_client` raises `MemoryLocked` if another process has the memory.

All errors are `PenstockError`; `NotFound` and `MemoryDown` are those of the memory itself. Do not call these on a UI
thread.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.base import paths
from penstock.base.errors import MemoryDown, NotFound, PenstockError
from penstock.base.increment import FactChange, merged
from penstock.base.store_url import url_in
from penstock.control.discovery import Announcement, all_beside, running
from penstock.store.lock import is_taken

if TYPE_CHECKING:
    from penstock.budget.settings import Budget
    from penstock.memory.memory import Memory
    from penstock.profiles.profile import Profile

__all__ = [
    "COMMAND",
    "HOST",
    "KEY_FILE",
    "MARK",
    "MemoryClient",
    "MemoryLocked",
    "NoAnswer",
    "NotUp",
    "Refused",
    "Remote",
    "ask",
    "do_budget",
    "do_sessions",
    "keep_original",
    "open_client",
    "token_of",
]

HOST, KEY_FILE = "penstock.internal", "control-key"
MARK, COMMAND = "x-penstock", "command"
SAID = 64_000
"""Bytes of a refusal that are read."""
WAIT_S = 10.0
SESSIONS_S = 60.0
"""A whole log is read, and a part of it may be deleted."""
MEMORY_S = 120.0
"""Deleting from a large memory rewrites its file."""
BEGIN_S = 8.0
"""Seconds to wait for a process that has opened the memory to announce its address: a proxy opens it before it
listens."""
OTHER_KEY, OTHERS, NOT_FOUND, BUSY = 401, 409, 404, 503


class Refused(PenstockError):
    """The proxy refused the command. `status`: the HTTP status."""

    def __init__(self, status: int, said: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.faults = dict(faults or {})
        """What is wrong, by setting, as far as the proxy said."""


class NotUp(PenstockError):
    """No proxy with this store is running, and the command needs one."""


class NoAnswer(PenstockError):
    """The proxy seems to run, but did not answer in time, or not as expected."""


class MemoryLocked(PenstockError):
    """Another process has the memory open, and does not take commands."""


def token_of(store: Path) -> str:
    """The control token of the proxy with this store. Raises `PenstockError` if it cannot be read."""
    file = store.parent / KEY_FILE
    try:
        return file.read_bytes().hex()
    except OSError as e:
        raise PenstockError(f"{file} cannot be read ({e.strerror}): has a proxy with this store been started?") from e


def ask(address: str, store: Path, path: str, fields: Mapping[str, object], timeout: float) -> Any:
    """The answer of the proxy at `address`, which has the store `store`, to `POST path`. Raises `PenstockError`."""
    headers = {"authorization": f"Bearer {token_of(store)}", "content-type": "application/json", MARK: COMMAND}
    # Not by urllib: where NO_PROXY covers the host, it would look for it elsewhere, and the token would go there.
    try:
        with closing(HTTPConnection(address, timeout=timeout)) as connection:
            connection.request("POST", f"http://{HOST}{path}", json.dumps(fields).encode(), headers)
            with connection.getresponse() as response:
                is_done = response.status < 400
                answer = response.read() if is_done else response.read(SAID)
        if is_done:
            return json.loads(answer)
    except (OSError, HTTPException, ValueError) as e:
        raise NoAnswer(f"the proxy at {address} does not answer: {e}") from e
    said = answer.decode(errors="replace")
    error, faults = _error(said)
    if response.status == OTHER_KEY:
        error = (
            f"the proxy at {address} does not take the {KEY_FILE} beside {store}: it has another store, or the file "
            "was replaced. Name that proxy's store (--store), or start the proxy of this one again"
        )
    raise Refused(response.status, error or f"the proxy at {address} answered {response.status}: {said[:400]}", faults)


class Remote:
    """Sends commands to the proxy with this store. Looks it up for each command, since it may have been restarted."""

    def __init__(self, store: Path) -> None:
        self.store = store.expanduser().absolute()

    def do(self, path: str, arguments: Mapping[str, object], timeout: float = WAIT_S) -> dict[str, Any]:
        """The proxy's answer to `POST path`. Waits for it: do not call this on a UI thread. Raises `NotUp` if there is
        no proxy, `Refused` if it refuses, else `PenstockError`."""
        found: dict[str, Any] = ask(self.up().address, self.store, path, arguments, timeout)
        return found

    def health(self) -> dict[str, Any]:
        """The state of the proxy: `pid`, `profile`, `paused`, `degraded`, why its store or log is not on disk, and
        `threads`, the CPU seconds of its threads (`thread_times`). Raises as `do` does."""
        return self.do("/health", {})

    def up(self) -> Announcement:
        """The running proxy. Raises `NotUp` if there is none."""
        up = running(self.store, only=True)
        if up is None:
            raise NotUp(f"no proxy with the store {self.store} is up: `penstock up` starts one")
        return up


def do_budget(
    store: Path, budget: Callable[[], Budget], command: str, arguments: Mapping[str, object]
) -> dict[str, Any]:
    """Run a command of `penstock.control.budget_commands`. `budget`: the limits that apply if no proxy runs. Raises
    `PenstockError`."""
    where = store.expanduser().absolute()
    try:
        return Remote(where).do(f"/budget/{command}", arguments)
    except NotUp:
        pass  # nobody else counts: it is done here
    if not where.exists() and command != "set":
        raise NotUp(f"nothing was spent yet: {where} is not there. `penstock up` begins it")
    from penstock.control.budget_commands import BudgetCommands
    from penstock.engine import budget_store
    from penstock.store.opening import open_store

    if command == "show":
        with closing(open_store(where, readonly=True)) as held:
            budgets = budget_store.load(held, time.time())
            return BudgetCommands(budgets, budget(), time.time).do(command, arguments)
    with closing(open_store(where)) as held:
        changed: dict[str, dict[str, FactChange]] = defaultdict(dict)

        def note(kind: str, name: str, value: FactChange) -> None:
            named = changed[kind]
            named[name] = merged(named[name], value) if name in named else value

        budgets = budget_store.load(held, time.time(), save=note)
        answer = BudgetCommands(budgets, budget(), time.time).do(command, arguments)
        for kind, values in changed.items():
            held.set_values(kind, values)
        return answer


def do_sessions(store: Path, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    """Run a command of `penstock.control.session_commands`. Raises `PenstockError`."""
    where = store.expanduser().absolute()
    try:
        return Remote(where).do(f"/sessions/{command}", arguments, SESSIONS_S)
    except NotUp:
        pass  # nobody works at them: it is done here
    if not where.exists() and command != "keep":
        raise NotUp(f"there is no session yet: {where} is not there. `penstock up` begins it")
    from penstock.control.session_commands import SessionCommands
    from penstock.store.opening import open_store

    with closing(open_store(where, readonly=command in ("list", "show"))) as held:
        return SessionCommands(held, forget_outputs=partial(_forget_outputs, where)).do(command, arguments)


def _forget_outputs(store: Path, conversations: Collection[str]) -> None:
    from penstock.outputs.store import OutputIndex

    if OutputIndex.path(store).exists():
        with closing(OutputIndex.beside(store)) as index:
            index.forget_conversations(conversations)


def keep_original(store: Path | None, text: str, why: str) -> str:
    """Store a text as an original, which `expand` shows. Returns why that was not possible; empty when it was."""
    try:
        do_sessions(store or paths.store_path(), "keep", {"text": text.encode("utf-8", "replace").decode(), "why": why})
    except PenstockError as e:
        return f"the rest is not kept: {e}"
    return ""


@dataclass(frozen=True)
class MemoryClient:
    """Access to the memory, which is open in a proxy or in this process."""

    do: Callable[[str, Mapping[str, object]], dict[str, Any]]
    """Runs a command of `penstock.control.memory_commands`. Raises `NotFound`, else `PenstockError`."""
    is_local: bool = False
    """This process has the memory open, so that no other can."""


@contextmanager
def open_client(
    store: Path,
    profile: Callable[[], Profile],
    *,
    embedder: str = "",
    tell: Callable[[str], None] | None = None,
    patience_s: float | None = None,
) -> Iterator[MemoryClient]:
    """Access to the memory beside `store`: through the proxy that has it or may open it, else opened in this process,
    as `profile` says, for the block. With `tell`, missing index entries are made first, and `tell` is called with the
    reason if they cannot be. `patience_s`: seconds to wait for a process that has the memory but does not answer.
    Raises `PenstockError`."""
    store = store.expanduser().absolute()
    deadline = time.monotonic() + (BEGIN_S if patience_s is None else patience_s)
    found: tuple[MemoryClient, Memory | None] | None = None
    while found is None:
        try:
            found = _reach(store, paths.memory_dir(store), profile, embedder)
        except MemoryLocked:
            # Who has it is about to say so, as a proxy that starts is, or about to end.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    client, memory = found
    try:
        if memory is not None and tell is not None:
            try:
                memory.sync()
            except MemoryDown as e:
                tell(str(e))
        yield client
    finally:
        if memory is not None:
            memory.close()


def _reach(
    store: Path, folder: Path, profile: Callable[[], Profile], embedder: str
) -> tuple[MemoryClient, Memory | None]:
    """The proxy that has the memory, or the memory itself, opened here. Raises `MemoryLocked`."""
    if is_taken(folder / "memory.db"):
        return _owner(store, folder), None
    if is_taken(store):  # a proxy is up that has not opened its memory yet: it could not, were it opened here
        with suppress(MemoryLocked):  # its profile remembers nothing
            return _owner(store, folder), None
    from penstock.control.memory_commands import MemoryCommands
    from penstock.memory.clean import sanitize
    from penstock.memory.opening import open_memory
    from penstock.plugins.manager import Plugins
    from penstock.redaction.personal import redactors
    from penstock.store.forgetting import forget_everywhere

    plugins = Plugins.load()
    try:
        memory = open_memory(folder, profile(), plugins.embedders(), embedder=embedder, url=url_in(store))
    except MemoryDown as e:
        if is_taken(folder / "memory.db"):  # somebody was quicker
            raise MemoryLocked(str(e)) from e
        raise
    hidden = redactors(profile().redact.personal, plugins.redactors())
    commands = MemoryCommands(
        lambda: memory,
        clean=lambda text: sanitize(text, hidden),
        forget_originals=lambda texts: forget_everywhere(store, texts),
    )
    return MemoryClient(commands.do, is_local=True), memory


def _owner(store: Path, folder: Path) -> MemoryClient:
    """The proxy among those that are up that has this memory open. Raises `MemoryLocked`."""
    plain = running(store, only=True)  # one in reverse mode alone announces nothing
    for up in (*all_beside(store), *([plain] if plain is not None else [])):
        client = MemoryClient(partial(_ask_memory, up))
        try:
            client.do("projects", {})
        except Refused as e:
            if e.status != OTHERS:
                raise
        else:
            return client
    raise MemoryLocked(
        f"the memory in {folder} belongs to a process that is up and says nowhere how to reach it (another command, or "
        "a mitmdump with another store): try again when it has ended"
    )


def _ask_memory(up: Announcement, command: str, arguments: Mapping[str, object]) -> Any:
    try:
        return ask(up.address, Path(up.store), f"/memory/{command}", arguments, MEMORY_S)
    except Refused as e:
        if e.status == NOT_FOUND:
            raise NotFound(str(e)) from e
        if e.status == BUSY:
            raise MemoryDown(str(e)) from e
        raise


def _error(said: str) -> tuple[str, dict[str, str]]:
    try:
        found = json.loads(said)
        error, faults = found["error"], found.get("faults", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", {}
    told = {str(key): str(why) for key, why in faults.items()} if isinstance(faults, dict) else {}
    return (error if isinstance(error, str) else ""), told
