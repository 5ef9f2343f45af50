"""Texts from stdin and from arguments."""

from __future__ import annotations

import io

import pytest

from penstock.base.errors import PenstockError
from penstock.cli.text_input import given_text, read_stdin


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_all_of_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, "café\nand a kiln\n".encode())
    assert read_stdin() == "café\nand a kiln\n"


def test_bytes_of_another_encoding_are_refused_with_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the locale, from stdin and as an argument."""
    stdin(monkeypatch, "we met in the café".encode("latin1"))
    with pytest.raises(PenstockError, match=r"stdin is not UTF-8: byte 0xe9 behind 'we met in the caf'.*iconv"):
        read_stdin()
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Python hands it to the program
    with pytest.raises(PenstockError, match="the text is not UTF-8: byte 0xe9 behind 'caf'"):
        given_text(argument, "the text")
