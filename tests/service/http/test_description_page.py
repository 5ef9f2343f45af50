"""`/docs`."""

from __future__ import annotations

import re

import httpx

from tests.service.conftest import Service


def test_is_a_page_with_every_call_that_loads_nothing(service: Service) -> None:
    """Without a token, for it is the same everywhere; without scripts; links lead to parts of itself."""
    page = httpx.get(f"{service.url}/docs", trust_env=False, timeout=60)
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page.text)
    with service.http() as http:
        described = http.get("/openapi.json").json()
    for path, calls in described["paths"].items():
        for method in calls:
            assert f"<b>{method.upper()}</b> <code>{path}</code>" in page.text
    for name in re.findall(r'href="#(\w+)"', page.text):
        assert f'id="{name}"' in page.text


def test_is_asked_for_by_this_host_alone(service: Service) -> None:
    found = httpx.get(f"{service.url}/docs", headers={"host": "elsewhere.example"}, trust_env=False, timeout=60)
    assert found.status_code == 421
