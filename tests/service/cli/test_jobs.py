"""`penstock jobs`."""

from __future__ import annotations

import json

from tests.service.cli.conftest import Command
from tests.service.conftest import Service


def test_a_job_is_run_and_shown(command: Command) -> None:
    assert set(json.loads(command("jobs", "run", "expire", "--wait").stdout)) == {"expired"}
    started = command("jobs", "run", "prune", "--payload", '{"kept_days": 3}').stdout
    number = started.split()[1]
    assert "penstock jobs show" in started
    shown = json.loads(command("jobs", "show", number).stdout)
    assert (shown["job_type"], shown["payload"]) == ("prune", {"kept_days": 3.0})
    listed = command("jobs", "list").stdout.splitlines()
    assert listed[0].split()[:2] == [number, "prune"]
    assert json.loads(command("jobs", "list", "--json", "--limit", "1").stdout)[0]["id"] == number


def test_one_that_waits_is_cancelled(command: Command, service: Service) -> None:
    with service.http() as http:
        body = {"job_type": "prune", "run_after": "2099-01-01T00:00:00Z"}
        number = http.post("/v1/workers/jobs", json=body).json()["id"]
    assert [row.split()[0] for row in command("jobs", "list", "--state", "waiting").stdout.splitlines()] == [number]
    assert command("jobs", "cancel", number).stdout == f"Job {number} (prune) is cancelled.\n"
    assert "No jobs." in command("jobs", "list", "--state", "waiting").stderr


def test_what_is_wrong_is_one_line_and_status_two(command: Command) -> None:
    for words, said in (
        (("run", "exprie"), "Did you mean 'expire'?"),
        (("run", "prune", "--payload", "{"), "--payload is no JSON"),
        (("run", "prune", "--payload", "[]"), "payload"),
        (("run", "backup", "--payload", '{"seal": true}', "--wait"), "PENSTOCK_BACKUP_PASSPHRASE is not set"),
        (("show", "../../healthz"), "no number of a job"),
        (("cancel", "999999"), "there is no job 999999"),
        (("list", "--state", "gone"), "state"),
    ):
        refused = command("jobs", *words)
        assert refused.exit_code == 2, words
        assert said in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
