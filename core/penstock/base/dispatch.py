"""`run_command`: calls a command, a method of an object, by its name, with arguments that a person typed or that the
control channel received. Raises `PenstockError`, with a text for that person, for an unknown command or arguments that
do not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError, validate_call

from penstock.base.errors import PenstockError

__all__ = ["run_command"]


def run_command(
    commands: object, known: Collection[str], command: str, arguments: Mapping[str, object]
) -> dict[str, Any]:
    """Call the method `_COMMAND` of `commands` with `arguments`, validated by its signature. `known`: the names of all
    commands. Raises `PenstockError` for an unknown command and for arguments that do not fit; the text is for the
    person who sent it."""
    if command not in known:
        raise PenstockError(f"there is no command {command!r}; there are {', '.join(sorted(known))}")
    try:
        answer: dict[str, Any] = validate_call(getattr(commands, f"_{command}"))(**arguments)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PenstockError(f"{command}: {where}: {first['msg']}") from e
    return answer
