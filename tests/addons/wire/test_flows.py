"""What is read of a flow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.http import Headers

from penstock_addons.wire.flows import by_name

NAMES = st.sampled_from([b"Host", b"host", b"Accept", b"X-\xffy", b"set-cookie"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=5))))
def test_headers_by_name_are_those_that_mitmproxy_finds_by_it(fields: list[tuple[bytes, bytes]]) -> None:
    headers = Headers(fields)

    assert by_name(headers) == {name.lower(): headers[name] for name in headers}
