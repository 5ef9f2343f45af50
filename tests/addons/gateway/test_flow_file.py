"""What addons keep for a request does not stop mitmproxy from writing its flow to a file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from mitmproxy.io import FlowReader

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.workspaces import change_workspace
from penstock.profiles.gateway import GATEWAY_URL
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping


def test_flows_can_be_saved(provider: Provider, tmp_path: Path) -> None:
    saved = tmp_path / "flows"
    setup = Setup(tmp_path, url=GATEWAY_URL, options=[f"save_stream_file={saved}"])
    with closing(GatewayStore(setup.store.parent / FILE_NAME)) as store, stopping(Proxy(setup)) as proxy:
        team = TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)
        key, _ = team.workspace("saved")
        with team.client(key) as client:
            body: dict[str, Any] = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
            assert client.post("/v1/messages", json=body).status_code == 200
        key, tag = team.workspace("redacts")
        change_workspace(store, "redacts", "test", {"redact": True})
        with team.client(key) as client:
            body["messages"] = [{"role": "user", "content": "mail ada.lovelace@acme.io"}]
            assert client.post("/v1/messages", json=body).status_code == 200
        assert b"<email 1>" in provider.received(tag)[0].body
    with saved.open("rb") as file:
        assert [flow.request.path.endswith("/v1/messages") for flow in FlowReader(file).stream()] == [True, True]
