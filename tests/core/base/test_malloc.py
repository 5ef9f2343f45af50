"""The C library gives memory back, where it can be told to."""

from __future__ import annotations

import ctypes
import sys

import pytest

from penstock.base.malloc import settle_heap


def test_it_is_told_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux with glibc; anywhere else nothing happens."""
    assert settle_heap() is (sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not settle_heap()


def test_another_library_is_let_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has no such settings."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not settle_heap()
