"""The certificate authority, and the bundle that clients trust it by."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from penstock.base.errors import PenstockError
from penstock_addons.cli import certificate_authority


def _subjects(bundle: Path) -> list[object]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundle)
    return [ca["subject"] for ca in context.get_ca_certs()]


def test_is_made_when_there_is_none(tmp_path: Path) -> None:
    """In the folder asked for, once; the certificate that is given out holds no key."""
    ca = certificate_authority.ensure(tmp_path / "conf")
    first = ca.read_bytes()
    assert b"PRIVATE KEY" not in first
    assert certificate_authority.ensure(tmp_path / "conf").read_bytes() == first


def test_says_that_it_cannot_be_used(tmp_path: Path) -> None:
    """A damaged one is named, with what to do."""
    (tmp_path / "mitmproxy-ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(PenstockError, match="Move that folder away"):
        certificate_authority.ensure(tmp_path)


def test_the_bundle_holds_the_roots_of_the_system_and_ours(confdir: Path) -> None:
    """OpenSSL reads it, and knows our certificate besides those it knew."""
    bundle = certificate_authority.write_bundle(certificate_authority.certificate(confdir), {})
    ours = _subjects(certificate_authority.certificate(confdir))
    assert len(ours) == 1
    assert ours[0] in _subjects(bundle)
    assert len(_subjects(bundle)) > 20


def test_the_bundle_holds_the_roots_a_person_named(confdir: Path, tmp_path: Path) -> None:
    """A company's, for instance. Named again, our own bundle among them, nothing is in it twice."""
    company = certificate_authority.ensure(tmp_path / "company")
    named = {"NODE_EXTRA_CA_CERTS": str(company), "SSL_CERT_FILE": "/no/such/file"}
    bundle = certificate_authority.write_bundle(certificate_authority.certificate(confdir), named)
    text = bundle.read_text(encoding="ascii")
    assert company.read_text(encoding="ascii").strip() in text
    again = certificate_authority.write_bundle(
        certificate_authority.certificate(confdir), named | {"SSL_CERT_FILE": str(bundle)}
    )
    assert again.read_text(encoding="ascii") == text
