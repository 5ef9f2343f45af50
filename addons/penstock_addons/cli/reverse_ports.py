"""`ReversePort`: a local port that stands in for one provider or any other address, with the base URL and the
environment variable for clients. `parse` reads `--reverse anthropic=8411`, and raises `PenstockError` for an unknown
provider or a port above 65535; the known providers are listed here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from penstock.base.errors import PenstockError
from penstock.base.suggest import did_you_mean

__all__ = ["ReversePort", "parse"]

_KNOWN = {
    "anthropic": ("https://api.anthropic.com", "ANTHROPIC_BASE_URL", ""),
    "openai": ("https://api.openai.com", "OPENAI_BASE_URL", "/v1"),
    "gemini": ("https://generativelanguage.googleapis.com", "GOOGLE_GEMINI_BASE_URL", ""),
    "chatgpt": ("https://chatgpt.com", "", ""),
    "ollama": ("http://127.0.0.1:11434", "OLLAMA_HOST", ""),
}
"""Name: the real address, the variable a client reads, and what it wants behind the host."""
_SPEC = re.compile(r"(?P<name>.+?)(?:=(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class ReversePort:
    """A reverse port and the provider that it forwards to."""

    name: str
    """As the user gave it: the name of a provider, or an address."""
    url: str
    """The address of the provider that it forwards to."""
    port: int
    """The local port; 0: the system chooses."""
    variable: str = ""
    """The environment variable that gives a client the base URL."""
    suffix: str = ""
    """What the client's base URL has behind the host and port."""
    host: str = ""
    """The address to listen on, if it is not the proxy's."""

    def base(self, host: str, port: int) -> str:
        """The base URL to give to a client."""
        return f"http://{host}:{port}{self.suffix}"

    def mode(self, host: str) -> str:
        """The reverse port as mitmproxy's mode specification."""
        return f"reverse:{self.url}@{self.host or host}:{self.port}"


def parse(spec: str) -> ReversePort:
    """Parse `anthropic=8411`, `anthropic`, or `http://gpu-box:11434=8411`. Raises `PenstockError`."""
    found = _SPEC.fullmatch(spec)
    name = found["name"] if found else ""
    port = int(found["port"] or 0) if found else 0
    if port > 65535:
        raise PenstockError(f"--reverse {spec}: {port} is no port")
    if name in _KNOWN:
        url, variable, suffix = _KNOWN[name]
        return ReversePort(name, url, port, variable, suffix)
    if name.startswith(("http://", "https://")):
        return ReversePort(name, name.rstrip("/"), port)
    raise PenstockError(
        f"--reverse {spec}: a provider or an address was expected, such as anthropic=8411 or "
        f"http://gpu-box:11434=8412.{did_you_mean(name, _KNOWN)}"
    )
