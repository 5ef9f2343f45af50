"""The C library gives memory back, where it can be told to."""

from __future__ import annotations

import ctypes
import sys

import pytest

from penstock.base.malloc import return_free_pages, settle_heap


def test_it_is_told_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux with glibc; anywhere else nothing happens."""
    assert settle_heap() is (sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not settle_heap()
    assert not return_free_pages()


def test_another_library_is_let_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has no such settings."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not settle_heap()
    assert not return_free_pages()


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library has no such call"
)
def test_pages_between_what_stays_are_returned() -> None:
    """Which the library itself keeps: after the first call there is nothing left to return."""
    held = [bytes(20_000) for _ in range(1000)]
    del held[1::2]
    kept = held[::50]
    del held
    assert return_free_pages()
    assert len(kept) == 10
