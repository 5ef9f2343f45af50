"""Documents, by their headings."""

from __future__ import annotations

from penstock.memory.chunks import CHARS_PER_TOKEN, CHUNK_TOKENS
from penstock.memory.items import Kind
from penstock.memory.materials.documents import split_document

LONG = "The kiln fires. " * 45


def test_each_section_names_what_it_stands_under() -> None:
    """Its own heading, those above it, and the title."""
    text = f"# Kiln\n{LONG}\n## Vents\n{LONG}\n### At night\n{LONG}\n## Glaze\n{LONG}"
    found = [piece.text for piece in split_document(text, "Manual").kept]
    heads = [text.partition("\n\n")[0] for text in found]
    assert heads == ["Manual", "Manual > Kiln", "Manual > Kiln > Vents", "Manual > Kiln"]
    assert [text.split("\n")[2] for text in found] == ["# Kiln", "## Vents", "### At night", "## Glaze"]


def test_short_sections_of_one_heading_stay_together() -> None:
    """A heading without a text is named by what follows it, and no text is lost."""
    text = "# Kiln\n## Vents\nshut\n## Glaze\nblue\n# Loom\nsix shafts"
    assert [piece.text for piece in split_document(text).kept] == [
        "Kiln\n\n## Vents\nshut\n\n## Glaze\nblue",
        "# Loom\nsix shafts",
    ]


def test_the_parts_of_a_long_section_name_it() -> None:
    """And each is a size that memory keeps whole."""
    paragraphs = "\n\n".join(f"Step {n}. {LONG}" for n in range(12))
    found = [piece.text for piece in split_document(f"# Kiln\n## Firing\n{paragraphs}").kept]
    assert len(found) > 3
    assert all(text.startswith("Kiln > Firing\n\n") for text in found[1:])
    assert all(len(text) <= CHUNK_TOKENS * CHARS_PER_TOKEN for text in found)
    assert all(any(f"Step {n}." in text for text in found) for n in range(12))


def test_a_hash_in_code_is_no_heading() -> None:
    """Without headings it is one piece."""
    text = "Run:\n```\n# a comment\n## another\n```\nDone."
    found = split_document(text).kept
    assert [(piece.text, piece.kind) for piece in found] == [(text, Kind.DOCUMENT)]
    assert split_document(" \n ").kept == ()
