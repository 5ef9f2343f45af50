"""Two services, each with a home of its own as on another machine, that share one PostgreSQL database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
ASKING = """
import sys
from pathlib import Path
from penstock.base.errors import PenstockError
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import QuotaFull
from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.records import Usage

name, url, key = sys.argv[1:]
store = GatewayStore(Path(name) / "gateway.db", url=url)
print("ready", flush=True)
sys.stdin.readline()
admitted = 0
for n in range(40):
    try:
        hold(store, Call(f"{Path(name).name}-{n}", "default", key, "p", "m", "s", 5, 5, 10, 10))
    except QuotaFull:
        continue
    admitted += 1
    if n % 3 == 0:
        settle(store, f"{Path(name).name}-{n}", Usage(input=5, output=5), workspace="default")
print(admitted, flush=True)
store.close()
"""


@contextmanager
def started(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process of a machine whose folder is `home`."""
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "PENSTOCK_HOME": str(home)}
    with subprocess.Popen(words, cwd=ROOT, env=environment, text=True, stdin=-1, stdout=-1, stderr=-1) as process:
        try:
            yield process
        finally:
            process.kill()


def run(home: Path, *words: str) -> str:
    """What a command of a machine prints."""
    environment = {**os.environ, "PENSTOCK_HOME": str(home)}
    command = [sys.executable, "-m", "penstock", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


@contextmanager
def serving(home: Path, url: str) -> Iterator[httpx.Client]:
    """A client, with the owner's token, of a service."""
    command = (sys.executable, "-m", "penstock", "serve", "--port", "0", "--store", url)
    with started(home, *command) as up:
        assert up.stdout is not None
        line = up.stdout.readline()
        (token,) = home.rglob("service-token")
        headers = {"authorization": f"Bearer {token.read_text().strip()}"}
        address = line.split()[2].removesuffix("/v1/contexts,").removesuffix("/v1/contexts")
        with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=60) as client:
            yield client
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0


@pytest.mark.slow
def test_what_a_database_cannot_be_asked_for_is_the_callers_fault(tmp_path: Path, postgres_url: str) -> None:
    """A NUL in a filter answers 400 and says so, where 503 would have the caller try again; other calls go on."""
    with serving(tmp_path / "one", postgres_url) as one:
        for name in ("tag", "session", "agent"):
            answer = one.get("/v1/contexts", params={name: "a\0b"})
            assert answer.status_code == 400, answer.text
            assert "NUL" in answer.json()["error"]["message"]
        assert one.get("/v1/contexts").status_code == 200


@pytest.mark.slow
def test_two_services_share_keys_contexts_and_jobs(tmp_path: Path, postgres_url: str) -> None:
    """What one is asked to keep or to revoke, the other knows at once; nothing of it is in a file of either."""
    homes = (tmp_path / "one", tmp_path / "other")
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving(home, postgres_url)) for home in homes)
        assert one.put("/v1/contexts/plan", json={"data": {"step": "boiler"}}).status_code == 201
        assert other.get("/v1/contexts/plan").json()["data"] == {"step": "boiler"}
        (hit,) = other.post("/v1/search", json={"query": "boiler", "mode": "words"}).json()["hits"]
        assert hit["key"] == "plan"
        stale = other.put("/v1/contexts/plan", json={"data": 2}, headers={"if-match": '"7"'})
        assert stale.status_code == 412

        made = one.post("/v1/keys", json={"name": "laptop"}).json()
        mine = {"authorization": f"Bearer {made['key']}"}
        assert other.get("/v1/contexts/plan", headers=mine).status_code == 200
        assert one.post(f"/v1/keys/{made['id']}/revoke").status_code == 200
        assert other.get("/v1/contexts/plan", headers=mine).status_code == 401

        job = one.post("/v1/workers/jobs", json={"queue_name": "default", "job_type": "expire", "payload": {}})
        assert job.status_code == 202, job.text
        assert other.get(f"/v1/workers/jobs/{job.json()['id']}").json()["job_type"] == "expire"
    assert not [file for home in homes for name in ("contexts", "gateway", "jobs") for file in home.rglob(f"{name}.db")]
    (key,) = json.loads(run(homes[1], "keys", "list", "--json", "--store", postgres_url))
    assert key["name"] == "laptop"


@pytest.mark.slow
def test_a_limit_holds_for_two_processes(tmp_path: Path, postgres_url: str) -> None:
    """Both let requests in at the same time: together as many as the limit allows."""
    home = tmp_path / "owner"
    run(home, "keys", "add", "laptop", "--store", postgres_url)
    (key,) = json.loads(run(home, "keys", "list", "--json", "--store", postgres_url))
    run(home, "quotas", "set", "23 requests per day", "--key", "laptop", "--store", postgres_url)
    with ExitStack() as stack:
        asking = [
            stack.enter_context(
                started(tmp_path / name, sys.executable, "-c", ASKING, str(tmp_path / name), postgres_url, key["id"])
            )
            for name in ("left", "right")
        ]
        for process in asking:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in asking:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        admitted = [int(process.communicate(timeout=120)[0]) for process in asking]
    assert sum(admitted) == 23
