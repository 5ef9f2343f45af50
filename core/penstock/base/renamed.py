"""`Renamed`: a class attribute under its old name, which raises an error that names the new one."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["Renamed"]


class Renamed:
    """A class attribute under an old name. Reading or setting it raises `AttributeError` with the new name."""

    def __init__(self, new: str) -> None:
        self._new = new
        self._old = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._old = f"{owner.__name__}.{name}"

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise AttributeError(f"{self._old} is called {self._new} now")

    def __set__(self, instance: object, value: object) -> NoReturn:
        raise AttributeError(f"{self._old} is called {self._new} now")
