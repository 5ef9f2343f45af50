"""Which hosts are model hosts. All other traffic is tunnelled: its TLS is not even opened."""

from __future__ import annotations

from collections.abc import Iterable

from mitmproxy import http, tls
from mitmproxy.proxy.mode_specs import ReverseMode

from penstock_addons.options import Settings

__all__ = ["KNOWN_HOSTS", "ModelHosts", "is_listed"]

KNOWN_HOSTS = (
    "api.anthropic.com",
    "api.openai.com",
    "chatgpt.com",
    "generativelanguage.googleapis.com",
    "cloudcode-pa.googleapis.com",
    "openrouter.ai",
    "api.deepseek.com",
    "api.groq.com",
    "api.mistral.ai",
    "api.x.ai",
    "api.together.xyz",
    "api.fireworks.ai",
    "api.cerebras.ai",
    "ollama.com",
    "*.openai.azure.com",
    "*.services.ai.azure.com",
    "*:11434",
)
"""`*.` in front: all below a domain. With a port: that port only; `*:11434` is Ollama, wherever it runs."""


class ModelHosts:
    """Knows model hosts, and keeps the proxy's hands off all others."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.extra: tuple[str, ...] = ()
        """Hosts the profile adds."""

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        if isinstance(data.context.client.proxy_mode, ReverseMode):
            return
        address = data.context.server.address
        host = data.client_hello.sni or (address[0] if address else "")
        if not self.is_model_host(host, address[1] if address else 443):
            data.ignore_connection = True

    def reads(self, flow: http.HTTPFlow) -> bool:
        """Whether a request of this flow may be a model request: sent to a model host, or to a reverse proxy's port,
        whose upstream a person chose."""
        if isinstance(flow.client_conn.proxy_mode, ReverseMode):
            return True
        return self.is_model_host(flow.request.host, flow.request.port) or self.is_model_host(
            flow.request.pretty_host, flow.request.port
        )

    def is_model_host(self, host: str, port: int) -> bool:
        """Whether `host` is known, or was added by a person."""
        return is_listed(host, port, (*KNOWN_HOSTS, *self.extra, *self._settings.hosts))


def is_listed(host: str, port: int, listed: Iterable[str]) -> bool:
    """Whether `host`:`port` is one of `listed`."""
    host = host.rstrip(".").lower()
    for entry in listed:
        name, _, wanted = entry.lower().rpartition(":") if ":" in entry else (entry.lower(), "", "")
        if wanted and wanted != str(port):
            continue
        if name in ("*", host) or (name.startswith("*.") and host.endswith(name[1:])):
            return True
    return False
