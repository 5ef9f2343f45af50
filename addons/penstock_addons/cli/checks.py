"""`check_all`: runs the checks of `penstock doctor` on an `Installation`, from Python and packages to the client hooks.
Each gives a `CheckResult`: a `Level`, a finding and a fix. `memory_checks.py`, `server_checks.py` and the modules
`*_check.py` hold those of their names."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

from penstock.base import paths
from penstock.base.errors import PenstockError, PluginError, ProfileError, StoreError
from penstock.base.file_trust import why_untrusted
from penstock.base.format import plural
from penstock.cli.models import UPDATE
from penstock.control.client import NoAnswer
from penstock.control.discovery import running
from penstock.cost.prices import Prices
from penstock.models import age_days, staleness
from penstock.plugins.manager import BLOCK_VARIABLE, WITHOUT, Plugins
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock_addons.cli import banner, certificate_authority, memory_checks
from penstock_addons.cli.check_result import CheckResult, Installation, Level
from penstock_addons.cli.folder_check import state_folder, why_closed
from penstock_addons.cli.gateway_check import GatewayFault, gateway
from penstock_addons.cli.hooks_check import hooks
from penstock_addons.cli.proxy_check import proxy
from penstock_addons.cli.sandbox_check import sandbox
from penstock_addons.cli.server_checks import servers
from penstock_addons.cli.service_check import service

__all__ = ["check_all"]

CLIENTS = ("claude", "codex", "opencode", "gemini", "aider", "llm", "ollama")
LITTLE, TOO_LITTLE = 1 << 30, 100 << 20
"""Bytes free on the store's disk, below which the check warns or fails."""
SOON_S = 30 * 86400.0


def check_all(subject: Installation) -> list[CheckResult]:
    """Run all checks, in the order in which a request passes what they check."""
    checks: Sequence[Callable[[Installation], CheckResult]] = (
        _python,
        _packages,
        proxy,
        _certificate,
        _profile,
        _plugins,
        _store,
        _folder,
        _disk,
        _embedder,
        _memory,
        _gateway,
        _service,
        _servers,
        _models,
        _attested,
        _clients,
        _sandbox,
        _hooks,
    )
    return [check(subject) for check in checks]


def _python(_: Installation) -> CheckResult:
    return CheckResult("python", Level.OK, f"{platform.python_version()} at {sys.executable}")


def _packages(_: Installation) -> CheckResult:
    names = ("penstock", "mitmproxy", "bcrypt", "textual", "SQLAlchemy")
    try:
        found = {name: version(name) for name in names}
    except PackageNotFoundError as e:
        return CheckResult("packages", Level.FAIL, f"{e.name} is not installed", "Install Penstock again.")
    said = ", ".join(f"{name} {number}" for name, number in found.items())
    if _numbers(found["bcrypt"]) >= (4, 1):
        return CheckResult(
            "packages", Level.FAIL, f"{said}: mitmproxy does not start with bcrypt 4.1 or newer",
            "pip install 'bcrypt<4.1'",
        )  # fmt: skip
    if not (11,) <= _numbers(found["mitmproxy"]) < (13,):
        return CheckResult(
            "packages", Level.FAIL, f"{said}: mitmproxy 11 or 12 is needed", "pip install 'mitmproxy>=11,<13'"
        )
    return CheckResult("packages", Level.OK, said)


def _certificate(subject: Installation) -> CheckResult:
    file = certificate_authority.certificate(subject.confdir)
    renew = f"Move {subject.confdir} away; the next `penstock up` makes a new one, which clients then have to trust."
    if not file.exists():
        return CheckResult("certificate", Level.OK, f"none yet; the first `penstock up` makes {file}")
    from cryptography import x509

    try:
        ca = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as e:
        return CheckResult("certificate", Level.FAIL, f"{file} cannot be read: {e}", renew)
    left = ca.not_valid_after_utc.timestamp() - time.time()
    until = f"{ca.not_valid_after_utc:%Y-%m-%d}"
    if left < 0 or ca.not_valid_before_utc.timestamp() > time.time():
        return CheckResult("certificate", Level.FAIL, f"{file} is not valid now (until {until})", renew)
    if left < SOON_S:
        return CheckResult("certificate", Level.WARN, f"{file} is valid until {until} only", renew)
    return CheckResult("certificate", Level.OK, f"{file}, valid until {until}")


def _profile(subject: Installation) -> CheckResult:
    try:
        profile = profiles.load(subject.profile)
    except PenstockError as e:
        said = _one_line(e)
        fix = "" if "`penstock profiles`" in said else "`penstock profiles list` shows those that there are."
        return CheckResult("profile", Level.FAIL, said, fix)
    try:
        Plugins.load().check(profile)
    except ProfileError as e:  # in the tables of the stages, which their plugins read
        again = f"`penstock profiles check {profile.name}` looks again."
        return CheckResult("profile", Level.FAIL, _one_line(e), again)
    except PenstockError:
        pass  # `plugins` says so
    return CheckResult("profile", Level.OK, f"{profile.name}, mode {profile.mode}")


def _unread(name: str) -> CheckResult:
    return CheckResult(name, Level.WARN, "not checked: the profile cannot be read", _ABOVE)


_ABOVE, _PROXY_ABOVE = "See `profile` above.", "See `proxy` above."


def _plugins(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    try:
        plugins = Plugins.load()
        stages = plugins.check(profile) if profile is not None else []
    except ProfileError:
        return CheckResult("plugins", Level.WARN, "stages not checked: their settings are wrong", _ABOVE)
    except PenstockError as e:
        why, _, hint = str(e).partition(f"\n{WITHOUT}")
        without = hint or f"{BLOCK_VARIABLE}=NAME"
        return CheckResult("plugins", Level.FAIL, " ".join(why.split()), f"Mend it, or start without it: {without}")
    folder = paths.plugins_dir()
    why = why_untrusted(folder) if folder.is_dir() else ""
    if why:
        return CheckResult("plugins", Level.WARN, f"a plugin in {folder} would not be loaded: {why}")
    if profile is None:
        return _unread("plugins")
    running = ", ".join(stage.name for stage in stages) or "none"
    return CheckResult("plugins", Level.OK, f"{', '.join(plugins.names())}; stages: {running}")


def _store(subject: Installation) -> CheckResult:
    file = subject.store
    if subject.url:
        return _database(file, subject.url)
    if not file.exists():
        if why_closed(file.parent):
            return CheckResult("store", Level.FAIL, f"none yet, and {file} cannot be made", "See `state folder` below.")
        if (up := running(file, only=True)) is not None:
            return CheckResult(
                "store", Level.FAIL, f"{file} was deleted under the proxy that is up (process {up.pid})", _DELETED
            )
        return CheckResult("store", Level.OK, f"none yet; the proxy will make {file}")
    try:
        # Not through the store itself: that would mend and migrate what it opens.
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=1)) as db:
            sound = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            revision = str(db.execute("SELECT version_num FROM alembic_version").fetchone()[0])
            count = int(db.execute("SELECT count(*) FROM events").fetchone()[0])
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
    except (sqlite3.Error, TypeError) as e:
        return CheckResult("store", Level.FAIL, f"{file} cannot be used: {e}", _STORE_FIX)
    if sound != "ok":
        return CheckResult("store", Level.FAIL, f"{file} is damaged: {sound}", _STORE_FIX)
    newest = _newest_revision()
    if revision != newest:
        return CheckResult(
            "store", Level.WARN, f"{file} has schema {revision}, this version writes {newest}",
            "The next `penstock up` migrates it; an older Penstock may then not read it.",
        )  # fmt: skip
    return CheckResult("store", Level.OK, f"{file}, {count} events, schema {revision}")


def _database(file: Path, url: str) -> CheckResult:
    from penstock.store.postgres import PostgresStore

    place = f", named by {file}" if file.exists() else ""
    try:
        with closing(PostgresStore(url, file, readonly=True)) as log:
            log.end()
            return CheckResult("store", Level.OK, f"{log.name}{place}, answers")
    except StoreError as e:
        where = f"Its URL is in {file}. " if place else ""
        return CheckResult("store", Level.FAIL, str(e), f"{where}Traffic goes on meanwhile, without new edits.")


_DELETED = (
    "It begins a new one with its next request, without the edits of conversations under way. What was in this one is "
    "in a backup alone, which `penstock restore` brings back while the proxy is stopped."
)
_STORE_FIX = (
    "Stop the proxy, then move the file away or make it yours to write. A damaged one is set aside by the next "
    "`penstock up`; traffic goes on meanwhile."
)


def _newest_revision() -> str:
    import penstock.store
    from penstock.base.sqlite import newest

    return newest(Path(penstock.store.__file__).parent / "migrations")


def _folder(subject: Installation) -> CheckResult:
    return state_folder(subject.store.parent)


def _disk(subject: Installation) -> CheckResult:
    folder = next(p for p in (subject.store.parent, *subject.store.parent.parents) if p.exists())
    free = shutil.disk_usage(folder).free
    said = f"{free / (1 << 30):.1f} GB free at {folder}"
    if free < TOO_LITTLE:
        return CheckResult("disk", Level.FAIL, said, "Make room, or move the store: penstock up --store FILE")
    if free < LITTLE:
        return CheckResult("disk", Level.WARN, said, "Make room, or lower [log] days or events in the profile.")
    return CheckResult("disk", Level.OK, said)


def _embedder(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    if profile is None:
        return _unread("embedder")
    if not memory_checks.remembers(profile):
        return CheckResult("embedder", Level.OK, "not needed: nothing is remembered under this profile")
    try:
        return CheckResult("embedder", Level.OK, memory_checks.embedder(profile))
    except PluginError:
        said = "not checked: a plugin that cannot be used may give it"
        return CheckResult("embedder", Level.WARN, said, "See `plugins` above.")
    except PenstockError as e:
        return CheckResult(
            "embedder", Level.WARN, f"{_one_line(e)}: memory stays shut without it", memory_checks.INSTALL
        )


def _memory(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    if profile is None:
        return _unread("memory")
    if not memory_checks.remembers(profile):
        return CheckResult("memory", Level.OK, "nothing is remembered under this profile")
    try:
        found = memory_checks.memory(subject.store, profile, subject.url)
    except StoreError as e:
        return CheckResult("memory", Level.FAIL, _one_line(e), "See `store` above.")
    except NoAnswer:
        return CheckResult("memory", Level.WARN, "not checked: the proxy that has it does not answer", _PROXY_ABOVE)
    except (PenstockError, sqlite3.Error) as e:
        said = _one_line(e) if isinstance(e, PenstockError) else str(e)
        return CheckResult(
            "memory", Level.FAIL, f"{paths.memory_dir(subject.store)} cannot be used: {said}", memory_checks.FIX
        )
    level = Level.FAIL if found.is_fault else Level.WARN if found.fix else Level.OK
    return CheckResult("memory", level, found.said, found.fix)


def _gateway(subject: Installation) -> CheckResult:
    try:
        found = gateway(subject.store, subject.url)
    except GatewayFault as e:
        return CheckResult("gateway", Level.FAIL, _one_line(e), e.fix)
    except StoreError as e:
        return CheckResult("gateway", Level.FAIL, _one_line(e), "See `store` above.")
    return CheckResult("gateway", Level.WARN if found.fix else Level.OK, found.said, found.fix)


def _service(subject: Installation) -> CheckResult:
    return service(subject.store, subject.url)


def _models(_: Installation) -> CheckResult:
    date = Prices().date
    stale = staleness(date)
    if stale:
        return CheckResult("models", Level.WARN, stale, UPDATE)
    return CheckResult(
        "models", Level.OK, f"prices and windows of {date.isoformat()}, {plural(age_days(date), 'day')} ago"
    )


def _attested(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    if profile is not None and not banner.attested(profile):
        return CheckResult("attested requests", Level.OK, "left alone by this profile")
    return CheckResult("attested requests", Level.WARN, banner.ATTESTED, banner.WITHOUT)


def _clients(_: Installation) -> CheckResult:
    found = [name for name in CLIENTS if shutil.which(name)]
    if not found:
        return CheckResult(
            "clients", Level.WARN, f"none of {', '.join(CLIENTS)} is on the PATH", "Any other works as well."
        )
    return CheckResult("clients", Level.OK, ", ".join(found))


def _numbers(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".")[:3] if part.isdigit())


def _loaded(subject: Installation) -> Profile | None:
    try:
        return profiles.load(subject.profile)
    except PenstockError:
        return None  # a check of its own says so


def _one_line(e: PenstockError) -> str:
    return " ".join(str(e).split())


def _sandbox(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    if profile is None:
        return _unread("sandbox")
    try:
        found = sandbox(profile)
    except PenstockError as e:
        return CheckResult("sandbox", Level.WARN, str(e), "Correct [stage.sandbox] of the profile.")
    return CheckResult("sandbox", Level.WARN if found.fix else Level.OK, found.said, found.fix)


def _servers(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    if profile is None:
        return _unread("servers")
    found = servers(profile)
    return CheckResult("servers", Level.WARN if found.fix else Level.OK, found.said, found.fix)


def _hooks(subject: Installation) -> CheckResult:
    profile = _loaded(subject)
    if profile is None:
        return _unread("client hooks")
    if not profile.hooks.enabled:
        return CheckResult(
            "client hooks", Level.OK, "off: `penstock run --hooks -- claude` sets them up for one session"
        )
    found = hooks()
    return CheckResult("client hooks", Level.WARN if found.fix else Level.OK, found.said, found.fix)
