"""What a key needs for a path: nothing is let in that is not named."""

from __future__ import annotations

import pytest

from penstock_service.http.scopes import needed


@pytest.mark.parametrize(
    "path",
    [
        "/v1/contexts-of-all",
        "/v1/itemsx",
        "/v1/export",
        "//v1/contexts",
        "/v1/keys\n/x/",
        "/V1/contexts",
        "/v1/batch/x",
        "/metrics/x",
        "",
    ],
)
def test_what_is_not_named_is_the_owners(path: str) -> None:
    assert needed("GET", path) is None


def test_the_method_counts_where_reading_takes_less() -> None:
    assert needed("GET", "/v1/quotas/key:1") == "usage"
    assert needed("PUT", "/v1/quotas/key:1") == "admin"
    assert needed("POST", "/v1/quotas/key:1/raise") == "admin"
    assert needed("DELETE", "/v1/models/a") is None
    assert needed("POST", "/v1/workers/sync/models") is None
