"""What a client asks of the proxy, by header or by the user name of the proxy's address."""

from __future__ import annotations

import base64

import pytest
from mitmproxy.http import Headers

from penstock_addons.wire.client_overrides import ClientOverrides, OverrideReader


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:x".encode()).decode()


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bypass", ClientOverrides(bypass=True)),
        ("ByPass ", ClientOverrides(bypass=True)),
        ("bypas", ClientOverrides(bypass=True)),
        ("profile=codex", ClientOverrides(profile="codex")),
        ("profile=codex+bold", ClientOverrides(profile="codex+bold")),
        ("profile=../../etc/x.toml", ClientOverrides()),
        ("", ClientOverrides()),
    ],
)
def test_a_header_asks_for_one_request(header: str, asked: ClientOverrides) -> None:
    """Who asks to be left alone is left alone, misspelled or not; no file is read that a client names."""
    headers = Headers(x_penstock=header) if header else Headers()
    assert OverrideReader().take("c", headers) == asked
    assert "x-penstock" not in headers


def test_a_user_name_asks_for_a_session() -> None:
    """It holds for each request of the connection, until that is closed, and a header goes before it."""
    clients = OverrideReader()
    clients.learn("c", Headers(proxy_authorization=basic("observe")))
    assert clients.take("c", Headers()) == ClientOverrides(profile="observe")
    assert clients.take("c", Headers(x_penstock="bypass")) == ClientOverrides(bypass=True)
    assert clients.take("other", Headers()) == ClientOverrides()
    clients.forget("c")
    assert clients.take("c", Headers()) == ClientOverrides()


def test_a_header_that_is_signed_stays() -> None:
    """The provider counts it in the signature, and refuses a request without it; it is heeded all the same."""
    headers = Headers(x_penstock="bypass", authorization="AWS4-HMAC-SHA256 SignedHeaders=host;x-penstock, Signature=0")
    assert OverrideReader().take("c", headers) == ClientOverrides(bypass=True)
    assert headers["x-penstock"] == "bypass"
    headers["authorization"] = "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0"
    assert OverrideReader().take("c", headers) == ClientOverrides(bypass=True)
    assert "x-penstock" not in headers
