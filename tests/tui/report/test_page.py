"""The page itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from penstock.events.event import Event, EventKind
from penstock.stats.selection import choose
from penstock_tui.report import page as pages
from penstock_tui.report.gather import gather
from penstock_tui.report.page import page
from tests.tui.logs import Log, kept_alive, life, paid_life
from tests.tui.report.test_gather import with_result
from tests.tui.screens.days import a_day, tagged

K = EventKind
SECTIONS = ["tokens", "window", "cache", "money", "latency", "tags", "results", "edits"]
OURS = {
    *("html", "head", "meta", "title", "style", "body", "main", "footer", "section", "div", "p", "strong"),
    *("h1", "h2", "h3", "ul", "li", "dl", "dt", "dd", "figure", "figcaption", "details", "summary"),
    *("svg", "g", "path", "rect", "circle", "text"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Read(HTMLParser):
    """Elements and texts of a page, without what is in scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._skips = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._skips = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._skips = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._skips else f"{data} "

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def html(log: Log, *, texts: bool = False) -> str:
    return page(gather(log.store, choose(log.store)), texts=texts)


def test_every_plot_has_a_title_words_and_numbers(log: Log) -> None:
    """Whoever cannot see it reads the same."""
    a_day(log)
    found = Read(html(log))
    assert [section["id"] for section in found.named("section")] == [*SECTIONS, "sessions"]
    drawn = [div for div in found.named("div") if div.get("role") == "img"]
    assert len(drawn) == 6
    assert all(div["aria-label"] for div in drawn)
    assert len(found.named("details")) == 6
    assert "Of all requests, 6,000 input tokens were received, 4,500 sent, 1,500 fewer." in found.text


def test_keep_alive_is_its_own_figure(log: Log) -> None:
    """In the sums of all, and of each session; never among requests."""
    log.exchange(paid_life(0.5, 0.3, session="other"))
    assert "keep-alive" not in Read(html(log)).text
    id = log.exchange(paid_life(0.5, 0.3))
    log.exchange(kept_alive(48_211, 0.04), id=id)
    text = Read(html(log)).text
    assert text.count("1 read, $0.0400") == 2
    assert "requests 2 " in " ".join(text.split())


def test_the_smallest_sums_are_shown_as_text(log: Log) -> None:
    """`<$0.0001` is no beginning of an element."""
    log.exchange(paid_life(0.000009, 0.000003))
    assert "without Penstock <$0.0001 paid <$0.0001 saved <$0.0001" in " ".join(Read(html(log)).text.split())


def test_it_says_why_little_was_saved(log: Log) -> None:
    """In one section, by session where there are several; what came from outside is escaped."""
    log.exchange(paid_life(0.5, 0.3))
    report = gather(log.store, choose(log.store))
    assert "Why little was saved" not in Read(page(report)).text
    report.why_little_saved = {"session-1": ["It is short.", HOSTILE], "session-2": [], "session-3": ["It observes."]}
    found = Read(page(report))
    for words in ("Why little was saved", "session-1", "It is short.", "session-3", "It observes."):
        assert words in found.text
    assert "session-2" not in found.text
    assert not found.named("img")


def test_it_loads_nothing(log: Log) -> None:
    """No address in it is fetched, and the page forbids it, too."""
    a_day(log)
    found = Read(html(log))
    assert [attrs for _, attrs in found.tags if attrs.keys() & {"src", "href"}] == []
    [policy] = [meta["content"] for meta in found.named("meta") if meta.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_no_words_of_a_message_unless_asked_for(log: Log) -> None:
    """It is made to be handed on; with texts, how results and stubs begin, redacted."""
    log.exchange(with_result(900, left=80, words="the plan is secret"))
    bare, full = html(log), html(log, texts=True)
    assert "the plan is secret" not in bare + full
    assert "[cut]" not in bare
    assert "[cut]" in full


def test_what_came_from_outside_is_escaped(log: Log) -> None:
    """A tag, a project, a model, a tool and a reason may hold HTML; plots read some of it, so they get none."""
    facts = with_result(900, left=80, project=f"/src/{HOSTILE}", client=HOSTILE, session=HOSTILE, model=HOSTILE)
    facts = [(kind, data | {"reason": HOSTILE} if kind is K.EDIT else data) for kind, data in facts]
    log.exchange(tagged(HOSTILE, "<b>bold</b>", facts=facts))
    said = html(log, texts=True)
    assert "<script>alert" not in said
    assert not re.search(r"<img|<b>", said)
    assert {tag for tag, _ in Read(said).tags} <= OURS


def test_no_credential(log: Log) -> None:
    """P6: an older version may have let one through."""
    key = "sk-ant-api03-abcdefghijklmnop"
    log.exchange(tagged(key, facts=life(session="s")))
    assert key not in html(log, texts=True).replace("&quot;", "")


def test_a_long_log_has_short_tables(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says where the rest is."""
    monkeypatch.setattr(pages, "ROWS", 2)
    a_day(log)
    found = Read(html(log))
    assert "1 more rows are in `penstock export`" in found.text


def test_a_log_with_nothing_in_it(log: Log) -> None:
    """A page all the same, that says so."""
    log.started()
    found = Read(html(log))
    assert "Nothing was edited." in found.text
    assert "Nothing was paid" in found.text
    assert [div for div in found.named("div") if div.get("role") == "img"] == []


def test_a_log_of_another_version(log: Log) -> None:
    """Gaps, no traceback."""
    odd = {
        "tokens": 3,
        "usage": "x",
        "blocks": [None, {}],
        "money": [],
        "tags": ["\ud800"],
        "kind": "main",
        "turn": "x",
    }
    rows = [Event(0, 1.0, f"old-{n}", kind, {}) for n, kind in enumerate(K)]
    log.store.add_events([*rows, *(Event(0, 1.0, "all", kind, odd) for kind in K)])
    assert "All sessions of a log" in html(log, texts=True)
