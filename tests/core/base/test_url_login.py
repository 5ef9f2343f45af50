"""Settings with logins in their URLs, as they are shown."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.base.url_login import without_login


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("nats://ada:lovelace@host:4222", "nats://[withheld]@host:4222"),
        ("tls://token@host", "tls://[withheld]@host"),
        ("nats://a:p@ss/w#rd@host, nats://b", "nats://[withheld]@host, nats://b"),
        ({"nats": {"url": ["NATS://a:b@h"], "wait": 3}}, {"nats": {"url": ["NATS://[withheld]@h"], "wait": 3}}),
        ("https://host/path?q=1", "https://host/path?q=1"),
        ("mail ada@host", "mail ada@host"),
        (None, None),
    ],
)
def test_what_stands_before_the_host_is_withheld(value: Any, shown: Any) -> None:
    assert without_login(value) == shown
