"""`redact`: removes secrets from a text before it is written to disk; `Redactor`: the same, then the redactors of
plugins and a cut to length. If a plugin's redactor fails, the text is left out.

Credentials are recognised by their own form (`by_shape`), by their place (`by_place`), or by the name before them
(`by_name`). Each is replaced by its kind, so that a reader sees that something was there. The time is linear in the
length of the text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from penstock.redaction.by_name import without_named
from penstock.redaction.by_place import without_placed
from penstock.redaction.by_shape import without_shapes

__all__ = ["Redactor", "redact"]

logger = logging.getLogger(__name__)

_OVERHANG = 64
"""Characters beyond the limit that are examined, enough to recognise a secret that begins before the cut."""


def redact(text: str) -> str:
    """`text` with every secret of a known shape replaced by `[redacted KIND]`."""
    return without_named(without_placed(without_shapes(text))) if text else text


class Redactor:
    """The bundled redactor, then those of plugins, then a cut to length."""

    def __init__(self, limit: int, more: Sequence[Callable[[str], str]] = ()) -> None:
        self._limit = limit
        self._more = tuple(more)

    def __call__(self, text: str) -> str:
        """`text` without secrets, cut to the limit. Empty if a redactor failed, so that no secret is written."""
        if not self._limit or not text:
            return ""
        text = redact(text[: self._limit + _OVERHANG])
        for more in self._more:
            try:
                text = more(text)
            except Exception:  # a stranger's redactor
                logger.exception("a redactor failed; the text is left out of the log")
                return ""
        return text if len(text) <= self._limit else text[: self._limit] + "…"
