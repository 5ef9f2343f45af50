"""Commands go to the proxy and no further; "compact now" changes the next request of a conversation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.control.client import HOST, token_of
from penstock.control.client import ask as ask_proxy
from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road

OLLAMA = "http://llm.example.com:11434"
PROFILE = """
extends = "default"
stages = ["compaction"]
[stage.compaction]
turns = 4
[limits]
stage_ms = 120000
read_ms = 120000
"""


def talk(turns: int, last: str = "And now?") -> list[dict[str, Any]]:
    """A long talk; the breakpoint stands on its last message alone."""
    out: list[dict[str, Any]] = []
    for n in range(turns):
        said = [{"type": "text", "text": f"Question {n} of this talk."}]
        answer = [{"type": "text", "text": f"Answer {n}."}]
        look = [{"type": "tool_use", "id": f"toolu_{n}", "name": "Read", "input": {"file_path": f"part_{n}.py"}}]
        seen = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": f"def part_{n}(): ...\n" * 100}]
        out += [
            {"role": "user", "content": said},
            {"role": "assistant", "content": look},
            {"role": "user", "content": seen},
            {"role": "assistant", "content": answer},
        ]
    return [*out, ask(last)]


@pytest.mark.parametrize("mode", ["reverse", "regular"])
def test_compact_now(start: Callable[..., Road], mode: str) -> None:
    """From the command to the provider: the next request of that session leaves with a record of its old turns though
    the cache is warm and the window empty; a session that was not named is left alone."""
    road = start(profile=PROFILE, **({"upstream_tls": 1} if mode == "regular" else {}))
    origin = OLLAMA if mode == "regular" else ""
    headers = {"Host": "llm.example.com:11434"} if origin else {}
    mine, other = new_session(), new_session()

    def send(session: str, *messages: dict[str, Any]) -> bytes:
        call = road.send("/v1/messages", claude(*messages, session=session), headers, origin=origin)
        assert call.response().status == 200
        call.wait(EventKind.PROCESSED)
        return call.received.body

    for session in (mine, other):
        assert b"[Record" not in send(session, *talk(6))
    said = compact(road, "--session", mine)
    assert said == "1 conversation will be compacted at the next request.\n"
    later = {"role": "assistant", "content": [{"type": "text", "text": "This."}]}
    assert b"[Record" not in send(other, *talk(6), later, ask("More."))
    sent = json.loads(send(mine, *talk(6), later, ask("More.")))["messages"]
    assert sent[0]["content"][0]["text"].startswith("[Record of earlier turns, 1 to ")
    assert "Question 0 of this talk." in sent[0]["content"][0]["text"]
    flush = road.proxy.wait_event(EventKind.FLUSH)
    assert flush.payload["why"] == "a person asked"


@pytest.mark.parametrize("mode", ["reverse", "regular"])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_command_goes_no_further(start: Callable[..., Road], mode: str, allowed: bool) -> None:
    """With the token it is answered, without it refused; the provider never sees it, and no event tells of it."""
    road = start(**({"upstream_tls": 1} if mode == "regular" else {}))
    token = token_of(road.proxy.setup.store) if allowed else "guessed"
    headers = {
        "Host": HOST,
        "Authorization": f"Bearer {token}",
        **({"x-penstock": "command"} if mode == "reverse" else {}),
    }
    origin = f"http://{HOST}" if mode == "regular" else ""
    call = road.send("/health", b"", headers, method="GET", origin=origin)
    answer = call.response()
    assert answer.status == (404 if allowed else 401)  # of the path the test's own tag is a part
    assert call.provider.received(call.tag, 0) == []
    assert call.events() == []


def test_a_whole_request(start: Callable[..., Road]) -> None:
    """As the client sent it and as the provider got it, from the proxy's memory; without what is redacted."""
    road = start(profile=PROFILE)
    body = claude(*talk(2), session=new_session())
    call = road.send("/v1/messages", body)
    assert call.response().status == 200
    exchange = call.wait(EventKind.PROCESSED).exchange
    found = ask_proxy(f"127.0.0.1:{road.port}", road.proxy.setup.store, "/requests/whole", {"exchange": exchange}, 30.0)
    assert found["received"]["messages"] == json.loads(body)["messages"]
    assert (found["forwarded"] or found["received"])["messages"] == json.loads(call.received.body)["messages"]
    assert "cch=" not in json.dumps(found)


def compact(road: Road, *words: str) -> str:
    """What `penstock compact` says, run as a person would."""
    program = Path(sys.executable).with_name("penstock")
    command = [str(program), "compact", "--url", f"http://127.0.0.1:{road.port}", *words]
    environment = {"PENSTOCK_HOME": str(road.proxy.setup.home), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout
