"""The hooks of Claude Code against a real proxy: the client's own command, with inputs in its shape."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.events.event import EventKind
from penstock.outputs.store import OutputIndex
from penstock.store.original_lookup import the_original
from penstock_addons.cli.hook_arguments import HOOK
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road

pytestmark = pytest.mark.slow

Start = Callable[..., Road]
PROFILE = """
extends = "default"
[budget.session]
requests = 4
[limits]
stage_ms = 120000
read_ms = 120000
[memory]
recall = false
"""


def announcement(road: Road) -> Path:
    """The file that tells the hook where the proxy is; one with reverse ports alone writes none."""
    file = road.proxy.setup.home / "proxy.json"
    file.write_text(json.dumps({"host": "127.0.0.1", "port": road.port, "store": str(road.proxy.setup.store)}))
    return file


def hook(announced: Path, event: str, session: str, **given: Any) -> dict[str, Any]:
    """What the client is told; it must be fit for a client: JSON or nothing, and status 0."""
    common = {"session_id": session, "transcript_path": "/x.jsonl", "cwd": "/srv/kiln", "permission_mode": "default"}
    done = subprocess.run(
        [*HOOK, event],
        input=json.dumps({**common, **given}).encode(),
        env={**os.environ, "PENSTOCK_PROXY_FILE": str(announced)},
        capture_output=True,
        check=True,
    )
    assert not done.stderr
    said: dict[str, Any] = json.loads(done.stdout)["hookSpecificOutput"] if done.stdout else {}
    return said


def call(announced: Path, session: str) -> dict[str, Any]:
    asked = {"tool_name": "Bash", "tool_input": {"command": "make"}, "tool_use_id": "toolu_1"}
    return hook(announced, "pre-tool-use", session, hook_event_name="PreToolUse", **asked)


def test_the_budget_is_asked_before_each_tool_call(start: Start) -> None:
    """Nothing is said while there is enough; then a warning, then a refusal with the way out. Without a proxy the
    client goes on."""
    road, session = start(profile=PROFILE), new_session()
    announced = announcement(road)
    told = []
    for n in range(4):
        road.post("/v1/messages", claude(ask(f"number {n}"), session=session)).wait(EventKind.PROCESSED)
        told.append(call(announced, session))
    assert told[:2] == [{}, {}]
    assert "Most of what may be spent" in told[2]["additionalContext"]
    assert told[3]["permissionDecision"] == "deny"
    assert "penstock budget raise" in told[3]["permissionDecisionReason"]
    assert call(announced, new_session()) == {}
    road.proxy.stop()
    assert call(announced, session) == {}


def test_what_the_client_cuts_is_kept_and_found(start: Start, tmp_path: Path) -> None:
    """Whole and redacted in the index, by the command that the agent is told. The client names a file that has it."""
    road, session = start(profile=PROFILE), new_session()
    announced = announcement(road)
    road.post("/v1/messages", claude(ask("build it"), session=session)).wait(EventKind.PROCESSED)
    output = (
        "\n".join(f"step {n} of the gudgeon" for n in range(5_000))
        + "\nlast: walrus, key sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
    )
    whole = tmp_path / "bash-output.txt"
    whole.write_text(output)
    said = hook(
        announced,
        "post-tool-use",
        session,
        hook_event_name="PostToolUse",
        tool_name="Bash",
        tool_input={"command": "make"},
        tool_response={
            "stdout": output[:30_000],
            "stderr": "",
            "interrupted": False,
            "persistedOutputPath": str(whole),
            "persistedOutputSize": len(output),
        },
    )
    handle = said["additionalContext"].rpartition(" ")[2].rstrip("]")
    store = road.proxy.setup.store
    assert the_original(store, handle).text == output
    project = road.proxy.wait_event(EventKind.CLASSIFIED).payload["project"]

    road.proxy.stop()  # what waits is indexed first
    with closing(OutputIndex.beside(store)) as index:
        hits = index.search(str(project), "walrus", limit=5)
    assert hits
    assert not any("abcdefghijklmnopqrstuvwxyz" in hit.text for hit in hits)


@pytest.mark.parametrize(
    "announced",
    ['{"host": "127.0.0.1", "port": 1, "store": "/nowhere/penstock.db"}', "{", '{"host": 3}', None],
)
def test_whatever_is_wrong_the_client_goes_on(tmp_path: Path, announced: str | None) -> None:
    """A proxy that is gone, a file that is none, an input that is no JSON."""
    file = tmp_path / "proxy.json"
    if announced is not None:
        file.write_text(announced)
    environ = {**os.environ, "PENSTOCK_PROXY_FILE": str(file)}
    for given in (b"{}", b"not json", b""):
        done = subprocess.run([*HOOK, "pre-tool-use"], input=given, env=environ, capture_output=True, check=True)
        assert (done.stdout, done.stderr) == (b"", b"")


def test_the_command_loads_nothing_heavy() -> None:
    """A client waits for it at every tool call."""
    found = subprocess.run(
        [sys.executable, "-X", "importtime", *HOOK[1:], "pre-tool-use"],
        input=b"{}",
        capture_output=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in found.stderr.decode().splitlines()}
    assert "penstock.control.hook_client" in loaded
    assert not loaded & {"typer", "pydantic", "msgspec", "sqlalchemy", "mitmproxy", "rich", "pluggy", "penstock.cli"}
