"""`Beside`: a service in the process of a real proxy, with the proxy's port; `starting` runs it for a block."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import httpx

from penstock.control.discovery import Announcement, read
from tests.addons.cli.program import Program
from tests.road.provider import Provider

__all__ = ["Beside", "starting"]


@dataclass
class Beside:
    """A service in the process of a proxy."""

    program: Program
    proxy: Announcement
    http: httpx.Client
    base: str
    """The proxy's reverse port to the provider."""

    def say(self, words: str, session: str = "one") -> None:
        """Send a request through the proxy."""
        body = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": words}],
            "metadata": {"user_id": f'{{"session_id": "{session}"}}'},
        }
        assert httpx.post(f"{self.base}/said/v1/messages", json=body, trust_env=False, timeout=30).status_code == 200


class starting:  # noqa: N801
    """A proxy with a service, for the time of a block."""

    def __init__(self, home: Path) -> None:
        self._provider = Provider()
        upstream = f"http://127.0.0.1:{self._provider.port}"
        file = home / "announced.json"
        words = ["up", "--port", "0", "--serve", "0", "--reverse", upstream, "--announce", str(file)]
        environ = {**os.environ, "HOME": str(home), "PENSTOCK_HOME": str(home), "TMPDIR": str(home)}
        self._program, self._file = Program(words, environ), file

    def __enter__(self) -> Beside:
        self._program.wait_for("To end:")
        found = re.search(r"service +(\S+), token in (\S+)", self._program.out)
        proxy = read(self._file)
        assert found is not None, self._program.out
        assert proxy is not None
        headers = {"authorization": f"Bearer {Path(found[2]).read_text()}"}
        self._http = httpx.Client(base_url=found[1], headers=headers, trust_env=False, timeout=60)
        return Beside(self._program, proxy, self._http, next(iter(proxy.reverse.values())))

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._program.stop()
        self._provider.close()
