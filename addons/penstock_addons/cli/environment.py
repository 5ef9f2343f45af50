"""`for_client`: the environment in which `penstock run` starts a client, so that it uses the proxy and trusts its
certificate. Of the user's own environment: `no_proxy`, the value of `NO_PROXY`; `left_out`, those of some hosts that it
excludes; `proxy_before`, the proxy used without Penstock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["for_client", "left_out", "no_proxy", "proxy_before"]

_PROXY = ("HTTPS_PROXY", "https_proxy")
_PLAIN = ("HTTP_PROXY", "http_proxy")
_BUNDLE = (
    "SSL_CERT_FILE",  # OpenSSL, Go, rustls, httpx
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CODEX_CA_CERTIFICATE",
    "AWS_CA_BUNDLE",  # Amazon's SDKs and its command line, for Bedrock
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",  # Google's SDKs that speak gRPC to Vertex AI
)
"""Each of these stands in place of a client's own roots, so it must name all of them. Git's is not among them: its
hosts are not read, and its own roots do."""
_ADDED = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
"""These are added to a client's own roots."""


def for_client(
    environ: Mapping[str, str], *, proxy: str, ca: Path, bundle: Path, plain_http: bool = False
) -> dict[str, str]:
    """`environ` with all proxy and certificate variables that clients read.

    `HTTP_PROXY` is set only with `plain_http`: plain HTTP goes to the user's own servers, most of them on this machine,
    and is not read. Ollama is the exception.
    """
    out = dict(environ)
    for name in (*_PROXY, *(_PLAIN if plain_http else ())):
        out[name] = proxy
    for name in _BUNDLE:
        out[name] = str(bundle)
    for name in _ADDED:
        out[name] = str(bundle if environ.get(name) else ca)
    # Node's own fetch and https read HTTPS_PROXY from version 22.21 and 24 on, when told to.
    out["NODE_USE_ENV_PROXY"] = "1"
    return out


def proxy_before(environ: Mapping[str, str]) -> str:
    """The proxy that the client would use without Penstock; empty if none."""
    return next((environ[name] for name in (*_PROXY[::-1], "ALL_PROXY", "all_proxy") if environ.get(name)), "")


def left_out(environ: Mapping[str, str], hosts: tuple[str, ...]) -> list[str]:
    """The `hosts` that `NO_PROXY` excludes from the proxy."""
    entries = [e.strip().lower().lstrip("*") for e in no_proxy(environ).split(",") if e.strip()]
    return [
        host
        for host in hosts
        if not host.startswith("*") and any(e in ("", host) or host.endswith("." + e.lstrip(".")) for e in entries)
    ]


def no_proxy(environ: Mapping[str, str]) -> str:
    """The value of `NO_PROXY`: the hosts that clients contact without a proxy."""
    return environ.get("no_proxy") or environ.get("NO_PROXY") or ""
