"""Personal data is taken out where a profile says so, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction.personal import KINDS, redactors, without_personal
from penstock.redaction.redaction import Redactor, redact


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("write to ada.lovelace+work@mail.example.org, soon", "write to [redacted mail], soon"),
        ("<ada@example.org>", "<[redacted mail]>"),
        ("mailto:ada@example.org?x", "mailto:[redacted mail]?x"),
        ("ask ada@example.org.", "ask [redacted mail]."),
        ("call +49 170 1234567 now", "call [redacted phone] now"),
        ("call +1 (555) 010-9999", "call [redacted phone]"),
        ("Tel. 0049-30-123456", "Tel. [redacted phone]"),
        ("Tel. 030 / 1234567", "Tel. [redacted phone]"),
        ("Tel. (0721) 123456", "Tel. [redacted phone]"),
        ("card 4111 1111 1111 1111, 12/29", "card [redacted card], 12/29"),
        ("card 4111-1111-1111-1111", "card [redacted card]"),
        ("amex 378282246310005", "amex [redacted card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 bitte", "IBAN [redacted iban] bitte"),
        ("GB82WEST12345698765432", "[redacted iban]"),
        ("to NL91 ABNA 0417 1643 00 EUR 20", "to [redacted iban] EUR 20"),
    ],
)
def test_personal_data_is_taken_out(text: str, said: str) -> None:
    """Its kind stands in its place, and the rest stays."""
    assert without_personal(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "@decorator and a @ b",
        "git@",
        "version 1.2.3.4.5.6.7",
        "2026-11-22 10:00:00.123456",
        "commit 9f8d3c1e2b4a5f60718293a4b5c6d7e8f9012345",
        "123e4567-e89b-42d3-a456-426614174000",
        "4111 1111 1111 1112",
        "0000000000000000",
        "DE89370400440532013009",
        "line 1234567890",
        "port 8080, pid 123456",
        "$1,234,567.89",
        "0.12345678901",
        "192.168.100.200:8080",
        "epoch 1763800000123",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    """Numbers of other kinds, and check digits that are wrong."""
    assert without_personal(text) == text


def test_only_the_kinds_that_were_asked_for_go() -> None:
    """A team that needs addresses keeps them."""
    text = "ada@example.org, +49 170 1234567"
    assert without_personal(text, ["phone"]) == "ada@example.org, [redacted phone]"
    assert without_personal(text, []) == text


def test_personal_data_stays_unless_a_profile_says_otherwise() -> None:
    """It is no secret: a person may want their agent to remember whom to write to."""
    text = "ada@example.org, +49 170 1234567"
    assert redact(text) == text
    assert redactors(()) == ()
    assert Redactor(100, redactors(KINDS))(text) == "[redacted mail], [redacted phone]"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """Whatever it holds, nothing is raised, and what was taken out is not found again."""
    once = without_personal(text)
    assert without_personal(once) == once
