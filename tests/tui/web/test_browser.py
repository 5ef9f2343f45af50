"""The page in a real browser, over a log that is being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.logs import Log, life
from tests.tui.web.chromium import chromium, open_page
from tests.tui.web.processes import needs_proc
from tests.tui.web.test_server import serve

pytestmark = [
    pytest.mark.slow,
    needs_proc,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]
DRAWN = "document.body?.classList.contains('-first-byte')"
CLOSED = "document.body?.classList.contains('-closed')"
PIXELS = """
[...document.querySelectorAll(".xterm-screen canvas")].map((one) => one.toDataURL()).join()
"""
"""What is drawn. The terminal's letters are pixels: whether they changed is what a page can tell."""


async def test_the_page_shows_what_comes(log: Log, tmp_path: Path) -> None:
    """It loads, draws rows as they come, takes keys without a click, survives a reload with no token in its address,
    says when it has ended; with no error in the console, and nothing asked of any other host."""
    log.started()
    log.exchange(life("the first question"))
    async with serve(log.path) as served, open_page(tmp_path / "profile") as page:
        await page.visit(served.screen.address)
        await page.until(DRAWN)
        assert await page.ask("location.href") == served.home + "/"
        assert await page.ask("document.cookie") == "", "no script can read the key"
        assert await page.ask("document.fonts.check('16px \"Roboto Mono\"')")
        await page.until("document.activeElement.className === 'xterm-helper-textarea'")

        await page.ask(f"window.before = ({PIXELS})")
        log.exchange(life("the second question"))
        await page.until(f"({PIXELS}) !== window.before")

        await page.ask(f"window.before = ({PIXELS})")
        await page.type("5")
        await page.until(f"({PIXELS}) !== window.before")

        await page.resize((390, 760))
        await page.until("document.querySelector('.xterm-screen').getBoundingClientRect().width <= 390")

        await page.call("Page.reload")
        await page.until(DRAWN)
        assert not page.errors
        assert all(one.startswith((served.home, "data:")) for one in page.addresses), page.addresses

        await page.until("document.activeElement.className === 'xterm-helper-textarea'")
        await page.type("q")
        await page.until(CLOSED)
        assert await page.ask("getComputedStyle(document.getElementById('ended')).display") == "grid"
        await page.ask("document.getElementById('again').click()")
        await page.until(f"{DRAWN} && !{CLOSED}")
        assert not page.errors
