"""The certificate authority that clients must trust, mitmproxy's own. `write_bundle` writes one file of its
certificate, the system's root certificates and those that the user's environment names; `ensure` creates it in a
folder if there is none; both raise `PenstockError`. `default_confdir` gives mitmproxy's folder, `certificate` the
file in it."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.private_files import write_file

__all__ = ["ROOT_VARIABLES", "bundle_file", "certificate", "default_confdir", "ensure", "write_bundle"]

ROOT_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CODEX_CA_CERTIFICATE",
    "AWS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
"""Environment variables in which the user may have named further root certificates, such as a company's."""
_SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def default_confdir() -> Path:
    """The folder where mitmproxy keeps its certificates by default."""
    return Path("~/.mitmproxy").expanduser()


def certificate(confdir: Path) -> Path:
    """The file of the certificate authority's certificate, without its key."""
    return confdir / "mitmproxy-ca-cert.pem"


def ensure(confdir: Path) -> Path:
    """The certificate authority's certificate; it is created, with its key, if there is none. Raises
    `PenstockError`."""
    from mitmproxy.certs import CertStore

    try:
        CertStore.from_store(confdir, "mitmproxy", 2048)
    except (OSError, ValueError) as e:
        raise PenstockError(
            f"the certificate authority in {confdir} cannot be used: {e}. "
            "Move that folder away and start again to have a new one made"
        ) from e
    return certificate(confdir)


def bundle_file() -> Path:
    """The file that holds the system's root certificates and ours, for clients that read one file only."""
    return paths.state_dir() / "ca-bundle.pem"


def write_bundle(ca: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Write the bundle: the system's root certificates, those that `environ` names, and `ca`. Raises
    `PenstockError`."""
    named = [Path(environ[name]) for name in ROOT_VARIABLES if environ.get(name)]
    pems = dict.fromkeys(pem for file in (*_system_roots(), *named, ca) for pem in _pems(file))
    file = bundle_file()
    try:
        paths.make_private(file.parent)
        write_file(file, ("\n".join(pems) + "\n").encode("ascii"))
    except OSError as e:
        raise PenstockError(f"{file} cannot be written: {e}") from e
    return file


def _system_roots() -> Iterable[Path]:
    known = (ssl.get_default_verify_paths().openssl_cafile, *_SYSTEM_ROOTS)
    for name in known:
        if Path(name).is_file():
            return [Path(name)]
    import certifi  # comes with mitmproxy; its list is Mozilla's

    return [Path(certifi.where())]


def _pems(file: Path) -> list[str]:
    try:
        return _PEM.findall(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []  # a variable may name a file that is gone: its owner's client would have told
