"""Pages of other sites are told from programs of this machine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.browser_origin import Allowed, Caller, is_loopback, is_own_name, is_own_page, refusal

HOST = "127.0.0.1:8411"
NONE = Allowed()


def why(**said: Any) -> str:
    """Of a program's request, but for what is `said`."""
    return refusal(Caller(**({"hosts": (HOST,)} | said)), NONE)


def test_programs_pass() -> None:
    """They name no origin, whichever loopback name they use."""
    for host in (HOST, "localhost", "LOCALHOST:1", "[::1]:8411"):
        assert why(hosts=(host,)) == ""
    assert why(sites=("none",)) == ""


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("evil.test",),
        ("127.0.0.1.evil.test",),
        ("0.0.0.0:8411",),
        ("127.0.0.1\n",),
        ("127.0.0.1:",),
        ("127.0.0.1:8411@evil.test",),
        (HOST, "evil.test"),
    ],
)
def test_a_name_that_is_not_this_machines_is_refused(hosts: tuple[str, ...]) -> None:
    """Nor is a request that names none, or a second one."""
    assert "penstock_names" in why(hosts=hosts)


@pytest.mark.parametrize("origin", ["", "null", "http://evil.test", "http://127.0.0.1:9", "https://127.0.0.1:8411"])
def test_a_foreign_page_is_refused(origin: str) -> None:
    """Whatever else the browser says of it."""
    for sites in ((), ("same-origin",), ("cross-site",)):
        assert "penstock_origins" in why(origins=(origin,), sites=sites)
    assert "penstock_origins" in why(origins=(f"http://{HOST}", origin))


def test_a_page_of_this_server_passes() -> None:
    """An origin that is the very host asked for."""
    assert why(origins=(f"http://{HOST}",), sites=("same-origin",)) == ""
    assert why(origins=(f"https://{HOST}",), scheme="https") == ""


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "something new", ""])
def test_the_browsers_word_counts_without_an_origin(site: str) -> None:
    """Images and links carry none."""
    assert "comes from one" in why(sites=(site,))


def test_a_preflight_is_refused_whoever_asks() -> None:
    """Programs send none."""
    assert why(is_preflight=True)


def test_what_a_person_named_passes() -> None:
    """Names by their letters, origins whole, or all of a scheme that no site has."""
    allowed = Allowed.of(
        ["Host.Docker.Internal", "[fd00::2]"], ["http://localhost:3000", "vscode-webview://", "file://"]
    )
    for host in ("host.docker.internal:8411", "HOST.docker.internal", "[FD00::2]:1"):
        assert refusal(Caller((host,)), allowed) == ""
    assert refusal(Caller(("evil.host.docker.internal",)), allowed)
    for origin in ("http://localhost:3000", "vscode-webview://1a2b", "file://"):
        assert refusal(Caller((HOST,), (origin,), ("cross-site",), is_preflight=True), allowed) == ""
    for origin in ("http://localhost:3001", "vscode-webviews://1", "vscode-webview", "null"):
        assert refusal(Caller((HOST,), (origin,)), allowed)


@pytest.mark.parametrize(
    ("names", "origins"),
    [
        (["a:1"], []),
        (["*"], []),
        ([""], []),
        (["http://a"], []),
        ([], ["null"]),
        ([], ["NULL"]),
        ([], ["*"]),
        ([], ["http://"]),
        ([], ["https://"]),
        ([], ["http://*.evil.test"]),
        ([], ["localhost:3000"]),
        ([], ["http://a/path"]),
    ],
)
def test_what_would_let_everybody_in_is_not_taken(names: list[str], origins: list[str]) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match=r"expected|any page"):
        Allowed.of(names, origins)


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_no_other_text_passes(hosts: list[str], origins: list[str], sites: list[str]) -> None:
    """Whatever is said, an answer comes, short enough to show; and nothing but the names above lets a page in."""
    said = refusal(Caller(tuple(hosts), tuple(origins), tuple(sites)), NONE)
    assert len(said) < 1000
    if origins or not hosts:
        assert said


@given(st.text())
def test_only_a_name_of_its_own_is_one(text: str) -> None:
    """No text that merely looks like one."""
    name = text.rpartition(":")[0] if text.rpartition(":")[2].isdecimal() else text
    assert is_own_name(text) is (name.lower() in ("127.0.0.1", "localhost", "[::1]")) or ":" in text
    assert is_own_page(f"HTTP://{HOST}", HOST)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::1%lo", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("10.1.2.3", False),
        ("", False),
        ("example.com", False),
    ],
)
def test_knows_what_other_machines_reach(address: str, here: bool) -> None:
    """Loopback alone is closed to them."""
    assert is_loopback(address) is here
