"""`penstock providers`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.gateway.database import GatewayStore
from penstock.gateway.providers import find_provider, list_providers, open_credential
from tests.addons.cli.gateway.conftest import Fail, Say
from tests.core.gateway.model_server import serving

SECRET = "sk-ant-canary-0123456789"
HERE = ("--base-url", "http://127.0.0.1:1", "--allow-private")


@pytest.mark.parametrize("where", ["file", "stdin", "environment"])
def test_a_credential_is_taken_from_where_nobody_sees_it(
    say: Say, store: GatewayStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    (tmp_path / "key").write_text(f"{SECRET}\n")
    words = {
        "file": ("--credential-file", str(tmp_path / "key")),
        "stdin": ("--credential-file", "-"),
        "environment": ("--credential-env", "MY_KEY"),
    }[where]
    shown = say("providers", "add", "anthropic", *HERE, *words, stdin=f"{SECRET}\n")
    assert open_credential(store.masters, find_provider(store, "default", "anthropic")) == SECRET
    for printed in (shown, say("providers", "list"), say("providers", "list", "--json")):
        assert SECRET not in printed


def test_there_is_no_argument_for_a_credential(say: Say) -> None:
    """It would be in the list of processes, and in the shell's history."""
    shown = say("providers", "add", "--help")
    assert "--credential-file" in shown
    assert "--credential " not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "antropic"), "'antropic' is no kind of provider, and --kind is not given. Did you mean 'anthropic'?"),
        (("add", "house", "--kind", "zzz"), "'zzz' is no kind of provider. Known: anthropic, "),
        (("add", "anthropic"), "stdin is not a terminal: --credential-file FILE (- for stdin) or --credential-env"),
        (("add", "anthropic", "--credential-env", "NOT_SET"), "NOT_SET is not set"),
        (("add", "anthropic", "--credential-file", "/none"), "cannot be read from /none"),
        (("add", "anthropic", "--credential-file", "-"), "there is no credential in stdin"),
        (("add", "local", "--kind", "ollama"), "only https is asked, unless the owner adds it with `--allow-private`"),
        (("add", "ollama", "--allow-private", "-w", "tema"), "there is no workspace 'tema'"),
        (("delete", "openai", "--yes"), "workspace default has no provider 'openai': `penstock providers list`"),
        (("models",), "workspace default has no provider: `penstock providers list` shows all"),
    ],
)
def test_what_cannot_be_is_said(fail: Fail, words: tuple[str, ...], said: str) -> None:
    assert said in fail("providers", *words, stdin="")


def test_what_the_profile_allows_needs_no_option(
    say: Say, store: GatewayStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "team.toml"
    profile.write_text('[gateway]\nallow_private = ["127.0.0.1:11434"]\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", str(profile))
    say("providers", "add", "ollama")
    assert [one.name for one in list_providers(store)] == ["ollama"]


def test_one_of_all_workspaces_is_deleted_by_saying_so(say: Say, fail: Fail, store: GatewayStore) -> None:
    say("providers", "add", "ollama", "--allow-private", "--all")
    assert "(all)" in say("providers", "list")
    assert "ollama is a provider of all workspaces: say --all" in fail("providers", "delete", "ollama", "--yes")
    say("providers", "delete", "ollama", "--all", "--yes")
    assert list_providers(store) == []


def test_models_are_fetched_and_shown_later_without_asking(say: Say, fail: Fail) -> None:
    with serving() as server:
        say("providers", "add", "ollama", "--base-url", f"http://127.0.0.1:{server.port}", "--allow-private")
        server.lists("qwen3:8b", "llama3")
        assert [line.split()[0] for line in say("providers", "models").splitlines()] == [
            "ollama/llama3",
            "ollama/qwen3:8b",
        ]
        asked = len(server.asked)
        rows = json.loads(say("providers", "models", "ollama", "--offline", "--json"))
        assert [row["id"] for row in rows] == ["ollama/llama3", "ollama/qwen3:8b"]
        assert len(server.asked) == asked
    assert "ollama: its models cannot be fetched" in fail("providers", "models")
    assert "ollama/llama3" in say("providers", "models", "--offline")


def test_the_list_fits_80_columns(say: Say) -> None:
    url = "http://127.0.0.1:8000/" + "long/" * 20
    say("workspaces", "add", "w" * 60)
    say(
        "providers",
        "add",
        "n" * 60,
        "--kind",
        "openai-compatible",
        "--base-url",
        url,
        "--allow-private",
        "-w",
        "w" * 60,
    )
    assert max(map(len, say("providers", "list").splitlines())) <= 80
