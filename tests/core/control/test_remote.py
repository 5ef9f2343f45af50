"""Commands to the proxy of one store."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.control.remote import NotUp, Remote


def test_no_proxy_is_said_with_the_store_and_what_to_do(tmp_path: Path) -> None:
    """Nobody has the store: the error names it, and the command that starts a proxy."""
    store = tmp_path / "penstock.db"
    with pytest.raises(NotUp, match=rf"{store} is up: `penstock up`"):
        Remote(store).do("/compact", {})
