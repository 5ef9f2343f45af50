"""What an error of a provider may not repeat of the request that it answers."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from mitmproxy import http

from penstock_addons.wire.credentials import credentials_of, head_of, without

SECRET = "9fK2/xQ7+vLm3ZtR8wB1"


def said(headers: dict[str, str], error: str, url: str = "https://api.example.org/v1/messages") -> str:
    """What is left of `error`, though the request has other headers by the time that it comes."""
    request = http.Request.make("POST", url, b"{}", headers)
    head = head_of(request)
    request.headers.clear()
    request.path = "/"
    return without(error, head.credentials)


@pytest.mark.parametrize(
    "header",
    [
        "x-api-key",
        "Authorization",
        "x-auth-token",
        "cf-access-client-secret",
        "x-functions-key",
        "helicone-auth",
        "x-anything",
    ],
)
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "key={}; v=1"])
def test_a_header_that_looks_like_a_credential_is_not_repeated(header: str, form: str) -> None:
    """A provider that says what it got names headers that nobody has a list of."""
    assert SECRET not in said({header: form.format(SECRET)}, f"invalid {header}: {SECRET}!")


@pytest.mark.parametrize(
    "form",
    [
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_nor_in_another_form(form: str) -> None:
    """Percent-encoded, or in base64."""
    assert form not in said({"authorization": f"Bearer {SECRET}"}, f"cannot use {form}")


def test_a_password_of_basic_authentication_is_not_repeated() -> None:
    """It is in base64 in the header, and plain in an error."""
    header = "Basic " + base64.b64encode(b"ada:hunter2hunter2").decode()
    assert said({"proxy-authorization": header}, "no user ada with hunter2hunter2") == (
        "no user ada with [redacted credential]"
    )


def test_cookies_and_keys_in_the_address_are_not_repeated() -> None:
    """They are credentials as well."""
    left = said(
        {"cookie": "theme=dark; sid=abcdef1234567"},
        "session abcdef1234567 and 9fK2xQ7vLm3ZtR",
        "https://api.example.org/v1/models?key=9fK2xQ7vLm3ZtR",
    )
    assert left == "session [redacted credential] and [redacted credential]"


def test_what_tells_what_went_wrong_stays() -> None:
    """Versions, types, agents and ids are what a person looks for in an error."""
    headers = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "context-1m-2025-08-07",
        "user-agent": "claude-cli/2.1.330 (external, cli)",
        "content-type": "application/json; charset=utf-8",
        "x-stainless-package-version": "0.60.0",
    }
    for value in headers.values():
        assert said(headers, f"unsupported: {value}") == f"unsupported: {value}"


def test_many_headers_cost_little() -> None:
    """No more are looked for than an error could repeat."""
    headers = {f"x-h{n}": f"abc123def{n}" for n in range(5_000)}
    assert len(credentials_of(http.Request.make("GET", "http://x/", b"", headers))) < 5_000
