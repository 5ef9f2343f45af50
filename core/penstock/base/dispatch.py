"""Calls a command by its name with plain data, as typed by a person or received over the control channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError, validate_call

from penstock.base.errors import PenstockError

__all__ = ["run_command"]


def run_command(
    commands: object, known: Collection[str], command: str, arguments: Mapping[str, object]
) -> dict[str, Any]:
    """Call the method of `commands` that is named `_COMMAND`. Raises `PenstockError`, in words for who asked: for a
    command that there is not, and for arguments that do not fit it."""
    if command not in known:
        raise PenstockError(f"there is no command {command!r}; there are {', '.join(sorted(known))}")
    try:
        answer: dict[str, Any] = validate_call(getattr(commands, f"_{command}"))(**arguments)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PenstockError(f"{command}: {where}: {first['msg']}") from e
    return answer
