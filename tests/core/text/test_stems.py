"""Words as memory compares them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.text.stems import _CODE, _WIDE, identifiers, stem, terms


@pytest.mark.parametrize(
    "forms",
    [("paint", "paints", "painted", "painting"), ("deploy", "deploys", "deployed"), ("study", "studies", "studied")],
)
def test_forms_of_a_word_meet(forms: tuple[str, ...]) -> None:
    """So that a question finds an answer in another tense."""
    assert len({stem(form) for form in forms}) == 1


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
