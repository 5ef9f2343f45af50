"""The tools as calls of the service: the same table as over MCP and on the command line."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from penstock.cli.app import build
from penstock.tools.table import all_tools
from tests.service.conftest import Service


@pytest.fixture
def http(service: Service) -> Any:
    with service.http() as http:
        yield http


def result(http: httpx.Client, tool: str, **arguments: Any) -> Any:
    answer = http.post(f"/v1/tools/{tool}", json=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_every_tool_is_a_call_and_a_command(http: httpx.Client) -> None:
    listed = http.get("/v1/tools").json()
    assert {one["name"] for one in listed} == set(all_tools())
    paths = http.get("/openapi.json").json()["paths"]
    commands = CliRunner().invoke(build(), ["tool", "--help"]).stdout
    for one in listed:
        assert f"/v1/tools/{one['name']}" in paths
        assert one["name"] in commands


def test_what_a_tool_keeps_is_a_context(http: httpx.Client) -> None:
    assert result(http, "context_put", key="tool/a", data={"n": 1}, tags=["t"])["version"] == 1
    assert result(http, "context_get", key="tool/a")["data"] == {"n": 1}
    assert http.get("/v1/contexts/tool/a").json()["tags"] == ["t"]
    assert http.get("/v1/contexts/tool/a").json()["by"] == "python-httpx"
    assert result(http, "context_list", prefix="tool/")["items"][0]["key"] == "tool/a"
    result(http, "context_put", key="tool/a", data=2)
    assert result(http, "context_rollback", key="tool/a", to=1)["version"] == 3


def test_a_text_is_shortened(http: httpx.Client) -> None:
    found = result(http, "compress", text="\n".join(map(str, range(2000))))
    assert found["tokens"] < found["tokens_before"] / 4
    assert "penstock expand" not in found["text"]
    assert result(http, "compress", text="short")["text"] == "short"


def test_what_is_wrong_with_a_call_is_said(http: httpx.Client) -> None:
    missing = http.post("/v1/tools/context_get", json={"key": "tool/none"})
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found")
    unknown = http.post("/v1/tools/context_get", json={"key": "tool/a", "versoin": 1})
    assert unknown.status_code == 400
    assert "version" in unknown.json()["error"]["message"]
    assert http.post("/v1/tools/nothing", json={}).status_code == 404


def test_a_command_gives_what_the_call_gives(tmp_path: Any) -> None:
    run = CliRunner()
    store = ["--store", str(tmp_path / "penstock.db")]
    put = run.invoke(build(), ["tool", "context_put", "--key", "a", "--data", '{"n": [1]}', "--tags", '["t"]', *store])
    assert json.loads(put.stdout)["tags"] == ["t"]
    assert json.loads(run.invoke(build(), ["tool", "context_get", "--key", "a", *store]).stdout)["data"] == {"n": [1]}
