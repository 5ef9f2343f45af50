"""`penstock doctor`: names what is wrong and what to do, and changes nothing."""

from __future__ import annotations

import datetime
import json
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from penstock.base import paths
from penstock.control.discovery import Announcement, announce, default_file, free_port
from penstock.events.event import Event, EventKind
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search
from penstock.models import age
from penstock.store.sql import SqlStore
from penstock_addons.cli import checks, hooks_check
from tests.addons.conftest import Run
from tests.brokers import NatsBroker, RedisBroker

Look = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def look(run: Run, tmp_path: Path) -> Look:
    """Every finding by its name; the status fits them."""

    def look(*options: str) -> dict[str, dict[str, str]]:
        port = () if "--port" in options else ("--port", str(free_port("127.0.0.1")))
        found = run("doctor", "--json", "--confdir", str(tmp_path / "conf"), *port, *options)
        findings = {check["name"]: check for check in json.loads(found.stdout)}
        failed = any(check["level"] == "fail" for check in findings.values())
        assert found.exit_code == (1 if failed else 0), found.output
        return findings

    return look


def _store() -> Path:
    log = SqlStore(paths.store_path())
    log.add_events([Event(0, 1.0, "", EventKind.STARTED, {})])
    log.close()
    return paths.store_path()


def _certificate(folder: Path, begins: int, days: int) -> None:
    """A certificate from `begins` days from now on, for so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mitmproxy")])
    start = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=begins)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=days))
    folder.mkdir(parents=True, exist_ok=True)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    (folder / "mitmproxy-ca-cert.pem").write_bytes(pem)


def _own_profile(tables: str) -> None:
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "shared.toml").write_text(f'extends = "default"\n{tables}\n')


def test_a_fresh_installation_is_well(look: Look, penstock_home: Path, tmp_path: Path) -> None:
    """Nothing fails, and looking made nothing."""
    found = look()
    assert not [check for check in found.values() if check["level"] == "fail"]
    for name in ("python", "packages", "proxy", "certificate", "profile", "plugins", "store", "disk", "embedder"):
        assert found[name]["level"] == "ok", found[name]
    assert found["embedder"]["said"] == "wordllama-256, 256 numbers a text"
    assert "none yet" in found["memory"]["said"]
    assert found["gateway"] == {"name": "gateway", "level": "ok", "said": "none is set up", "fix": ""}
    assert not penstock_home.exists()
    assert not (tmp_path / "conf").exists()


@pytest.mark.parametrize(
    ("name", "table", "key", "url"),
    [
        ("Redis", "service", "redis", "redis://:secret@127.0.0.1:{}/0"),
        ("NATS", "stage.memory.nats", "url", "nats://me:secret@127.0.0.1:{}"),
    ],
)
def test_a_server_that_does_not_answer_is_named_with_the_next_step(
    look: Look, penstock_home: Path, name: str, table: str, key: str, url: str
) -> None:
    port = free_port("127.0.0.1")
    _own_profile(f'[{table}]\n{key} = "{url.format(port)}"')
    found = look("--profile", "shared")["servers"]
    assert found["level"] == "warn"
    assert f"at 127.0.0.1:{port} does not answer" in found["said"]
    assert f"[{table}]" in found["fix"]
    assert found["fix"].startswith(f"Start {name}, or correct")
    assert "secret" not in str(found)


def test_servers_that_answer(
    look: Look, penstock_home: Path, redis_broker: RedisBroker, nats_broker: NatsBroker
) -> None:
    tables = f'[service]\nredis = "{redis_broker.url}"\n[stage.memory.nats]\nurl = "{nats_broker.url}"'
    _own_profile(tables)
    found = look("--profile", "shared")["servers"]
    assert (found["level"], found["fix"]) == ("ok", "")
    assert "Redis at " in found["said"]
    assert "NATS at " in found["said"]
    assert look()["servers"]["said"] == "no Redis and no NATS is named by this profile"


def test_is_a_line_each(run: Run) -> None:
    """For a person: how bad, what, and the fix."""
    found = run("doctor", "--profile", "no-such")
    assert found.exit_code == 1
    lines = found.stdout.splitlines()
    assert len(lines) == 19
    (failed,) = [line for line in lines if line.startswith("fail")]
    assert "profile: no profile is called 'no-such'" in failed
    assert failed.count("penstock profiles") == 1
    assert sum("no-such" in line for line in lines) == 1, "said once"


def test_a_sentence_ends_once(run: Run) -> None:
    """Also one that asks."""
    found = run("doctor", "--profile", "defualt").stdout
    assert "Did you mean 'default'?" in found
    assert "?." not in found
    assert ".." not in found.replace("../", "")


def test_warns_of_an_old_table_of_models(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """From twelve weeks on; what it is good for until then is said as well."""
    assert look()["models"]["level"] == "ok"
    monkeypatch.setattr(age, "today", lambda: datetime.date(2027, 6, 1))
    found = look()["models"]
    assert (found["level"], "weeks old" in found["said"], "[prices]" in found["fix"]) == ("warn", True, True)


def test_warns_of_attested_requests(look: Look) -> None:
    """With the ways without; a profile that leaves them alone has nothing to warn of."""
    found = look()["attested requests"]
    assert found["level"] == "warn"
    assert "subscription login" in found["said"]
    assert "observe" in found["fix"]
    assert look("--profile", "observe")["attested requests"]["level"] == "ok"


def test_sees_the_proxy_that_is_up(look: Look, pretended: Announcement) -> None:
    """Ours is well; another program on the port is not."""
    found = look("--port", str(pretended.port))["proxy"]
    assert (found["level"], str(pretended.pid) in found["said"]) == ("ok", True)


def test_sees_that_other_machines_reach_it(look: Look, pretended: Announcement) -> None:
    """With what keeps it to this one."""
    announce(replace(pretended, host="0.0.0.0"), default_file())
    found = look("--port", str(pretended.port))["proxy"]
    assert found["level"] == "warn"
    assert "other machines can reach it" in found["said"]
    assert "--listen-host 127.0.0.1" in found["fix"]


def test_sees_a_state_folder_that_is_open_to_others(look: Look, tmp_path: Path) -> None:
    """The proxy's own it closes by itself; another one is a person's to close."""
    _store()
    assert look()["state folder"]["level"] == "ok"
    paths.state_dir().chmod(0o755)
    found = look()["state folder"]
    assert (found["level"], "0755" in found["said"]) == ("warn", True)
    assert "`penstock up` closes it" in found["fix"]
    tmp_path.chmod(0o755)
    found = look("--store", str(tmp_path / "other.db"))["state folder"]
    assert f"chmod 700 {tmp_path}" in found["fix"]


def test_sees_a_plugins_folder_that_others_can_write(look: Look) -> None:
    """Before a plugin is in it, a warning; with one, it fails, as the proxy's start does."""
    folder = paths.plugins_dir()
    folder.mkdir(parents=True)
    assert look()["plugins"]["level"] == "ok"
    folder.chmod(0o777)
    found = look()["plugins"]
    assert (found["level"], f"chmod go-w {folder}" in found["said"]) == ("warn", True)
    (folder / "mine.py").touch(0o644)
    found = look()["plugins"]
    assert (found["level"], f"chmod go-w {folder}" in found["said"]) == ("fail", True)


def test_sees_another_program_on_the_port(look: Look) -> None:
    """The next step is another port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = look("--port", str(server.getsockname()[1]))["proxy"]
    assert found["level"] == "warn"
    assert "--port" in found["fix"]


@pytest.mark.parametrize(
    ("begins", "days", "level"), [(-1, 400, "ok"), (-10, 20, "warn"), (-10, 9, "fail"), (2, 400, "fail")]
)
def test_looks_at_the_dates_of_the_certificate(look: Look, tmp_path: Path, begins: int, days: int, level: str) -> None:
    """Before clients refuse it, not after."""
    _certificate(tmp_path / "conf", begins, days)
    found = look()["certificate"]
    assert found["level"] == level
    assert ("Move" in found["fix"]) is (level != "ok")


def test_a_damaged_certificate_fails(look: Look, tmp_path: Path) -> None:
    """It is named, with the way to a new one."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mitmproxy-ca-cert.pem").write_text("nothing", encoding="utf-8")
    assert look()["certificate"]["level"] == "fail"


@pytest.mark.parametrize(
    ("versions", "level", "fix"),
    [
        ({"bcrypt": "4.0.1", "mitmproxy": "12.1.0"}, "ok", ""),
        ({"bcrypt": "5.0.0"}, "fail", "bcrypt<4.1"),
        ({"bcrypt": "4.1.2"}, "fail", "bcrypt<4.1"),
        ({"mitmproxy": "13.0.0"}, "fail", "mitmproxy"),
        ({"mitmproxy": "10.4.2"}, "fail", "mitmproxy"),
    ],
)
def test_knows_the_versions_that_do_not_start(
    look: Look, monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], level: str, fix: str
) -> None:
    """bcrypt above all: an installation without our constraints has one that mitmproxy cannot load."""
    real = checks.version
    monkeypatch.setattr(checks, "version", lambda name: versions.get(name) or real(name))
    found = look()["packages"]
    assert found["level"] == level
    assert fix in found["fix"]


def test_a_broken_plugin_fails(look: Look) -> None:
    """By its name, with the way to leave it out."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "theirs.py").write_text("1 / 0", encoding="utf-8")
    found = look()["plugins"]
    assert (found["level"], "theirs.py" in found["said"]) == ("fail", True)
    assert "PENSTOCK_BLOCK_PLUGINS" not in found["said"]
    assert found["fix"] == "Mend it, or start without it: PENSTOCK_BLOCK_PLUGINS=theirs"


@pytest.mark.parametrize(
    ("table", "key"),
    [('[stage.memory.tags]\nbroad_patterns = ["("]', "broad_patterns"), ('[stage.memory.nats]\nurl = "x"', "nats.url")],
)
def test_a_wrong_table_of_a_stage_is_a_fault_of_the_profile(look: Look, table: str, key: str) -> None:
    """To block a plugin would not mend it."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "mine.toml").write_text(f'extends = "default"\n{table}\n')
    found = look("--profile", "mine")
    assert (found["profile"]["level"], key in found["profile"]["said"]) == ("fail", True)
    assert "penstock profiles check mine" in found["profile"]["fix"]
    assert (found["plugins"]["level"], found["plugins"]["fix"]) == ("warn", "See `profile` above.")


def test_what_a_profile_decides_is_not_checked_without_it(look: Look) -> None:
    """Nobody is told that nothing is remembered under a profile that cannot be read."""
    found = look("--profile", "no-such")
    for name in ("plugins", "embedder", "memory", "servers", "sandbox", "client hooks"):
        assert found[name]["said"] == "not checked: the profile cannot be read"
        assert (found[name]["level"], found[name]["fix"]) == ("warn", "See `profile` above.")


def test_a_broken_plugin_is_no_fault_of_the_memory(look: Look) -> None:
    """The embedder may be the plugin's, so neither it nor a memory without vectors is known to be wrong."""
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item("p", "The kiln runs at 900 degrees.")])
    memory.close()
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "theirs.py").write_text("1 / 0", encoding="utf-8")
    found = look()
    assert found["embedder"] == {
        "name": "embedder",
        "level": "warn",
        "said": "not checked: a plugin that cannot be used may give it",
        "fix": "See `plugins` above.",
    }
    assert (found["memory"]["level"], "1 items" in found["memory"]["said"]) == ("ok", True)


def test_a_sound_store_is_well(look: Look) -> None:
    """Read, and found writable, without a change; a proxy may be writing meanwhile."""
    path = _store()
    found = look()["store"]
    assert (found["level"], "1 events" in found["said"]) == ("ok", True)
    assert sorted(f.name for f in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]


def test_a_store_of_another_version_is_named(look: Look) -> None:
    """Before it is migrated: an older Penstock may not read it then."""
    with sqlite3.connect(_store()) as db:
        db.execute("UPDATE alembic_version SET version_num = '0000'")
    db.close()
    found = look()["store"]
    assert (found["level"], "0000" in found["said"]) == ("warn", True)


def test_a_damaged_store_fails_and_stays(look: Look) -> None:
    """Whatever is in the file: doctor sets nothing aside and mends nothing."""
    path = _store()
    for damage in (b"not a database at all" * 99, path.read_bytes()[:5000], b""):
        path.write_bytes(damage)
        assert look()["store"]["level"] == "fail"
        assert path.read_bytes() == damage


def test_a_locked_store_fails(look: Look) -> None:
    """Another program that holds it for long keeps the proxy from writing."""
    db = sqlite3.connect(_store(), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        found = look()["store"]
    finally:
        db.close()
    assert (found["level"], "locked" in found["said"]) == ("fail", True)


@pytest.mark.parametrize(("free", "level"), [(5 << 30, "ok"), (500 << 20, "warn"), (50 << 20, "fail")])
def test_looks_at_the_room_on_the_disk(look: Look, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    """A full disk keeps events from being stored."""
    usage = type(shutil.disk_usage("/"))(10 << 30, 1 << 30, free)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage)
    assert look()["disk"]["level"] == level


def test_lists_the_clients_on_the_path(look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those that `penstock run` can start; none is worth a word."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look()["clients"]["level"] == "warn"
    (tmp_path / "codex").touch(mode=0o755)
    found = look()["clients"]
    assert (found["level"], found["said"]) == ("ok", "codex")


def test_the_memory_is_looked_at(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much there is, what is missing, and vectors that are of another embedder than the profile's; a file that is
    none fails. Nothing is changed by looking."""
    monkeypatch.setattr(search, "EXACT", 0)  # a project of one item is in the index, too
    folder = paths.memory_dir()
    paths.profiles_dir().mkdir(parents=True)
    for name in ("trigrams-256", "wordllama-256"):
        (paths.profiles_dir() / f"{name}.toml").write_text(f'extends = "default"\n[memory]\nembedder = "{name}"\n')
    memory = Memory(folder, Trigrams())
    memory.add([Item("p", "The kiln runs at 900 degrees.")])
    memory.close()
    found = look("--profile", "trigrams-256")["memory"]
    assert (found["level"], "1 items, vectors there, by trigrams-256" in found["said"]) == ("ok", True)
    found = look("--profile", "wordllama-256")
    assert (found["embedder"]["level"], found["memory"]["level"]) == ("ok", "warn")
    assert "by trigrams-256 and not by wordllama-256, which this profile has" in found["memory"]["said"]
    assert "penstock memory reindex" in found["memory"]["fix"]
    shutil.rmtree(folder / "vectors")
    found = look("--profile", "trigrams-256")["memory"]
    assert found["level"] == "warn"
    assert "vectors gone" in found["said"]
    assert "penstock memory reindex" in found["fix"]
    assert not (folder / "vectors").exists()
    (folder / "memory.db").write_bytes(b"no database, and far from one" * 99)
    found = look()["memory"]
    assert found["level"] == "fail"
    assert str(folder) in found["said"]


def test_a_profile_that_remembers_nothing_needs_no_embedder(look: Look) -> None:
    """And an embedder that is not there is named."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "mine.toml").write_text('extends = "default"\n[memory]\nenabled = false\n')
    found = look("--profile", "mine")
    assert "nothing is remembered" in found["memory"]["said"]
    assert "not needed" in found["embedder"]["said"]
    (paths.profiles_dir() / "mine.toml").write_text('extends = "default"\n[memory]\nembedder = "nonesuch"\n')
    found = look("--profile", "mine")
    assert found["embedder"]["level"] == "warn"
    assert "nonesuch" in found["embedder"]["said"]
    assert "memory stays shut" in found["embedder"]["said"]


def test_the_hooks_of_a_client_are_run_where_they_are_on(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command itself: one that does not run, or says something by itself, would disturb the client."""
    assert look()["client hooks"]["said"].startswith("off")
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "hooked.toml").write_text('extends = "default"\n[hooks]\nenabled = true\n')
    found = look("--profile", "hooked")["client hooks"]
    assert (found["level"], found["said"][:15]) == ("ok", "on for sessions")
    for command, why in (("/no/such/python", "does not run"), (sys.executable, "the command fails")):
        monkeypatch.setattr(hooks_check, "HOOK", (command, "-c", "raise SystemExit('broken')"))
        found = look("--profile", "hooked")["client hooks"]
        assert found["level"] == "warn"
        assert why in found["said"]
