"""pgbouncer in front of the tests' PostgreSQL server, by transaction. Where it is missing, its tests are skipped."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.postgres_connection import engine_of
from tests.brokers import Program, program
from tests.postgres import Server, free_port, server_user
from tests.real_parts import used

__all__ = ["SHARED", "bouncer_url", "sessions"]

SHARED = 2
"""Connections to the server that all clients share."""
_CONFIG = """[databases]
* = host=127.0.0.1 port={server} user=penstock
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {shared}
max_client_conn = 200
"""


@pytest.fixture
def bouncer_url(request: pytest.FixtureRequest, postgres_server: Server, postgres_url: str) -> Iterator[str]:
    """The address of the test's database through pgbouncer: each transaction has one of two connections."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-pgbouncer-"))
    try:
        port, file = free_port(), folder / "pgbouncer.ini"
        file.write_text(_CONFIG.format(server=postgres_server.port, port=port, shared=SHARED))
        command, user = [program("pgbouncer"), str(file)], server_user()
        if user is not None:
            shutil.chown(folder, user)
            command += ["-u", user]
        bouncer = Program(command, "process up")
        used(request, "pgbouncer")
        try:
            bouncer.start()
            yield postgres_url.replace(str(postgres_server.port), str(port))
        finally:
            bouncer.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sessions(postgres_url: str) -> int:
    """How many others are connected to the test's database at its server."""
    engine = engine_of(postgres_url)
    with engine.connect() as db:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        count = db.scalar(sa.text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}"))
    engine.dispose()
    return int(count or 0)
