"""Personal data is found by its form and its check digits; what only looks alike stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction.find_personal import find_personal
from penstock.redaction.placeholders import find_all

AROUND = [("", ""), ("call ", " now"), ("(", ")"), ('"', '"'), ("x: ", "."), ("\n", "\n")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("ada.b+c@mail.acme.co", "email"),
        ("ada@bücher.de", "email"),
        ("+49 151 12345678", "phone"),
        ("+4915112345678", "phone"),
        ("+1 (415) 555-2671", "phone"),
        ("(415) 555-2671", "phone"),
        ("415-555-2671", "phone"),
        ("0049 151 12345678", "phone"),
        ("030 12345678", "phone"),
        ("01 42 68 53 00", "phone"),
        ("4111 1111 1111 1111", "card"),
        ("4111111111111111", "card"),
        ("3782 822463 10005", "card"),
        ("5555-5555-5555-4444", "card"),
        ("DE89370400440532013000", "iban"),
        ("GB29 NWBK 6016 1331 9268 19", "iban"),
        ("93.184.216.34", "ip"),
        ("2a00:1450:4001:81b::200e", "ip"),
        ("123-45-6789", "id"),
        ("86 095 742 719", "id"),
        ("2 55 07 35 123 456 83", "id"),
        ("RSSMRA85T10A562S", "id"),
        ("12345678Z", "id"),
        ("X1234567L", "id"),
        ("111.444.777-35", "id"),
    ],
)
def test_personal_data_is_found(value: str, kind: str) -> None:
    """Wherever it stands in a sentence."""
    for before, after in AROUND:
        found = find_personal(before + value + after)
        assert [(before + value + after)[one.start : one.end] for one in found] == [value]
        assert [one.kind for one in found] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:acme/web.git",
        "icon@2x.png",
        "me@example.com",
        "noreply@anthropic.com",
        "@app.route",
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "8.8.8.8",
        "1.2.3.4",
        "version 120.0.6099.109",
        "Chrome/120.0.6099.109",
        "2024-01-15 12:34:56",
        "12-05-2024 1200",
        "1700000000000",
        "1234567890",
        "550e8400-e29b-41d4-a716-446655440000",
        "std::vector",
        "2001:db8::1",
        "4111111111111112",
        "DE89370400440532013001",
        "000-12-3456",
        "86095742718",
        "12345678A",
        "RSSMRA85T10A562T",
        "3.14159265358979",
        "0015/0016/0017",
    ],
)
def test_what_looks_alike_stays(text: str) -> None:
    """Machines, versions, times, and numbers whose check digits are wrong."""
    for before, after in AROUND:
        assert find_personal(before + text + after) == []


@given(st.text(alphabet="0123456789 .-+()@aA:<>emailD E\n", max_size=200))
def test_places_are_in_order_and_apart(text: str) -> None:
    """No place reaches into another."""
    found = find_all(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(0 <= one.start < one.end <= len(text) for one in found)


def test_a_place_that_overlaps_another_is_one_with_it() -> None:
    """Neither shows in part."""
    assert find_all("call ada@acme.io", [lambda _: [(0, 8, "person")]]) == [(0, 16, "person")]
