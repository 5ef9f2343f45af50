"""Which flows are read: model hosts by name, local model servers by port, and all of a reverse proxy's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow, tutils

from penstock.models.providers import KNOWN
from penstock_addons.wire.hosts import KNOWN_HOSTS, ModelHosts, host_of, is_listed
from penstock_addons.wire.options import ProxyOptions
from penstock_addons.wire.refuse_websocket import NoWebSocket


def flow(
    host: str, port: int = 443, *, scheme: str = "https", header: str = "", mode: str = "regular"
) -> http.HTTPFlow:
    request = tutils.treq(method=b"POST", path=b"/v1/responses", host=host, port=port, scheme=scheme.encode())
    request.headers["host"] = header or host
    made = tflow.tflow(req=request)
    made.client_conn.proxy_mode = ProxyMode.parse(mode)
    return made


@pytest.fixture
def hosts() -> Any:
    options = ProxyOptions()
    with taddons.context(options) as tctx:  # type: ignore[no-untyped-call]
        tctx.configure(options, penstock_hosts=["llm.example.com", "*.corp.example:8443"])
        yield ModelHosts(options)
        tctx.master.event_loop.close()  # made for this context, as no loop runs


def opens(hosts: ModelHosts, host: str, port: int = 443, mode: str = "regular") -> bool:
    """Whether the TLS of a connection is opened."""
    data = SimpleNamespace(
        context=SimpleNamespace(
            client=SimpleNamespace(proxy_mode=ProxyMode.parse(mode)), server=SimpleNamespace(address=(host, port))
        ),
        client_hello=SimpleNamespace(sni=host),
        ignore_connection=False,
    )
    hosts.tls_clienthello(data)  # type: ignore[arg-type]
    return not data.ignore_connection


@pytest.mark.parametrize(
    "host",
    [
        "api.anthropic.com",
        "us.api.openai.com",
        "europe-west4-aiplatform.googleapis.com",
        "aiplatform.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
        "bedrock-runtime.eu-central-1.amazonaws.com",
        "bedrock-mantle.us-east-1.api.aws",
        "api.individual.githubcopilot.com",
        "dashscope-intl.aliyuncs.com",
        "daily-cloudcode-pa.googleapis.com",
        "llm.example.com",
    ],
)
def test_a_model_host_is_opened_and_read(hosts: ModelHosts, host: str) -> None:
    """Those of the table, and those a person named."""
    assert opens(hosts, host)
    assert hosts.reads(flow(host))
    assert hosts.knows(flow("192.0.2.7", header=host))  # transparent mode: the address is a number


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "storage.googleapis.com",
        "aiplatform.googleapis.com.example.com",
        "bedrock.us-east-1.amazonaws.com",
        "bedrock-runtime.s3.us-east-1.amazonaws.com",
        "s3.us-east-1.amazonaws.com",
        "oss.aliyuncs.com",
        "github.com",
        "huggingface.co",
    ],
)
def test_another_host_stays_shut(hosts: ModelHosts, host: str) -> None:
    """Also those of the same company: storage, the control plane, downloads."""
    assert not opens(hosts, host)
    assert not hosts.reads(flow(host))


def test_a_port_in_a_list_counts(hosts: ModelHosts) -> None:
    """A host named with its port is opened on that port alone."""
    assert opens(hosts, "a.corp.example", 8443)
    assert not opens(hosts, "a.corp.example", 443)
    assert is_listed("gpu-box", 11434, KNOWN_HOSTS)
    assert not is_listed("gpu-box", 11435, KNOWN_HOSTS)


@pytest.mark.parametrize("port", [1234, 8000, 8080])
def test_a_local_model_server_is_read_by_its_port(hosts: ModelHosts, port: int) -> None:
    """In plain HTTP, on this machine or in a private network; its TLS is never opened on a guess."""
    assert hosts.reads(flow("127.0.0.1", port, scheme="http"))
    assert hosts.reads(flow("gpu-box.local", port, scheme="http"))
    assert not hosts.reads(flow("127.0.0.1", port))
    assert not opens(hosts, "127.0.0.1", port)
    assert not hosts.reads(flow("app.example.com", port, scheme="http"))
    assert not hosts.reads(flow("127.0.0.1", 3000, scheme="http"))


def test_the_name_a_client_gives_makes_no_host_local(hosts: ModelHosts) -> None:
    """The address counts: a public server is not read for a `Host` header that says localhost."""
    assert not hosts.reads(flow("8.8.8.8", 8080, scheme="http", header="localhost"))


def test_a_web_socket_of_a_local_program_is_left_alone(hosts: ModelHosts) -> None:
    """Its port is a model server's as well, which is no reason to refuse it; at a known host it is refused."""
    addon = NoWebSocket(hosts)
    for host, port, scheme, status in (("127.0.0.1", 8080, "http", None), ("api.openai.com", 443, "https", 426)):
        made = flow(host, port, scheme=scheme)
        made.request.headers["upgrade"] = "websocket"
        addon.requestheaders(made)
        assert (made.response.status_code if made.response else None) == status


def test_a_reverse_proxys_upstream_is_read_whatever_it_is(hosts: ModelHosts) -> None:
    """A person chose it."""
    mode = "reverse:http://llm.example.org:4000"
    assert hosts.knows(flow("llm.example.org", 4000, scheme="http", mode=mode))
    assert opens(hosts, "anything.example", mode=mode)


def test_the_host_of_a_request_is_where_it_goes() -> None:
    """Behind a reverse port the upstream, though the client says 127.0.0.1; elsewhere the name, not a number."""
    mode = "reverse:https://api.anthropic.com"
    assert host_of(flow("api.anthropic.com", header="127.0.0.1:8411", mode=mode)) == "api.anthropic.com"
    assert host_of(flow("192.0.2.7", header="api.anthropic.com")) == "api.anthropic.com"


def test_the_list_is_that_of_the_providers() -> None:
    """One table: a new line there is a new host here."""
    assert len(KNOWN_HOSTS) == sum(not one.is_local for one in KNOWN)
    assert {"api.anthropic.com", "*:11434"} < set(KNOWN_HOSTS)
