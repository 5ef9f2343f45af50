"""`penstock backup` and `penstock restore`, without a service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.backup.restoring import is_encrypted
from penstock.cli.app import build
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    contexts = Contexts(tmp_path / "state" / "contexts.db")
    with contexts.write("default", "owner") as writer:
        writer.put("plan", NewContext({"a": 1}, 0))
        writer.put("secret", NewContext("sealed", 0, seal=True))
    contexts.close()
    return lambda *words: CliRunner().invoke(build(), list(words))


def test_there_and_back(run: Callable[..., Result], tmp_path: Path) -> None:
    written = run("backup")
    [file] = (tmp_path / "state" / "backups").iterdir()
    assert str(file) in written.stdout
    assert "not encrypted" in written.stderr
    store = tmp_path / "new" / "penstock.db"
    restored = run("restore", str(file), "--store", str(store))
    assert restored.exit_code == 0
    assert f"Restored to {store.parent}" in restored.stdout
    said = f"is needed for sealed contexts: put it back into {store.parent / 'master-key'}"
    assert said in restored.stderr
    again = Contexts(store.parent / "contexts.db")
    assert again.get("default", "plan").data == {"a": 1}
    again.close()
    refused = run("restore", str(file))
    assert refused.exit_code == 2
    assert "contexts.db is there already" in refused.stderr


def test_sealed(run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, store = tmp_path / "b.tar.zst", tmp_path / "new" / "penstock.db"
    asked = run("backup", str(file), "--seal")
    assert (asked.exit_code, file.exists()) == (2, False)
    assert "set PENSTOCK_BACKUP_PASSPHRASE" in asked.stderr
    monkeypatch.setenv("PENSTOCK_BACKUP_PASSPHRASE", "a kiln of bricks")
    assert run("backup", str(file), "--seal").exit_code == 0
    assert is_encrypted(file)
    assert "is there already" in run("backup", str(file)).stderr
    monkeypatch.setenv("PENSTOCK_BACKUP_PASSPHRASE", "another")
    assert "the passphrase is another one" in run("restore", str(file), "--store", str(store)).stderr
    monkeypatch.setenv("PENSTOCK_BACKUP_PASSPHRASE", "a kiln of bricks")
    assert run("restore", str(file), "--store", str(store)).exit_code == 0


def test_the_newest_stay(run: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "state" / "backups"
    run("backup")
    old = folder / "penstock-20200101-000000.tar.zst"
    old.touch()
    assert "1 older backup removed" in run("backup", "--keep", "2").stdout
    assert not old.exists()
    assert len(list(folder.iterdir())) == 2


def test_what_is_wrong_is_named(run: Callable[..., Result], tmp_path: Path) -> None:
    for words, said in (
        (("backup", "--store", str(tmp_path / "none" / "penstock.db")), "nothing to back up"),
        (
            ("backup", str(tmp_path / "no" / "folder" / "b")),
            f"there is no folder {tmp_path / 'no' / 'folder'}: make it",
        ),
        (("restore", str(tmp_path / "missing"), "--store", str(tmp_path / "x" / "s.db")), "missing cannot be read"),
    ):
        refused = run(*words)
        assert refused.exit_code == 2, words
        assert said in refused.stderr
    assert not (tmp_path / "none" / "contexts.db").exists()


def test_a_store_in_postgresql_is_left_to_pg_dump(run: Callable[..., Result], tmp_path: Path) -> None:
    """The message names the program, and nothing is written that would look like a backup."""
    asked = run("backup", str(tmp_path / "b.tar.zst"), "--store", "postgresql://team:hush@db.example.com/penstock")
    assert asked.exit_code == 2
    for named in ("pg_dump --format=custom", "pg_restore --exit-on-error", "the master key"):
        assert named in asked.stderr
    assert "hush" not in asked.stderr
    assert not (tmp_path / "b.tar.zst").exists()
