"""`json_log`: while active, logs of the service are lines of JSON on stderr (`JsonLines`), one for each call too."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from penstock.redaction.redaction import redact
from penstock_service.http.observing import CALLS, request_id

__all__ = ["JsonLines", "json_log"]

_LOGGERS = ("penstock_service", "uvicorn")
_FIELDS = ("method", "route", "status", "duration_ms")
"""Of a line about a call."""


class JsonLines(logging.Formatter):
    """Formats a record as a line of JSON: `timestamp`, `level`, `logger`, `message`, and what is known of the call."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with what looks like a credential removed."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "timestamp": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if id := request_id.get():
            line["request_id"] = id
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line)


@contextmanager
def json_log(*, everything: bool = False) -> Iterator[None]:
    """While active, the service logs so, each call with a line. `everything`: all that logs in this process does, and
    warnings of Python do; else that goes its own way."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    loggers = [logging.getLogger(name) for name in (("",) if everything else _LOGGERS)]
    was = CALLS.level
    CALLS.setLevel(logging.INFO)
    logging.captureWarnings(everything)
    for logger in loggers:
        logger.addHandler(handler)  # with one at the root, the package `mcp` adds none of its own
        logger.propagate = False
    try:
        yield
    finally:
        CALLS.setLevel(was)
        logging.captureWarnings(False)
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
