"""The pages in a real browser, and a key made there on a real gateway."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from penstock.gateway.usage import usage_page
from tests.addons.conftest import provider
from tests.addons.gateway.conftest import TeamProxy, team
from tests.road.proxy import wait_until
from tests.service.conftest import TOKEN, running
from tests.tui.web.chromium import Page, chromium, open_page

__all__ = ["provider", "team"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(chromium() is None, reason="no Chromium here")]
MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
WIDER = """
[...document.querySelectorAll("body *")].filter((one) => !one.closest(".scroll, pre, .unseen, .skip")
  && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 200))
"""
"""What reaches over the right edge of the page."""
NAMELESS = """
[...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, summary")].filter((one) =>
  !(one.labels?.length || one.ariaLabel || one.textContent.trim())).map((one) => one.outerHTML)
"""
"""What a screen reader could not name."""
PAGES = ("", "/api-keys", "/models", "/usage", "/contexts", "/workers", "/audit", "/workspaces", "/workspaces/settings")


class Person:
    """Somebody at the browser."""

    def __init__(self, page: Page, home: str) -> None:
        self._page, self._home = page, home

    async def open(self, path: str) -> None:
        await self._page.call("Page.navigate", url=self._home + path)
        await self._at(path)

    async def type(self, field: str, text: str) -> None:
        await self._page.ask(f"document.querySelector({json.dumps(field)}).focus()")
        await self._page.type(text)

    async def press(self, button: str, leads_to: str) -> None:
        """By the keyboard. Waits for the page after it."""
        await self._page.ask(f"window.isOld = true, document.querySelector({json.dumps(button)}).focus()")
        for kind in ("keyDown", "keyUp"):
            await self._page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r")
        await self._page.until("!window.isOld")
        await self._at(leads_to)

    async def _at(self, path: str) -> None:
        await self._page.until(
            f"document.readyState === 'complete' && location.href.split('?')[0] === {json.dumps(self._home + path)}"
        )

    async def sees(self, text: str) -> bool:
        return bool(await self._page.ask(f"document.body.innerText.includes({json.dumps(text)})"))


async def test_a_key_from_login_to_refusal(team: TeamProxy, tmp_path: Path) -> None:
    """Logged in, made, used at the gateway, its usage seen, revoked, and refused; with no error in the console, no
    other host asked, and no page wider than a phone."""
    team.workspace("browsed")
    with running(team.store.path.parent / "contexts.db") as service:
        service.clock.at = time.time()  # the proxy's clock
        async with open_page(tmp_path / "profile") as page:
            person = Person(page, f"{service.url}/admin")
            await page.visit(f"{service.url}/admin", size=(360, 720))
            await page.until("document.querySelector('#key') !== null")
            await person.type("#key", TOKEN)
            await person.press("button.main", "")
            assert await page.ask("document.cookie") == "", "no script can read the session"
            await person.open("/workspaces")
            await person.press("tr:has(input[value=browsed]) button", "")

            await person.open("/api-keys")
            await person.type("#name", "from-a-browser")
            await person.type("#requests-day", "5")
            await person.press("form[action$='/add'] button", "/api-keys/new")
            secret = await page.ask("document.querySelector('#secret').value")
            with team.client(secret) as client:
                assert client.post("/v1/messages", json=MESSAGES).status_code == 200
            wait_until(lambda: len(usage_page(team.store, "browsed")[0]) == 1, "its usage is counted")

            await person.open("")
            assert await person.sees("1 of 5")
            await person.open("/usage")
            assert await person.sees("from-a-browser")
            assert await person.sees("anthropic/claude-opus-5-5")
            for path in PAGES:
                await person.open(path)
                assert await page.ask(WIDER) == [], path
                assert await page.ask(NAMELESS) == [], path
                assert await page.ask("getComputedStyle(document.body).marginTop") == "0px", "the style is in use"

            await person.open("/api-keys")
            await person.press("tbody a", await page.ask("document.querySelector('tbody a').pathname.slice(6)"))
            await page.ask("document.querySelector('details').open = true")
            await person.press("form[action$='/revoke'] button", "/api-keys")
            assert await person.sees("from-a-browser was revoked")
            wait_until(lambda: refused(team, secret), "the gateway refuses it")
            assert not page.errors
            assert all(one.startswith((service.url, "data:")) for one in page.addresses), page.addresses


def refused(team: TeamProxy, secret: str) -> bool:
    with team.client(secret) as client:
        answer: httpx.Response = client.post("/v1/messages", json=MESSAGES)
    return answer.status_code == 401
