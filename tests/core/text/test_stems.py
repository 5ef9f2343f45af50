"""Words as memory compares them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.text.stems import _CODE, _WIDE, identifiers, stem, terms
from tests.sizing import examples


@pytest.mark.parametrize(
    "forms",
    [("paint", "paints", "painted", "painting"), ("deploy", "deploys", "deployed"), ("study", "studies", "studied")],
)
def test_forms_of_a_word_meet(forms: tuple[str, ...]) -> None:
    """So that a question finds an answer in another tense."""
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("8800", "880", "88000"),
        ("srv22", "srv2", "srv222"),
        ("abc11", "abc1"),
        ("deadbeef99", "deadbeef9"),
        ("0x3ff", "0x3f", "0x3fff"),
        ("0xbeee", "0xbee", "0xbe"),
        ("0xabcded", "0xabcd", "0xabc"),
        ("8deafed", "8deaf", "8deafe"),
        ("1e55", "1e5", "1e5e"),
        ("100ms", "100m", "100mb"),
        ("__", "___", "foo__", "foo_", "foo"),
    ],
)
def test_other_numbers_are_other_words(words: tuple[str, ...]) -> None:
    """Decimal or hexadecimal, alone or in a name, with or without a unit: what is asked for 8800 has nothing to do
    with 880."""
    assert len({stem(word) for word in words}) == len(words)


@pytest.mark.parametrize(
    "forms",
    [("café", "cafe", "cafés"), ("naïve", "naive"), ("phế", "phe"), ("über", "uber"), ("résumé22", "resume22")],
)
def test_accents_of_latin_letters_do_not_count(forms: tuple[str, ...]) -> None:
    """However many a letter has."""
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize("word", ["日本が", "한글", "ß", "йод", "ἄνθρωπος", "søn"])
def test_other_letters_stay(word: str) -> None:
    assert stem(word) == word


@pytest.mark.parametrize(
    "forms",
    [("1990", "1990s"), ("x86", "x86s"), ("md5sum", "md5sums"), ("10day", "10days"), ("base64encode", "base64encoded")],
)
def test_forms_of_a_word_with_digits_meet(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


letters = st.one_of(st.text("abefsxyz_", max_size=3), st.sampled_from(["ing", "ed", "es", "s", "0x", "beef", "ies"]))
digits = st.text("08", max_size=3)


@settings(max_examples=examples(500))
@given(
    st.lists(st.tuples(letters, digits), min_size=1, max_size=3),
    st.integers(0, 2),
    digits,
    st.sampled_from(["", "", "s", "es", "ed", "ing", "ff", "ee", "y", "ings", "ied"]),
)
def test_words_that_differ_in_digits_alone_have_other_stems(
    parts: list[tuple[str, str]], place: int, other: str, end: str
) -> None:
    """However many digits each has, and wherever they are."""
    changed = [(own, other if n == place % len(parts) else number) for n, (own, number) in enumerate(parts)]
    one, two = ("".join(own + number for own, number in some) + end for some in (parts, changed))
    assert one == two or stem(one) != stem(two)


@given(st.text())
def test_any_text_has_terms(text: str) -> None:
    """Whatever a person or a tool wrote; the same each time, and without blanks."""
    found = terms(text)
    assert found == terms(text)
    assert not any(" " in term for term in found)


def test_an_identifier_is_found_by_its_parts() -> None:
    """Whole, and each word in it."""
    assert {"parsehttpheader", "pars", "http", "header"} <= set(terms("call parseHttpHeader first"))
    assert {"retry_after", "retri"} <= set(terms("the retry_after value"))


def test_paths_and_names_are_identifiers() -> None:
    """And ordinary words are not."""
    found = identifiers("See core/wire/header.py and foo.bar.Baz, then go home with utf8 and ab_cd.").split()
    assert {"core/wire/header.py", "foo.bar.baz", "utf8", "ab_cd"} <= set(found)
    assert not {"see", "home", "go"} & set(found)


@given(st.text("aB1_./-:~@+`( \n\u00e9\u65e5", max_size=60))
def test_words_that_are_not_looked_at_hold_no_identifier(text: str) -> None:
    """Plain words are left out before the rules are tried, for speed: nothing changes by that."""
    slow = dict.fromkeys(match.lower() for rule in (_CODE, _WIDE) for match in rule.findall(text))
    assert identifiers(text) == " ".join(slow)
