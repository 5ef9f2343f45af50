"""`Browser`: a client of the admin pages, with cookies, which sends forms from the page they are on."""

from __future__ import annotations

import re

import httpx

from tests.service.conftest import Service

__all__ = ["Browser", "secret_in", "token_in"]


class Browser:
    """The browser of one user. Redirects are not followed."""

    def __init__(self, service: Service, **headers: str) -> None:
        self.http = httpx.Client(base_url=service.url, trust_env=False, timeout=60, headers=headers)

    def close(self) -> None:
        self.http.close()

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def token(self, page: str) -> str:
        """The token of the forms of a page."""
        return token_in(self.get(page))

    def send(self, page: str, to: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form of `page`."""
        return self.http.post(to, data={"form_token": self.token(page), **fields})

    def login(self, key: str) -> httpx.Response:
        return self.send("/admin/login", "/admin/login", key=key)

    def new_key(self, **fields: str | list[str]) -> str:
        """The secret of a key that is made by the form."""
        answer = self.send("/admin/api-keys", "/admin/api-keys/add", **fields)
        assert answer.headers["location"] == "/admin/api-keys/new", answer.text
        return secret_in(self.get("/admin/api-keys/new").text)


def token_in(page: httpx.Response) -> str:
    """The token of the forms of a page's HTML."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


def secret_in(page: str) -> str:
    """The key that a page shows."""
    found = re.search(r'class="secret" readonly value="(pst_[^"]+)"', page)
    assert found, page
    return found[1]
