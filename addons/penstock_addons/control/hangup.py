"""`HangUp`: an addon that shuts the proxy down on SIGHUP, as when its terminal closes, so that everything is written to
disk. Under `nohup` the signal stays ignored."""

from __future__ import annotations

import asyncio
import logging
import signal

from mitmproxy import ctx

__all__ = ["HangUp"]

logger = logging.getLogger(__name__)


class HangUp:
    """Handles SIGHUP; mitmproxy itself handles only SIGINT and SIGTERM."""

    def __init__(self) -> None:
        self._is_set = False

    def running(self) -> None:
        # With `nohup` the signal is ignored, and shall be: the proxy was started to outlive its terminal.
        if self._is_set or not hasattr(signal, "SIGHUP") or signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL:
            return
        try:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, ctx.master.shutdown)
        except (NotImplementedError, RuntimeError, ValueError) as e:  # a loop that is not the main thread's
            logger.debug("SIGHUP is left as it is: %s", e)
        else:
            self._is_set = True

    def done(self) -> None:
        if self._is_set:
            self._is_set = False
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
