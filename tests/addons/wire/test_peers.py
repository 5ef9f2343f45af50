"""Who is answered, in each mode that a proxy can have."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy.addons.proxyauth import ProxyAuth
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

from penstock_addons.wire.options import ProxyOptions
from penstock_addons.wire.peers import TOLD, Peers

STRANGER = "192.0.2.7"


class Wire:
    def __init__(self, tctx: Any, options: ProxyOptions) -> None:
        self.peers, self._tctx, self._options = Peers(options), tctx, options

    def set(self, **options: Any) -> None:
        self._tctx.configure(self._options, **options)

    def answers(self, address: str, mode: str = "regular") -> bool:
        client = tflow.tclient_conn()
        client.peername, client.proxy_mode, client.error = (address, 4711), ProxyMode.parse(mode), None
        self.peers.client_connected(client)
        return client.error is None


@pytest.fixture
def wire() -> Iterator[Wire]:
    options = ProxyOptions()
    with taddons.context(ProxyAuth(), options) as tctx:  # type: ignore[no-untyped-call]
        yield Wire(tctx, options)
        tctx.master.event_loop.close()  # made for this context, as no loop runs


MODES = ["regular", "upstream:http://proxy.test", "reverse:https://llm.test", "reverse:tcp://a.test:1", "socks5", "dns"]


@pytest.mark.parametrize("mode", MODES)
def test_this_machine_is_answered(wire: Wire, mode: str) -> None:
    """By every address it has for itself."""
    assert all(wire.answers(address, mode) for address in ("127.0.0.1", "127.1.1.1", "::1", "::ffff:127.0.0.1"))


@pytest.mark.parametrize("mode", [*MODES, "transparent"])
@pytest.mark.parametrize("address", [STRANGER, "10.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "2001:db8::1"])
def test_others_are_not(wire: Wire, mode: str, address: str) -> None:
    """Neither those of the same network; unless a person said so."""
    assert not wire.answers(address, mode)
    wire.set(penstock_allow_remote=True)
    assert wire.answers(address, mode)


@pytest.mark.parametrize(("mode", "asks"), list(zip(MODES, [True, True, True, False, True, False], strict=True)))
def test_a_login_protects_where_it_is_asked_for(wire: Wire, mode: str, asks: bool) -> None:
    """Raw connections and name servers have none."""
    wire.set(proxyauth="ines:secret")
    assert wire.answers(STRANGER, mode) is asks


@pytest.mark.parametrize("mode", ["wireguard", "local"])
def test_modes_of_this_machines_own_are_left_alone(wire: Wire, mode: str) -> None:
    """Their peers have a key, or are programs of this machine."""
    assert wire.answers(STRANGER, mode)


def test_strangers_do_not_fill_the_log(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Each is named once, and no more than a few of them."""
    caplog.set_level(logging.WARNING)
    for n in range(3 * TOLD):
        assert not wire.answers(f"192.0.{n >> 8}.{n & 255}")
        assert not wire.answers(f"192.0.{n >> 8}.{n & 255}")
    assert len(caplog.records) == TOLD
