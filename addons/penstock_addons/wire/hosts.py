"""`ModelHosts`: the addon that decides which hosts are those of models: the known ones (`KNOWN_HOSTS`, from
`penstock.models.providers`), and those that the profile and the options add. Connections to all others are tunnelled:
their TLS is not decrypted. `host_of` gives the host that a flow's request is for, `is_listed` whether a host is in a
list."""

from __future__ import annotations

from collections.abc import Iterable

from mitmproxy import http, tls
from mitmproxy.proxy.mode_specs import ReverseMode

from penstock.models.providers import KNOWN, is_local_server, matches
from penstock_addons.wire.options import ProxyOptions

__all__ = ["KNOWN_HOSTS", "ModelHosts", "host_of", "is_listed"]

KNOWN_HOSTS = tuple(f"{one.name}:{one.port}" if one.port else one.name for one in KNOWN if not one.is_local)
"""The hosts of `penstock.models.providers.KNOWN`, as `is_listed` reads them. Local servers that are recognised by their
port alone are not among them: `ModelHosts.reads` knows those."""


class ModelHosts:
    """Knows the model hosts, and has mitmproxy tunnel connections to all others."""

    def __init__(self, options: ProxyOptions) -> None:
        self._options = options
        self.extra: tuple[str, ...] = ()
        """Hosts that the profile adds."""

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        if isinstance(data.context.client.proxy_mode, ReverseMode):
            return
        address = data.context.server.address
        host = data.client_hello.sni or (address[0] if address else "")
        if not self.is_model_host(host, address[1] if address else 443):
            data.ignore_connection = True

    def knows(self, flow: http.HTTPFlow) -> bool:
        """Whether the flow certainly goes to a model host: a listed one, or the upstream of a reverse port, which the
        user chose."""
        if isinstance(flow.client_conn.proxy_mode, ReverseMode):
            return True
        return self.is_model_host(flow.request.host, flow.request.port) or self.is_model_host(
            flow.request.pretty_host, flow.request.port
        )

    def reads(self, flow: http.HTTPFlow) -> bool:
        """Whether a request of this flow is a model request if its path is one. Besides the hosts that are known for
        certain, these are plain HTTP servers of this machine and of private networks on a model server's port."""
        request = flow.request
        return self.knows(flow) or (request.scheme == "http" and is_local_server(request.host, request.port))

    def is_model_host(self, host: str, port: int) -> bool:
        """Whether `host` is listed, or was added by the user."""
        return is_listed(host, port, (*KNOWN_HOSTS, *self.extra, *self._options.hosts))


def host_of(flow: http.HTTPFlow) -> str:
    """The host that the flow's request is for. On a reverse port that is the upstream, whatever the client's `Host`
    header; in the other modes it is the name in that header, since the address may be a number."""
    if isinstance(flow.client_conn.proxy_mode, ReverseMode):
        return flow.request.host
    return flow.request.pretty_host


def is_listed(host: str, port: int, listed: Iterable[str]) -> bool:
    """Whether `host`:`port` matches one of `listed`: names as `penstock.models.providers.matches` reads them, with or
    without a port."""
    for entry in listed:
        name, _, wanted = entry.rpartition(":") if ":" in entry else (entry, "", "")
        if (not wanted or wanted == str(port)) and matches(name, host):
            return True
    return False
