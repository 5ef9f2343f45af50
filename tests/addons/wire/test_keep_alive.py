"""Which requests are sent once more: by whose account, within which limits, by which way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

from penstock.budget.provider_limits import RateLimitInfo
from penstock_addons.wire.keep_alive import _has_spare, _takes_another_way


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (RateLimitInfo("requests", limit=100, remaining=50), True),
        (RateLimitInfo("requests", limit=100, remaining=10), False),
        (RateLimitInfo("5h", used=0.5), True),
        (RateLimitInfo("5h", used=0.9), False),
        (RateLimitInfo("retry-after", remaining=0), False),
    ],
)
def test_a_keep_alive_request_takes_spare_rate_only(limit: RateLimitInfo, expected: bool) -> None:
    """A fifth of each limit is left for the client."""
    assert _has_spare([RateLimitInfo("tokens", limit=100, remaining=100), limit]) is expected


@pytest.fixture
def options() -> Iterator[taddons.context]:
    with taddons.context() as context:  # type: ignore[no-untyped-call]
        yield context
        context.master.event_loop.close()  # made for this context, as no loop runs


@pytest.mark.parametrize(
    ("modes", "own", "expected"),
    [
        (["regular"], "regular", False),
        (["upstream:http://proxy:1"], "upstream:http://proxy:1", False),
        (["regular", "upstream:http://proxy:1"], "upstream:http://proxy:1", True),
        (["regular", "upstream:http://proxy:1"], "regular", False),
    ],
)
def test_a_replay_that_would_pass_the_upstream_proxy_by_is_not_sent(
    options: taddons.context, modes: list[str], own: str, expected: bool
) -> None:
    """With the client's credentials it goes by the client's way, or not at all."""
    options.options.update(mode=modes)
    flow = tflow.tflow()
    flow.client_conn.proxy_mode = ProxyMode.parse(own)
    assert _takes_another_way(flow) is expected
