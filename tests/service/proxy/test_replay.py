"""Replays over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from tests.service.conftest import Service
from tests.service.proxy.test_events import streamed


def test_its_progress_is_streamed_and_its_results_are_paged(left: Service) -> None:
    """`replay_progress` until `replay_done`; then the status has every prompt, a page at a time."""
    with left.http() as http, streamed(http) as said:
        next(said)
        begun = http.post("/v1/replay/start", json={"prompts": ["one", "two", "three"], "profile": "default"})
        assert (begun.status_code, begun.json()["total"]) == (202, 3)
        seen: list[tuple[str, Any]] = []
        for id, event, payload in said:
            assert (id, payload["id"]) == ("", begun.json()["id"])
            seen.append((event, payload))
            if event == "replay_done":
                break
        assert {event for event, _ in seen[:-1]} <= {"replay_progress"}
        assert (seen[-1][1]["done"], seen[-1][1]["error"]) == (3, "")
        first = http.get("/v1/replay/status?limit=2").json()
        assert ([one["prompt"] for one in first["items"]], first["next"]) == (["one", "two"], "2")
        rest = http.get("/v1/replay/status?after=2").json()
        assert ([one["prompt"] for one in rest["items"]], rest["next"]) == (["three"], None)
        assert rest["sums"]["requests"] == 3


def refused(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = http.post("/v1/replay/start", json=body)
    assert answer.status_code == 400
    found: dict[str, Any] = answer.json()["error"]
    return found


def test_what_cannot_be_is_refused_before_it_starts(left: Service) -> None:
    with left.http() as http:
        assert "no profile is called" in refused(http, prompts=["one"], profile="nobody")["message"]
        assert "no prompt" in refused(http, prompts=["/clear"])["message"]
        assert refused(http, prompts=["one"], gap=-1)["param"] == "gap"
        assert refused(http, prompts=["one"], profile="/etc/passwd.toml")["param"] == "profile"
        assert "Did you mean 'gap'?" in refused(http, prompts=["one"], gaps=1)["message"]
        assert http.get("/v1/replay/status").json()["state"] == "idle"
