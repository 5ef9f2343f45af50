"""`penstock keys`, as a person types it."""

from __future__ import annotations

import json
import os
import socket

import pytest
from typer.testing import CliRunner

from penstock.cli import build
from penstock.control.discovery import GATEWAY, Announcement, announce, file_beside
from penstock.gateway.audit_log import audit_page
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import BadKey
from penstock.gateway.keys import check_key
from penstock.gateway.quotas import limits_of
from penstock.gateway.records import BILLION, Limit
from tests.addons.cli.gateway.conftest import Fail, Say


def test_a_key_is_printed_alone_so_that_a_script_can_take_it(say: Say, store: GatewayStore) -> None:
    secret = say("keys", "add", "laptop", "--model", "anthropic/*", "--expires", "30d", "--limit", "$5/day").strip()
    key = check_key(store, secret)
    assert (key.name, key.models, key.workspace) == ("laptop", ("anthropic/*",), "default")
    assert key.expires_at is not None
    assert key.expires_at - key.created_at == pytest.approx(30 * 86_400, abs=5)
    assert limits_of(store, f"key:{key.id}") == [Limit("day", "dollars", 5 * BILLION)]
    assert "command line" in audit_page(store, "default")[0][0].by


def test_how_clients_use_it_is_said_beside(say: Say) -> None:
    shown = CliRunner().invoke(build(), ["keys", "add", "laptop"]).stderr
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:8090 " in shown
    assert "OPENAI_BASE_URL=http://127.0.0.1:8090/v1 " in shown
    assert "`penstock providers add anthropic`" in shown
    assert "pst_" not in shown


def test_the_running_gateway_is_named_in_place_of_the_profiles(say: Say, store: GatewayStore) -> None:
    """`penstock up --gateway 8290` listens there, whatever the profile says."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port, up = proxy.getsockname()[1], {GATEWAY: "http://127.0.0.1:8290"}
        here = Announcement(os.getpid(), "127.0.0.1", port, "safe", str(store.path), "", 1.0, up)
        announce(here, file_beside(store.path, os.getpid()))
        shown = CliRunner().invoke(build(), ["keys", "add", "laptop"]).stderr
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:8290 " in shown


def test_a_small_limit_is_said_and_audited_as_it_is(say: Say, store: GatewayStore) -> None:
    shown = CliRunner().invoke(build(), ["keys", "add", "carl", "--limit", "0.001 dollars per day"]).stderr
    assert "at most $0.0010 per day" in shown
    assert {"dollars per day": "$0.0010"} in [dict(one.details) for one in audit_page(store, "default")[0]]


def test_keys_are_listed_without_their_secret_within_80_columns(say: Say) -> None:
    secret = say("keys", "add", "a-name-of-very-many-letters-" + "x" * 40, "--expires", "2099-01-31").strip()
    shown = say("keys", "list")
    assert secret not in shown
    assert secret[:8] in shown
    assert "2099-02-01" in shown or "2099-01-31" in shown
    assert max(map(len, shown.splitlines())) <= 80
    (row,) = json.loads(say("keys", "list", "--json"))
    assert (row["state"], row["expires_at"]) == ("active", "2099-02-01T00:00:00.000Z")
    assert secret not in json.dumps(row)


def test_one_is_rotated_by_its_name_and_revoked_by_its_id(say: Say, store: GatewayStore) -> None:
    made = json.loads(say("keys", "add", "ci", "--json"))
    new = say("keys", "rotate", "ci", "--grace", "1h").strip()
    assert check_key(store, new).id == check_key(store, made["key"]).id == made["id"]
    say("keys", "revoke", made["id"], "--yes")
    for secret in (new, made["key"]):
        with pytest.raises(BadKey):
            check_key(store, secret)
    assert "revoked" in say("keys", "list")
    again = say("keys", "add", "ci").strip()
    say("keys", "revoke", "ci", "--yes")  # the one that is good
    with pytest.raises(BadKey):
        check_key(store, again)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rotate", "nobody"), "workspace default has no key 'nobody': `penstock keys list` shows"),
        (("add", "ci", "--workspace", "tema"), "there is no workspace 'tema'"),
        (("add", "ci", "--scope", "model"), "Did you mean"),
        (("add", "ci", "--expires", "soon"), "'soon' is no time: a number with s, m, h, d or w"),
        (("add", "ci", "--limit", "much"), "'much' is no limit: `5 dollars per day` was expected"),
        (("add", "a b"), "cannot be the name of a key"),
    ],
)
def test_what_cannot_be_is_said(fail: Fail, words: tuple[str, ...], said: str) -> None:
    assert said in fail("keys", *words)


def test_two_good_keys_have_two_names(say: Say, fail: Fail) -> None:
    say("keys", "add", "ci")
    assert "`penstock keys rotate ci` replaces it" in fail("keys", "add", "ci")


def test_a_key_is_not_revoked_without_a_yes(say: Say, fail: Fail, store: GatewayStore) -> None:
    secret = say("keys", "add", "ci").strip()
    assert "--yes does not ask" in fail("keys", "revoke", "ci", stdin="")
    fail("keys", "revoke", "ci", stdin="n\n")
    check_key(store, secret)


def test_names_of_keys_are_completed(say: Say) -> None:
    say("keys", "add", "laptop")
    words = {"_PENSTOCK_COMPLETE": "complete_bash", "COMP_WORDS": "penstock keys revoke ", "COMP_CWORD": "3"}
    found = CliRunner().invoke(build(), [], prog_name="penstock", env=words)
    assert found.stdout.split() == ["laptop"]
