"""The commands `penstock jobs list`, `show`, `cancel` and `run`, about the background jobs of a running service. Raises
`PenstockError` for a number of a job or a payload that is none."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, printable
from penstock.client import Client
from penstock_service.cli.job_calls import JOBS, call, said, wait_for
from penstock_service.cli.options import AsJson, ServiceStore, Url

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Look at the background jobs of the service, run and cancel them. Asks the service (`penstock serve`).",
)
Number = Annotated[str, typer.Argument(help="The number of the job.")]


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="Only those: waiting, running, done, failed or cancelled.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    url: Url = None,
    store: ServiceStore = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""
    with Client(url, store=store) as client:
        jobs = call(client, "GET", JOBS, query={"limit": limit, **({"state": state} if state else {})})["items"]
    if as_json:
        _print_json(jobs)
        return
    if not jobs:
        typer.echo("No jobs.", err=True)
        return
    rows = [[job["id"], job["job_type"], _state(job), job["at"], printable(said(job))] for job in jobs]
    for line in columns(rows, 5):
        typer.echo(line)


@app.command()
def show(number: Number, url: Url = None, store: ServiceStore = None) -> None:
    """Print one job, as JSON."""
    with Client(url, store=store) as client:
        _print_json(call(client, "GET", f"{JOBS}/{_checked(number)}"))


@app.command()
def cancel(number: Number, url: Url = None, store: ServiceStore = None) -> None:
    """End a job that waits; ask one that runs to end at its next step."""
    with Client(url, store=store) as client:
        job = call(client, "DELETE", f"{JOBS}/{_checked(number)}")
    asked = "is asked to end" if job["state"] == "running" else f"is {job['state']}"
    typer.echo(f"Job {number} ({job['job_type']}) {asked}.")


@app.command()
def run(
    kind: Annotated[str, typer.Argument(help="expire, prune, reindex, embed, export or backup.")],
    payload: Annotated[str, typer.Option(help="What it needs, as JSON.")] = "{}",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it has ended, and print its result.")] = False,
    url: Url = None,
    store: ServiceStore = None,
) -> None:
    """Have a job run."""
    try:
        wanted = json.loads(payload)
    except ValueError as e:
        raise PenstockError(f"--payload is no JSON: {e}") from e
    with Client(url, store=store) as client:
        number = call(client, "POST", JOBS, {"job_type": kind, "payload": wanted})["id"]
        if not wait:
            typer.echo(f"Job {number} waits: `penstock jobs show {number}` tells what becomes of it.")
            return
        _print_json(wait_for(client, number)["result"])


def _state(job: dict[str, Any]) -> str:
    return "cancelling" if job["cancelling"] else str(job["state"])


def _checked(number: str) -> str:
    if not (number.isascii() and number.isdecimal()):
        raise PenstockError(f"{number!r} is no number of a job: `penstock jobs list` shows them")
    return number


def _print_json(answer: Any) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
