"""Placeholders are kept for as long as their conversation goes on, and go with their workspace."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.contexts.rotation import rotate_master_key
from penstock.gateway.database import GatewayStore
from penstock.gateway.placeholder_store import (
    KEEP_DAYS,
    PlaceholderStore,
    rewrap_redaction_keys,
    sweep_placeholders,
)
from penstock.gateway.providers import add_provider
from penstock.gateway.workspaces import add_workspace, delete_workspace
from penstock.sealing.master_key import FILE_NAME, SealingError

DAY_S = 86400.0


def test_they_expire_with_their_conversation(tmp_path: Path) -> None:
    """Each request that needs them keeps them; once they are gone, numbers start again."""
    clock = ManualClock()
    with closing(GatewayStore(tmp_path / "gateway.db", clock)) as store:
        placeholders = PlaceholderStore(store)
        for _ in range(3):
            assert placeholders.of("default", "kept").resolve([("ip", "a")]) == {"a": "<ip 1>"}
            clock.advance((KEEP_DAYS - 1) * DAY_S)
            assert sweep_placeholders(store) == 0
        clock.advance(2 * DAY_S)
        assert sweep_placeholders(store) == 1
        assert placeholders.of("default", "kept").resolve([("ip", "b")]) == {"b": "<ip 1>"}


def test_conversations_and_workspaces_are_apart(tmp_path: Path) -> None:
    """Each counts for itself, and nobody can tell by what is stored that two have the same value."""
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        add_workspace(store, "web", "test")
        placeholders = PlaceholderStore(store)
        found = [placeholders.of(workspace, name) for workspace in ("default", "web") for name in ("a", "b")]
        assert [one.resolve([("email", "x"), ("email", "y")])["y"] for one in found] == ["<email 2>"] * 4
        with store.reading() as db:
            digests = list(db.exec_driver_sql("SELECT digest FROM placeholders"))
        assert len(set(digests)) == len(digests) == 8
        delete_workspace(store, "web", "test")
        assert found[0].all() == {"<email 1>": "x", "<email 2>": "y"}
        assert found[2].all() == {}


def test_the_master_key_is_needed_and_may_be_exchanged(tmp_path: Path) -> None:
    """A missing one is not replaced by a new one, whoever needed it first."""
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        add_provider(store, "anthropic", "test", credential="secret", workspace="default")
        (tmp_path / FILE_NAME).rename(tmp_path / "away")
        with pytest.raises(SealingError, match="put it back"):
            PlaceholderStore(store).of("default", "a")
        (tmp_path / "away").rename(tmp_path / FILE_NAME)
        PlaceholderStore(store).of("default", "a").resolve([("email", "x")])
        store.masters.add()
        assert rewrap_redaction_keys(store) == 1
        (first, *_) = (tmp_path / FILE_NAME).read_text().split()
        (tmp_path / FILE_NAME).write_text(first)
        assert PlaceholderStore(store).of("default", "a").all() == {"<email 1>": "x"}


def test_values_are_kept_when_the_master_key_is_exchanged(tmp_path: Path) -> None:
    """Also where nothing else is sealed."""
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        PlaceholderStore(store).of("default", "a").resolve([("email", "x")])
        (before,) = store.masters.known()
        with closing(Contexts(tmp_path / "contexts.db")) as contexts:
            assert rotate_master_key(contexts) == 1
        assert before not in store.masters.known()
        assert PlaceholderStore(store).of("default", "a").all() == {"<email 1>": "x"}
