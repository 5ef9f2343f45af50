"""`QuietEnd`: an addon that keeps a traceback for each open connection off the terminal when the proxy ends. asyncio in
Python 3.11 logs a connection's task that is cancelled at the end as an error."""

from __future__ import annotations

import asyncio
import logging

__all__ = ["QuietEnd"]


class QuietEnd:
    """Connections are cancelled after mitmproxy's own handler of errors is gone."""

    def done(self) -> None:
        logging.getLogger("asyncio").addFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)
