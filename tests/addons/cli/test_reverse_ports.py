"""Reverse ports as a person writes them."""

from __future__ import annotations

import pytest
from mitmproxy.proxy.mode_specs import ProxyMode, ReverseMode

from penstock.base.errors import PenstockError
from penstock_addons.cli.reverse_ports import parse


@pytest.mark.parametrize(
    ("spec", "url", "port", "base"),
    [
        ("anthropic=8411", "https://api.anthropic.com", 8411, "http://127.0.0.1:9"),
        ("openai", "https://api.openai.com", 0, "http://127.0.0.1:9/v1"),
        ("ollama=1", "http://127.0.0.1:11434", 1, "http://127.0.0.1:9"),
        ("http://gpu-box:11434=8412", "http://gpu-box:11434", 8412, "http://127.0.0.1:9"),
        ("https://llm.example.com/", "https://llm.example.com", 0, "http://127.0.0.1:9"),
    ],
)
def test_knows_where_it_leads(spec: str, url: str, port: int, base: str) -> None:
    """A provider by its name, or any address; mitmproxy understands what we make of it."""
    found = parse(spec)
    assert (found.url, found.port, found.base("127.0.0.1", 9)) == (url, port, base)
    mode = ProxyMode.parse(found.mode("127.0.0.1"))
    assert isinstance(mode, ReverseMode)
    assert mode.custom_listen_port == port


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("antropic=8411", "Did you mean 'anthropic'?"),
        ("anthropic=high", "anthropic=8411"),
        ("anthropic=70000", "70000 is no port"),
        ("", "a provider or an address"),
        ("ftp://x=1", "a provider or an address"),
    ],
)
def test_says_what_is_wrong(spec: str, said: str) -> None:
    """With the nearest name, or an example."""
    with pytest.raises(PenstockError, match="--reverse") as e:
        parse(spec)
    assert said in str(e.value)
