"""Who may see the screen in a browser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.web.token_auth import TokenAuth

HOST = "127.0.0.1:8780"


@pytest.fixture
def auth() -> TokenAuth:
    return TokenAuth(8780)


def refusal(auth: TokenAuth, **said: object) -> str:
    """Of a request that is in order but for what is `said`."""
    request = {"host": HOST, "origin": None, "token": auth.token, "key": "", "is_socket": False}
    return auth.refusal(**(request | said))  # type: ignore[arg-type]


def test_the_token_of_this_start_opens(auth: TokenAuth) -> None:
    """The one printed, or the cookie given for it; neither is the other, and no start has another's."""
    assert refusal(auth) == ""
    assert refusal(auth, token="", key=auth.key) == ""
    for wrong in ({"token": ""}, {"token": auth.key}, {"token": "", "key": auth.token}):
        assert "token" in refusal(auth, **wrong)
    assert "token" in refusal(auth, token=TokenAuth(8780).token)
    assert len(auth.token) >= 43


@given(st.text())
def test_no_other_text_opens(text: str) -> None:
    """Whatever it is made of, it is refused in words and raises nothing."""
    assert refusal(TokenAuth(1), token=text, key=text)


@pytest.mark.parametrize("host", ["127.0.0.1:8780", "localhost:8780", "LOCALHOST", "[::1]:9000", "127.0.0.1:1"])
def test_names_of_this_machine(auth: TokenAuth, host: str) -> None:
    """At any port: a tunnel may begin at another."""
    assert refusal(auth, host=host) == ""


@pytest.mark.parametrize(
    "host",
    ["", "evil.test", "evil.test:8780", "127.0.0.1.evil.test", "localhost.evil.test:8780", "127.0.0.1:8780@evil.test"],
)
def test_names_of_others_are_refused(auth: TokenAuth, host: str) -> None:
    """With the right token too: a name that leads here is not a page of ours."""
    assert "127.0.0.1" in refusal(auth, host=host)


@pytest.mark.parametrize("host", ["192.168.0.7:8780", "0.0.0.0:8780", "127.0.0.1:", "127.0.0.1\n", "127.0.0.1:8780 "])
def test_no_other_address_is_served(auth: TokenAuth, host: str) -> None:
    """Nor what only begins as one of this machine."""
    assert "127.0.0.1" in refusal(auth, host=host)


@pytest.mark.parametrize("origin", ["null", "http://evil.test", "http://127.0.0.1:9", "https://127.0.0.1:8780", ""])
def test_other_pages_are_refused(auth: TokenAuth, origin: str) -> None:
    """Pages at other ports of this machine are other pages; their browser sends our cookie along."""
    assert "page" in refusal(auth, origin=origin)
    assert "page" in refusal(auth, origin=origin, token="", key=auth.key, is_socket=True)


def test_a_socket_says_where_it_comes_from(auth: TokenAuth) -> None:
    """Every browser does. What says nothing is no page of ours."""
    assert refusal(auth, origin=f"http://{HOST}", is_socket=True) == ""
    assert "own page" in refusal(auth, is_socket=True)


def test_each_port_has_its_own_cookie() -> None:
    """Browsers keep them by host alone: two servers would lock out each other's tabs."""
    assert TokenAuth(1).cookie != TokenAuth(2).cookie
