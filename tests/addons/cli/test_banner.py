"""What a person is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.control.discovery import Announcement
from penstock.profiles import profile
from penstock_addons.cli import banner
from penstock_addons.cli.reverse_ports import parse

HERE = Announcement(1, "127.0.0.1", 8080, "default", "/s.db", "/ca.pem", 1.0, {"anthropic": "http://127.0.0.1:8411"})


def test_attested_requests_are_explained_where_they_are_edited() -> None:
    """Two sentences: what it means, for a subscription login above all, and every way without it."""
    told = banner.attested(profile.load("default"))
    assert "subscription login" in told
    for way in ("`observe`", 'attested = "observe"', "reverse mode", "CLAUDE_CODE_ATTRIBUTION_HEADER=0"):
        assert way in told
    assert banner.attested(profile.load("observe")) == ""


def test_only_the_first_start_explains() -> None:
    """Who has read it once need not read it again."""
    assert banner.is_first_time()
    assert not banner.is_first_time()


@pytest.mark.parametrize("first", [True, False])
def test_says_all_that_a_client_needs(first: bool) -> None:
    """Address, profile, store, CA, the line for a client, and each reverse port with the variable for it."""
    lines = list(banner.banner(HERE, profile.load("default"), Path("/b.pem"), [parse("anthropic=8411")], first=first))
    told = "\n".join(lines)
    for said in (
        "http://127.0.0.1:8080",
        "default",
        "/s.db",
        "/ca.pem",
        "penstock run -- claude",
        "penstock tui --store /s.db",
    ):
        assert said in told
    assert "export HTTPS_PROXY=http://127.0.0.1:8080 NODE_EXTRA_CA_CERTS=/ca.pem SSL_CERT_FILE=/b.pem" in told
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:8411" in told
    assert (banner.ATTESTED in told.replace("\n", " ")) is first
    assert all(len(line) <= 80 for line in lines[-5:]) or not first, "as wide as the terminal, broken between words"


def test_the_usual_store_needs_no_name() -> None:
    here = replace(HERE, store=str(paths.store_path()))
    lines = list(banner.banner(here, profile.load("default"), Path("/b.pem"), [], first=False))
    assert any(line.endswith("penstock tui") for line in lines)
