"""`[service]`: from a profile and from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base.errors import ProfileError
from penstock.profiles import profile as profiles
from penstock.profiles.service import ServiceSettings, service_values


def test_the_environment_says_each_key() -> None:
    """By the name of the key in capital letters; lists with commas."""
    said = {
        "PENSTOCK_SERVE_PORT": "9000",
        "PENSTOCK_SERVE_HOST": "127.0.0.2",
        "PENSTOCK_SERVE_ALLOWED_HOSTS": "a.example, b.example",
        "PENSTOCK_SERVE_SEEDS": "off",
        "PENSTOCK_SERVE_BODY_MEGABYTES": "2.5",
        "PENSTOCK_SERVE_SEARCH_LIMIT": "20",
        "PENSTOCK_SERVE_LOG": "json",
        "PENSTOCK_SERVE_KEPT_VERSIONS": "20",
        "PENSTOCK_SERVE_KEPT_CHANGES": "5000",
        "PENSTOCK_SERVE_BACKUP_EVERY": "6",
        "PENSTOCK_SERVE_BACKUP_KEEP": "120",
        "PENSTOCK_SERVE_BACKUP_FOLDER": "~/backups",
        "PENSTOCK_SERVE_OTLP": "http://127.0.0.1:4317",
        "PENSTOCK_SERVE_REDIS": "redis://127.0.0.1:6379/1",
        "PENSTOCK_SERVICE": "http://127.0.0.1:7878",  # where a client looks for it
    }
    values = service_values(environ=said)
    assert set(values) == set(ServiceSettings.model_fields)
    found = profiles.changed(profiles.load("default"), {"service": values}).service
    assert (found.port, found.allowed_hosts, found.seeds) == (9000, ("a.example", "b.example"), False)
    assert (found.host, found.body_megabytes, found.search_limit, found.log) == ("127.0.0.2", 2.5, 20, "json")
    assert (found.kept_versions, found.kept_changes) == (20, 5000)
    assert (found.backup_every, found.backup_keep, found.backups) == (6.0, 120, Path.home() / "backups")


def test_the_older_name_of_the_hours_between_backups() -> None:
    """It says the same; where both are there and differ, none of them is chosen."""
    old = {"PENSTOCK_BACKUP_EVERY": "6"}
    assert service_values(environ=old) == {"backup_every": 6.0}
    assert service_values(environ=old | {"PENSTOCK_SERVE_BACKUP_EVERY": "6.0"}) == {"backup_every": 6.0}
    with pytest.raises(ProfileError, match="'6' and PENSTOCK_SERVE_BACKUP_EVERY = '12' differ"):
        service_values(environ=old | {"PENSTOCK_SERVE_BACKUP_EVERY": "12"})
    with pytest.raises(ProfileError, match="PENSTOCK_BACKUP_EVERY = 'daily': a number was expected"):
        service_values(environ={"PENSTOCK_BACKUP_EVERY": "daily"})


def test_a_home_of_nobody_is_named() -> None:
    with pytest.raises(ProfileError, match=r"service\.backup_folder = '~nobody-at-all/x'"):
        _ = ServiceSettings(backup_folder="~nobody-at-all/x").backups


def test_what_is_given_goes_over_the_environment() -> None:
    """An option of the command line, unless it was left out."""
    environ = {"PENSTOCK_SERVE_PORT": "9000", "PENSTOCK_SERVE_HOST": "127.0.0.2"}
    assert service_values({"port": 1, "host": None}, environ) == {"port": 1, "host": "127.0.0.2"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PENSTOCK_SERVE_PORT", "many", "PENSTOCK_SERVE_PORT = 'many': a whole number was expected"),
        ("PENSTOCK_SERVE_SEEDS", "perhaps", "PENSTOCK_SERVE_SEEDS = 'perhaps': true or false was expected"),
    ],
)
def test_a_wrong_variable_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(ProfileError) as refused:
        service_values(environ={name: value})
    assert said in str(refused.value)


def test_an_unknown_variable_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It names the nearest; nothing is set."""
    assert service_values(environ={"PENSTOCK_SERVE_PROT": "1"}) == {}
    assert "PENSTOCK_SERVE_PROT" in caplog.text
    assert "Did you mean 'PENSTOCK_SERVE_PORT'?" in caplog.text


def test_what_kubernetes_sets_for_a_service_named_penstock_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    theirs = {"PENSTOCK_SERVICE_HOST": "10.0.0.7", "PENSTOCK_SERVICE_PORT": "80", "PENSTOCK_SERVICE_PORT_HTTP": "80"}
    assert service_values(environ=theirs) == {}
    assert not caplog.records


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"prot": 1}, "Did you mean 'port'?"),
        ({"port": 70_000}, "service.port = 70000"),
        ({"seeds": "yes"}, "true or false was expected"),
        ({"log": "xml"}, "'text' or 'json' was expected"),
        ({"kept_versions": 0}, "service.kept_versions = 0"),
        ({"kept_versions": 101}, "less than or equal to 100"),
        ({"backup_every": 0.05}, "service.backup_every = 0.05: 0 (none), or hours from 0.1 on"),
        ({"backup_every": -1}, "service.backup_every = -1"),
        ({"backup_keep": 0}, "service.backup_keep = 0"),
        ({"backup_folder": "backups"}, "service.backup_folder = 'backups': an absolute path was expected"),
        ({"otlp": "collector:4317"}, "service.otlp = 'collector:4317'"),
    ],
)
def test_a_wrong_key_is_refused(table: dict[str, object], said: str) -> None:
    with pytest.raises(ProfileError) as refused:
        profiles.changed(profiles.load("default"), {"service": table})
    assert said in str(refused.value)
