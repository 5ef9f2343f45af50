"""`line_in`: the line of a plugin's own file at which an error was raised."""

from __future__ import annotations

from traceback import walk_tb

__all__ = ["line_in"]


def line_in(error: BaseException, file: str) -> str:
    """` (line 12)`: the last line of `file` that the traceback of `error` goes through. Empty if it goes through none,
    as that of a `SyntaxError`, which names its line itself."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return f" (line {lines[-1]})" if lines else ""
