"""Commands by name."""

from __future__ import annotations

import pytest

from penstock.base.dispatch import run_command
from penstock.base.errors import PenstockError


class Commands:
    def _add(self, to: int, more: int = 1) -> dict[str, int]:
        return {"sum": to + more}

    def _secret(self) -> dict[str, int]:
        return {}


def test_a_command_is_carried_out() -> None:
    """With what it is given."""
    assert run_command(Commands(), {"add"}, "add", {"to": 2}) == {"sum": 3}


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("burn", {}, "no command 'burn'; there are add"),
        ("secret", {}, "no command 'secret'"),
        ("__init__", {}, "no command"),
        ("add", {}, "add: to: "),
        ("add", {"to": "much"}, "add: to: "),
        ("add", {"to": 1, "less": 2}, "add: less: "),
    ],
)
def test_what_makes_no_sense_is_told(command: str, arguments: dict[str, object], said: str) -> None:
    """Which command, which argument, and what was expected. What is not named is no command, whatever it is called."""
    with pytest.raises(PenstockError, match=said):
        run_command(Commands(), {"add"}, command, arguments)
