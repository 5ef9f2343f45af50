"""A connection to `tls://…` is encrypted, or there is none. The servers are real ones."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock_plugins.memory.nats_client import connect_to_nats
from tests.brokers import NatsBroker, program

pytestmark = pytest.mark.slow


def ask(url: str) -> bytes:
    """What a program that hears the same connection answers."""

    async def asked() -> bytes:
        client = await connect_to_nats(url, connect_timeout=10)
        try:
            heard = await client.subscribe("there")
            await client.publish("there", b"yes")
            return bytes((await heard.next_msg(timeout=10)).data)
        finally:
            await client.close()

    return asyncio.run(asked())


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NatsBroker]:
    """A server that asks for TLS, with a certificate that is trusted here."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    broker = NatsBroker(tmp_path / "nats", "--tls", "--tlscert", str(certificate), "--tlskey", str(key))
    broker.start()
    yield broker
    broker.kill()


def test_a_server_without_tls_is_told_nothing(nats_broker: NatsBroker) -> None:
    """P6: neither a password nor a question leaves in the clear where TLS was asked for."""
    with pytest.raises(ConnectionError, match="asks for no TLS"):
        ask(nats_broker.url.replace("nats://", "tls://ada:secret@"))
    assert ask(nats_broker.url) == b"yes"


def test_a_server_with_tls_is_spoken_to_with_tls(encrypted: NatsBroker) -> None:
    assert ask(encrypted.url.replace("nats://", "tls://")) == b"yes"
