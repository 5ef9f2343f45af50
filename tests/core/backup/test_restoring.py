"""What was backed up is restored: the same answers. What cannot be is left alone, and the fault is named."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from penstock.backup import snapshot
from penstock.backup.contents import FORMAT, Part
from penstock.backup.errors import BackupError
from penstock.backup.restoring import restore
from penstock.backup.writing import write_backup
from penstock.base.keyfile import installation_key
from penstock.contexts import words
from penstock.contexts.records import NewContext
from penstock.gateway.database import GatewayStore
from penstock.gateway.keys import add_key, check_key
from penstock.gateway.providers import add_provider, find_provider, open_credential
from penstock.memory import Item
from penstock.memory.schema import projects
from penstock.memory.search import word_index
from tests.core.backup.conftest import Installation, opened, recorded


def none() -> str:
    pytest.fail("a passphrase was asked for")


@pytest.mark.slow
@pytest.mark.parametrize("passphrase", [None, "a kiln of bricks"])
def test_two_hundred_queries_have_the_same_answers(
    full: Installation, stack: ExitStack, tmp_path: Path, passphrase: str | None
) -> None:
    queries = recorded()
    assert len(queries) == 200
    before = full.answers(queries)
    assert sum(bool(answer) for answer in before) == 200
    file = tmp_path / "backup.tar.zst"
    written = write_backup(full.store, file, passphrase=passphrase)
    assert [one.name for one in written.manifest.members] == ["contexts.db", "penstock.db", "memory/memory.db", "key"]
    assert (written.size, file.stat().st_mode & 0o077) == (file.stat().st_size, 0)
    with full.contexts.write("default", "owner") as writer:
        writer.delete("note/1", purge=True)  # after the backup
    store = tmp_path / "empty" / "other-name.db"
    restored = restore(file, store, passphrase=(lambda: passphrase) if passphrase else none, now=lambda: 5.0)
    assert (restored.manifest, restored.master_keys) == (written.manifest, {})
    again = opened(store, full.clock, stack)
    assert again.answers(queries) == before
    assert again.events.values_of("label") == {"monday": {"label": "the first firing"}}
    assert again.events.values_of("ledger") == {"lost": {"at": 5.0}}  # what was sent since is not known
    assert installation_key(store.parent) == installation_key(full.store.parent)
    assert again.contexts.cursor() == 80
    names = {file.name for file in store.parent.rglob("*")}
    assert not names & {"control-key", "service-token", "jobs.db"}
    assert not [name for name in names if name.startswith(".")]


def test_words_of_an_older_version_are_indexed_again_after_a_restore(
    full: Installation, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of contexts and of the memory."""
    with monkeypatch.context() as patched:
        patched.setattr(words, "_VERSION", "v1")
        for module in (words, word_index):
            patched.setattr(module, "terms", lambda text: text.replace("8800", "880").split())
        with full.contexts.write("default", "owner") as writer:
            writer.put("port", NewContext("8800", 0))
        full.memory.add([Item("kiln", "port 8800")])
    with full.memory._database.writing() as db:
        db.execute(projects.update().values(words="1.3"))
    file, store = tmp_path / "backup.tar.zst", tmp_path / "restored" / "penstock.db"
    write_backup(full.store, file)
    restore(file, store, passphrase=none, now=lambda: 5.0)
    again = opened(store, full.clock, stack)
    assert again.contexts.search("default", "8800") == []
    assert again.contexts.renew_words(60)
    assert [hit.head.key for hit in again.contexts.search("default", "8800")] == ["port"]
    assert again.memory.search("8800", "kiln", limit=1).hits[0].parts["words"] > 0


def content(file: Path) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes())


def test_no_token_and_no_master_key_is_in_a_backup(full: Installation, tmp_path: Path) -> None:
    with full.contexts.write("default", "owner") as writer:
        writer.put("secret", NewContext("sealed canary", 0, seal=True))
    file = tmp_path / "backup.tar.zst"
    write_backup(full.store, file)
    held = content(file)
    assert b"note/59" in held
    master = (full.store.parent / "master-key").read_bytes().strip()
    for canary in (b"control canary", b"token canary", b"sealed canary", master, bytes.fromhex(master.decode())):
        assert canary not in held
    restored = restore(file, tmp_path / "new" / "penstock.db", passphrase=none)
    assert restored.master_keys == {full.contexts.masters.known()[0]: ["sealed contexts"]}
    shutil.copy(full.store.parent / "master-key", tmp_path / "new" / "master-key")
    with ExitStack() as stack:
        again = opened(tmp_path / "new" / "penstock.db", full.clock, stack)
        assert again.contexts.get("default", "secret").data == "sealed canary"


def test_the_gateway_comes_back_and_its_credentials_need_the_master_key(full: Installation, tmp_path: Path) -> None:
    home = full.store.parent
    with closing(GatewayStore(home / "gateway.db", full.clock)) as gateway:
        key, secret = add_key(gateway, "default", "ci", "owner")
        about = {"kind": "ollama", "base_url": "http://127.0.0.1:9", "allow_private": True}
        add_provider(gateway, "here", "owner", workspace=None, credential="sk-canary", **about)
    file = tmp_path / "backup.tar.zst"
    assert "gateway.db" in [one.name for one in write_backup(full.store, file).manifest.members]
    assert b"sk-canary" not in content(file)
    assert secret.encode() not in content(file)
    new = tmp_path / "new"
    restored = restore(file, new / "penstock.db", passphrase=none)
    assert restored.master_keys == {full.contexts.masters.known()[0]: ["the gateway's credentials"]}
    shutil.copy(home / "master-key", new / "master-key")
    with closing(GatewayStore(new / "gateway.db", full.clock)) as again:
        assert check_key(again, secret).id == key.id
        assert open_credential(again.masters, find_provider(again, None, "here")) == "sk-canary"


def test_a_backup_is_of_one_moment_while_others_write(
    full: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_PAGES", 16)
    steps = 0

    def write_meanwhile() -> None:
        nonlocal steps
        steps += 1
        with full.contexts.write("default", "owner") as writer:
            for n in range(60):
                writer.put(f"note/{n}", NewContext({"late": steps}))

    write_backup(full.store, tmp_path / "b", step=write_meanwhile)
    assert steps > 10
    restore(tmp_path / "b", tmp_path / "new" / "penstock.db", passphrase=none)
    with ExitStack() as stack:
        contexts = opened(tmp_path / "new" / "penstock.db", full.clock, stack).contexts
        late = {json.dumps(contexts.get("default", f"note/{n}").data.get("late")) for n in range(60)}
        assert len(late) == 1


def test_what_is_there_stays(full: Installation, tmp_path: Path) -> None:
    file = tmp_path / "b"
    write_backup(full.store, file)
    for name in ("contexts.db", "penstock.db", "key", "memory/memory.db", "contexts.db-wal", "memory/vectors"):
        folder = tmp_path / name.replace("/", "-")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("mine")
        with pytest.raises(BackupError, match="is there already"):
            restore(file, folder / "penstock.db", passphrase=none)
        assert [one for one in folder.rglob("*") if one.is_file()] == [folder / name]
        assert (folder / name).read_text() == "mine"


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return zstandard.compress(out.getvalue())


def unpacked(file: Path) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content(file))) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def changed_manifest(**changes: Any) -> Callable[[dict[str, bytes]], bytes]:
    def change(members: dict[str, bytes]) -> bytes:
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()
        return packed(members)

    return change


def a_newer_database(members: dict[str, bytes]) -> bytes:
    manifest = json.loads(members["manifest.json"])
    manifest["members"][0]["revision"] = "9999"
    return changed_manifest(**manifest)(members)


def a_name_elsewhere(members: dict[str, bytes]) -> bytes:
    manifest = json.loads(members["manifest.json"])
    manifest["members"][0]["name"] = "../../escaped"
    return changed_manifest(**manifest)(members)


def another_byte(members: dict[str, bytes]) -> bytes:
    members["contexts.db"] = members["contexts.db"][:5000] + b"X" + members["contexts.db"][5001:]
    return packed(members)


def one_less(members: dict[str, bytes]) -> bytes:
    del members["key"]
    return packed(members)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (changed_manifest(penstock_backup=FORMAT + 1, version="9.9"), "written by Penstock 9.9.*update Penstock first"),
        (a_newer_database, "update Penstock first"),
        (a_name_elsewhere, "update Penstock first"),
        (changed_manifest(members="none"), "its manifest cannot be read"),
        (another_byte, "damaged: contexts.db is not what its manifest says"),
        (one_less, "key is missing"),
        (lambda members: packed({"contexts.db": members["contexts.db"]}), "no manifest"),
        (lambda members: b"a text", "truncated or damaged, or no backup"),
        (lambda members: b"", "truncated or damaged, or no backup"),
        (lambda members: packed(members)[:-4000], "truncated or damaged"),
        (lambda members: packed(members)[:90], "truncated or damaged, or no backup: it ends too early"),
    ],
)
def test_a_fault_is_named_and_nothing_is_put_in_place(
    full: Installation, tmp_path: Path, damage: Callable[[dict[str, bytes]], bytes], said: str
) -> None:
    file = tmp_path / "b"
    write_backup(full.store, file)
    file.write_bytes(damage(unpacked(file)))
    with pytest.raises(BackupError, match=said) as refused:
        restore(file, tmp_path / "new" / "penstock.db", passphrase=none)
    assert str(file) in str(refused.value)
    assert "empty file" not in str(refused.value)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "escaped").exists()


def test_a_damaged_database_is_noticed_though_its_digest_is_right(full: Installation, tmp_path: Path) -> None:
    """It was damaged when it was backed up."""
    full.contexts.close()
    file = full.store.parent / "contexts.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'context_versions'").fetchone()[0]
    raw = bytearray(file.read_bytes())
    raw[(page - 1) * 4096 : (page - 1) * 4096 + 64] = b"\xff" * 64
    file.write_bytes(raw)
    write_backup(full.store, tmp_path / "b")
    with pytest.raises(BackupError, match=r"the database contexts\.db in it is damaged"):
        restore(tmp_path / "b", tmp_path / "new" / "penstock.db", passphrase=none)


def test_a_wrong_passphrase(full: Installation, tmp_path: Path) -> None:
    file = tmp_path / "b"
    write_backup(full.store, file, passphrase="right")
    with pytest.raises(BackupError, match="the passphrase is another one"):
        restore(file, tmp_path / "new" / "penstock.db", passphrase=lambda: "wrong")
    assert not (tmp_path / "new").exists()
    with pytest.raises(BackupError, match="missing cannot be read"):
        restore(tmp_path / "missing", tmp_path / "new" / "penstock.db", passphrase=none)


def test_the_parts_have_their_migrations() -> None:
    assert Part("key").newest_revision() == ""
