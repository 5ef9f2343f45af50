"""Whatever is written into a form or an address, the answer is a page in plain words, and never a fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service.admin.browser import Browser, token_in
from tests.service.admin.test_login import FORMS
from tests.service.admin.test_pages import OWNERS, PAGES
from tests.service.conftest import TOKEN, Service
from tests.service.gateway.teams import Team

FIELDS = (
    *("name", "scopes", "models", "expires", "grace_h", "kind", "base_url", "credential", "for_all", "allow_private"),
    *("id", "key", "requests-day", "tokens-minute", "dollars-month"),
    *("profile", "aliases", "fallbacks", "webhook"),
)
QUERIES = ("after", "key", "query", "prefix", "by", "from", "to", "ended")
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "0", "-1", "1e309", "nan", "9" * 400, "models", "anna", "keep", "http://[", "ollama", "\x00"]),
    st.dates().map(str),
)


@pytest.fixture(scope="module")
def owner(service: Service) -> Iterator[Browser]:
    with closing(Browser(service)) as browser:
        assert browser.login(TOKEN).status_code == 303
        yield browser


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    path=st.sampled_from([form for form in FORMS if not form.endswith(("fetch", "logout"))]),
    fields=st.dictionaries(st.sampled_from(FIELDS), TEXTS, max_size=8),
)
def test_any_form(owner: Browser, teams: tuple[Team, Team], path: str, fields: dict[str, str]) -> None:
    token = token_in(owner.get("/admin/workspaces"))
    answer = owner.http.post(path.format(key=teams[0].known["key"]), data={**fields, "form_token": token})
    assert answer.status_code in (303, 404), answer.text
    if answer.status_code == 303:
        page = owner.get(answer.headers["location"])
        assert page.status_code in (200, 303, 404), page.text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    path=st.sampled_from(sorted({page.split("?")[0] for page in (*PAGES, *OWNERS, "/admin/contexts/look")})),
    query=st.dictionaries(st.sampled_from(QUERIES), TEXTS, max_size=4),
)
def test_any_address(owner: Browser, path: str, query: dict[str, str]) -> None:
    answer = owner.http.get(path, params=query)
    assert answer.status_code in (200, 400, 404), answer.text
