"""Which requests are billed for each token."""

from __future__ import annotations

import pytest

from penstock.identify.login import is_login


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-api-key": "sk-ant-api03-dummy"}, False),
        ({"authorization": "Bearer sk-dummy"}, False),
        ({"authorization": "Bearer sk-ant-api03-dummy"}, False),
        ({"authorization": "Bearer sk-ant-oat01-dummy"}, True),
        ({"authorization": "Bearer eyJhbGciOi.dummy.dummy"}, True),
        ({"authorization": "Basic ZHVtbXk="}, False),
        ({}, False),
    ],
)
def test_a_login_is_a_bearer_token_that_is_no_api_key(headers: dict[str, str], expected: bool) -> None:
    """Of Claude and of ChatGPT."""
    assert is_login(headers) is expected
