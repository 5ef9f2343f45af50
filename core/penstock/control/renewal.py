"""`Renewal`: a thread that renews a proxy's announcement every hour while the proxy runs, so that in a folder which
several containers share it can be told from those that killed ones left."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from penstock.control.discovery import Announcement, renew

__all__ = ["Renewal"]

logger = logging.getLogger(__name__)
RENEW_S = 3600.0
"""A small part of the time (`penstock.control.discovery.GONE_S`) after which one that is not renewed is deleted."""


class Renewal:
    """Renews from its construction on, until `stop`."""

    def __init__(self, what: Announcement, file: Path, every_s: float = RENEW_S) -> None:
        self._what, self._file, self._every_s = what, file, every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="penstock-announcement", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Renew no more. Returns when nothing is written any longer."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                renew(self._what, self._file)
            except OSError as e:
                logger.warning("%s cannot be written (%s): commands may not find this proxy", self._file, e)
