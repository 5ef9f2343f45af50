"""What a profile says of Redis and NATS may be anything; the check says what is wrong with it, and raises nothing."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.profiles import profile as profiles
from penstock_addons.cli.server_checks import servers

NONE = "no Redis and no NATS is named by this profile"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"service": {"redis": "redis://:secret@[::1/0"}},
            "[service] redis: [::1 is no URL of Redis: ",
        ),
        ({"stage": {"memory": {"nats": {"url": "nats://me:secret@[::1"}}}}, "NATS at [::1 does not answer: "),
    ],
)
def test_an_address_that_is_none_is_a_finding(changes: dict[str, Any], said: str) -> None:
    """Without the password in it."""
    found = servers(profiles.changed(profiles.load("default"), changes))
    assert found.said.startswith(said)
    assert found.fix
    assert "secret" not in str(found)


def test_what_is_no_table_is_left_to_the_check_of_plugins() -> None:
    assert servers(profiles.changed(profiles.load("default"), {"stage": {"memory": {"nats": 5}}})).said == NONE
