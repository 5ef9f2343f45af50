"""Addresses of providers: what only this machine or its network can reach is not asked."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.base_urls import check_base_url, is_public, private_addresses
from penstock.gateway.errors import InvalidSetting

NAMES = {
    "api.example.com": ["8.8.8.8"],
    "rebound.example.com": ["8.8.8.8", "127.0.0.1"],
    "inside.example.com": ["10.1.2.3"],
    "metadata.google.internal": ["169.254.169.254"],
    "six.example.com": ["fd00::1"],
}


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names lead where the test says, and the real resolver reads addresses."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **more: Any) -> Any:
        if host not in NAMES:
            return real(host, port, flags=socket.AI_NUMERICHOST, **more)
        return [one for address in NAMES[host] for one in real(address, port, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "0",
        "0.0.0.0",
        "10.0.0.8",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fec0::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "rebound.example.com",
        "inside.example.com",
        "metadata.google.internal",
        "six.example.com",
    ],
)
def test_what_is_not_public_is_asked_only_where_the_owner_allows_it(host: str) -> None:
    for url in (f"https://{host}", f"https://{host}:8443/v1", f"https://{host.upper()}/api"):
        with pytest.raises(
            InvalidSetting, match="own network; allowed only if the owner adds it with `--allow-private`"
        ):
            check_base_url(url, is_private_allowed=False)
    assert check_base_url(f"https://{host}", is_private_allowed=True) == f"https://{host}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "//api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "gopher://api.example.com",
        "https://",
        "https:///x",
        "https://api.example.com:99999",
        "https://api.example.com:x",
        "https://user@api.example.com",
        "https://user:secret@api.example.com",
        "https://api.example.com@127.0.0.1",
        "https://api.example.com?key=1",
        "https://api.example.com#@127.0.0.1",
        "https://api.example.com\\@127.0.0.1",
        "https://127.0.0.1\\.api.example.com",
        "https://api.example.com/\\x",
        "https://api.example.com/..",
        "https://api.example.com/a/../b",
        "https://api.ex ample.com",
        "https://api.example.com\n/x",
        "ht\ntps://api.example.com",
        "https://api.exam\tple.com",
        "https://api%2eexample.com",
        "https://[::1%25eth0]",
        "https://[::1",
        "https://ⓛocalhost",
        "https://api。example.com",
        "https://api.example.com/" + "a" * 400,
    ],
)
def test_what_is_no_address_is_refused_whoever_gives_it(url: str) -> None:
    for is_allowed in (False, True):
        with pytest.raises(InvalidSetting, match="base_url") as refused:
            check_base_url(url, is_private_allowed=is_allowed)
        assert refused.value.param == "base_url"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.example.com", "https://api.example.com"),
        (" https://api.example.com/ ", "https://api.example.com"),
        ("https://api.example.com/v1", "https://api.example.com"),
        ("https://api.example.com/api/v1/", "https://api.example.com/api"),
        ("https://api.example.com/openai", "https://api.example.com/openai"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("https://8.8.8.8", "https://8.8.8.8"),
        ("https://[2606:4700::1111]", "https://[2606:4700::1111]"),
        ("https://there-is-none.example.org", "https://there-is-none.example.org"),
    ],
)
def test_a_public_address_is_kept_without_its_version(url: str, kept: str) -> None:
    assert check_base_url(url, is_private_allowed=False) == kept


def test_http_is_for_private_addresses_only() -> None:
    with pytest.raises(InvalidSetting, match="only https is asked"):
        check_base_url("http://api.example.com", is_private_allowed=False)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("inside.example.com", "http://inside.example.com:8000"),
        ("inside.example.com:8000", "http://inside.example.com:8000"),
        ("inside.example.com:80", "http://inside.example.com"),
        ("inside.example.com:443", "https://inside.example.com"),
        ("Inside.Example.com", "http://INSIDE.example.com:1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_what_the_settings_list_is_asked(allowed: str, url: str) -> None:
    assert check_base_url(url, is_private_allowed=False, allowed=[allowed]) == url


def test_another_port_of_what_the_settings_list_is_not_asked() -> None:
    with pytest.raises(InvalidSetting):
        check_base_url("https://inside.example.com:8001", is_private_allowed=False, allowed=["inside.example.com:8000"])


def test_private_addresses_are_told() -> None:
    assert private_addresses("rebound.example.com", 443) == ["127.0.0.1"]
    assert private_addresses("api.example.com", 443) == []
    assert private_addresses("no.such.name", 443) == []


@given(st.ip_addresses())
def test_an_address_is_public_however_it_is_embedded(ip: Any) -> None:
    """An IPv4 address within an IPv6 one leads where the first does."""
    if ip.version == 4:
        inside = {
            is_public(f"::ffff:{ip}"),
            is_public(f"64:ff9b::{ip}"),
            is_public(f"2002:{ip.packed[:2].hex()}:{ip.packed[2:].hex()}::"),
        }
        assert inside == {is_public(str(ip))}
    assert not (is_public(str(ip)) and (ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast))


@pytest.mark.parametrize("text", ["", "localhost", "8.8.8", "8.8.8.8/8", "::g"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


def test_a_long_address_takes_no_time() -> None:
    """Slashes without an end would be counted from each of them."""
    with pytest.raises(InvalidSetting):
        check_base_url("https://api.example.com" + "/" * 200_000 + "x", is_private_allowed=False)
