"""Names in a line."""

from __future__ import annotations

import pytest

from penstock_plugins.pruning.line_names import bare, kinds_in, names_in


@pytest.mark.parametrize(
    ("line", "name", "kind"),
    [
        ("see shop/cart.py for it", "shop/cart.py", "path"),
        ("in Makefile.toml", "Makefile.toml", "path"),
        ("call open_till now", "open_till", "identifier"),
        ("class BasketModel:", "BasketModel", "identifier"),
        ("at deadbeef01 it was", "deadbeef01", "hex"),
        ("took 1234 ms", "1234", "number"),
    ],
)
def test_finds_names(line: str, name: str, kind: str) -> None:
    """Paths, identifiers, hashes and numbers are names, each of its kind."""
    assert kinds_in(line)[name] == kind


def test_plain_words_are_no_names() -> None:
    """Words that any sentence may hold are left out, and so are short numbers."""
    assert kinds_in("the cart was empty at 12 today") == {}


def test_a_margin_is_no_name() -> None:
    """The number a reader put before a line is not in it."""
    assert bare("   120→total = 1") == "total = 1"
    assert names_in("   120→a\n   121→b") == frozenset()
