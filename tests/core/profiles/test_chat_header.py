"""Headers of chat gateways: in the shapes that are sent, beside what people write at the beginning of a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.profiles.chat_header import ChatHeaders

KNOWN = ("Channel", "Discord", "Google Chat", "Signal", "Slack", "Teams", "Telegram", "WebChat", "WhatsApp", "iMessage")
strip = ChatHeaders(KNOWN)


@pytest.mark.parametrize(
    "header",
    [
        # Known channels.
        "Telegram Alice id:-100123",
        "Telegram Ada Lovelace (@ada) id:123456789 +5m 2031-02-03 10:00 UTC",
        "Telegram Kiln & Co. (Käse) id:-1001068509881 2031-02-08 16:27 GMT+8",
        "Telegram 小喵 id:405055366 +1m Sun 2031-02-08 16:27 GMT+8",
        "Telegram @ada 2031-02-03T10:00Z",
        "Telegram group:-100123 topic:7 id:-100123:topic:7 +1h",
        "WhatsApp +1555 Mon 2031-01-05 16:26:34 PST",
        "WhatsApp +14084271492 +2m 2031-02-05 17:27 PST",
        "WhatsApp +15551234567",
        "WhatsApp Family 120363041234567890@g.us +30s",
        "WhatsApp Family id:120363041234567890@g.us",
        "Discord Guild #general channel id:1466532593754312899 +13s Mon 2031-02-16 02:51 UTC",
        "Discord ada.l user id:1387878851782246502 2031-01-27 01:24 UTC",
        "Slack #general +3m 2031-02-03 10:00 EST",
        "Slack Ada id:U012AB3CD",
        "Signal Alice +1555 2031-01-18 00:19 PST",
        "Signal Signal Group id:123",
        "Signal Alice +1555 +2m 2031-01-18T05:19Z",
        "iMessage +14245157194 +5s 2031-01-26 20:49 PST",
        "iMessage Group id:10 +5s 2031-01-26 21:42 PST",
        "WebChat user1 mac-mini 10.0.0.5 Thu 2031-01-02T03:04:05Z",
        "Google Chat spaces/AAAA id:users/12 2031-02-03 10:00",
        "Channel general id:12345 2031-02-03 10:00",
        # Any other name.
        "Ops Room 🚀 id:42",
        "🚀 launches Ada id:-7 +2d",
        "Ада и друзья id:77",
        "ダッシュ Ada id:99 2031-02-03 10:00",
        "MyBot id:-5 hello there",
        "Feishu Ada id:ou_8d379606db2e0a64b8dbda39b4671fa6",
        "O'Brien's kiln-room (old) id:123",
        "ops-room Ada id:5 +3m",
        "matrix !abc:example.org Ada id:@ada1:example.org 2031-02-03 10:00",
        # A time alone.
        "Wed 2031-01-28 20:30 EST",
        "Sat 2031-02-14 18:49 GMT-3",
        "Sat 2031-02-14 18:49:07 America/Bogota",
    ],
)
def test_a_header_goes(header: str) -> None:
    """At the beginning of a text and of any line, and the words stay whole."""
    for words in ("hello", "[1] is a note", "Ada (@ada): [link](x)", ""):
        assert strip(f"[{header}] {words}") == words
        assert strip(f"one\n[{header}]\t{words}\nthree") == f"one\n{words}\nthree"
        assert strip(f"[{header}]\n{words}") == f"\n{words}"


@pytest.mark.parametrize(
    "text",
    [
        # Log lines.
        "[INFO 2031-02-03 10:00] started",
        "[2031-02-03 10:00] started",
        "[2031-02-03T10:00:00Z worker id:7] started",
        "[10:00:01 Worker id:7] started",
        "[ERROR worker id:7 2031-02-03 10:00] stopped",
        "[Warning: pool id:7] full",
        "[worker id:7 2031-02-03 10:00] started",
        "[worker-3 pool id:7] started",
        "[user id:42] cannot log in",
        "[Request id:ab-12 status=500] failed",
        '[Job {"id:1": 2} id:7] failed',
        "[Wed Feb 03 10:00:00 2031] [error] client denied",
        "[Wed 2031-02-03] we meet",
        "[main] INFO started id:7",
        # Links, notes, lists.
        "[link](x)",
        "[Telegram Alice id:5](https://example.com)",
        "[Slack Ada id:5]: https://example.com",
        "[Telegram Alice id:5][1]",
        "[ ] call Ada",
        "[x] call Ada",
        "[TODO id:5] call Ada",
        "[1] a footnote",
        "[Channel tunnel] opened",
        "[Signal handling] is broken",
        "[Telegram] is down",
        "[Matrix multiplication] is slow",
        "[Image processing] is what I need",
        "[Ada id:] what",
        "[Ada id:none] what",
        "[Ada id: 5] what",
        "[Ada valid:5] what",
        "[id:5 Ada] what",
        "[Replying to Ada id:5]",
        # Not at the beginning of a line, or not on one.
        "see [Telegram Alice id:5] there",
        " [Telegram Alice id:5] there",
        "> [Telegram Alice id:5] there",
        "[Telegram Alice\nid:5] there",
        "[Telegram [Alice] id:5] there",
        "[[Telegram Alice id:5]] there",
        "[Telegram Alice id:5",
        "[]",
        "[ ]",
        f"[Telegram {'Alice ' * 60} id:5] there",
        # Code.
        "look:\n```\n[Telegram Alice id:5] hi\n```\nwhy?",
        "look:\n~~~text\n[WhatsApp +15551234 +2m] hi",
    ],
)
def test_a_persons_own_brackets_stay(text: str) -> None:
    """Where it could be either, it is a person's. The same object: nothing is copied for nothing."""
    assert strip(text) is text


def test_a_name_is_known_as_it_is_written() -> None:
    """Its letters, whole: a name that another one begins with is not that one."""
    assert ChatHeaders(["Kiln"])("[Kiln +15551234] hi") == "hi"
    for text in ("[kiln +15551234] hi", "[Kilns +15551234] hi", "[Kiln2 +15551234] hi"):
        assert ChatHeaders(["Kiln"])(text) is text


def test_behind_a_block_of_code_headers_go_again() -> None:
    """A fence that is closed ends what is quoted."""
    block = "```\n[Telegram Alice id:5] quoted\n```\n"
    assert strip(f"{block}[Telegram Alice id:5] said") == f"{block}said"


NAMES = st.text(st.characters(categories=["L", "N", "So"], include_characters=" -_.'()&#"), min_size=1, max_size=40)


@given(name=NAMES, number=st.integers(), words=st.text(alphabet="abc ÄÖ.,;\n", max_size=50))
def test_a_channel_of_any_name(name: str, number: int, words: str) -> None:
    """Whatever it is called: `id:NUMBER` says that it is one."""
    words = words.lstrip(" \t")
    assert strip(f"[Room {name} id:{number}] {words}") == words


@given(st.text(alphabet="[]`~ \nTelgram id:+-0123456789@#", max_size=200))
def test_what_goes_is_whole_headers(text: str) -> None:
    """Of a text made of what headers are made of: what is left are parts of it in their order, and a bracket that is
    not closed on its line stays."""
    left = strip(text)
    rest = iter(text)
    assert all(c in rest for c in left)
    assert left.count("[") - left.count("]") == text.count("[") - text.count("]")
