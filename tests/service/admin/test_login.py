"""Who gets in to the pages, for how long, and what a browser is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import httpx
import pytest

from penstock.gateway.audit_log import audit_page
from penstock.gateway.keys import add_key, change_key, revoke_key, rotate_key
from penstock.gateway.records import ALL_SCOPES, DEFAULT_SCOPES
from penstock_service.admin.sessions import LASTS_S
from tests.service.admin.browser import Browser, token_in
from tests.service.conftest import TOKEN, Service
from tests.service.gateway.teams import Team, store_of

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


def check_headers(answer: httpx.Response) -> None:
    found = {name: answer.headers.get(name) for name in HEADERS}
    assert found == HEADERS, answer.url


def test_every_answer_keeps_the_browser_to_itself(owner: Browser, service: Service) -> None:
    """Pages, errors, redirects and the style alike."""
    for path in ("/admin", "/admin/admin.css", "/admin/nothing", "/admin/usage?by=wrong", "/admin/usage.csv"):
        check_headers(owner.get(path))
    with closing(Browser(service)) as nobody:
        check_headers(nobody.get("/admin"))
        check_headers(nobody.get("/admin/login"))


def test_nobody_sees_a_page_without_a_login(service: Service) -> None:
    """Nor with a token of the API in a header: no other site's form can send it, and none is asked for here."""
    with closing(Browser(service, authorization=f"Bearer {TOKEN}")) as nobody:
        for path in ("/admin", "/admin/api-keys", "/admin/usage.csv", "/admin/contexts/look?key=x"):
            answer = nobody.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login")
        answer = nobody.http.post("/admin/api-keys/add", data={"name": "x"})
        assert answer.headers["location"] == "/admin/login"


def test_a_login_is_in_the_audit_log(service: Service, teams: tuple[Team, Team]) -> None:
    """With who it was, in their workspace; a try that failed writes no row."""
    mine, store = teams[0], store_of(service)
    with closing(Browser(service)) as browser:
        assert browser.login(f"{mine.secret}x").status_code == 401
        before = len(audit_page(store, None, limit=500)[0])
        assert browser.login(mine.secret).status_code == 303
    lines = audit_page(store, mine.name, limit=500)[0]
    assert (lines[0].did, lines[0].by) == ("logged in", f"{mine.word}-key")
    assert len(audit_page(store, None, limit=500)[0]) == before + 1


def test_the_cookie_is_for_the_pages_alone(service: Service) -> None:
    """No script, no other site and no other path has it, and it says nothing of the key."""
    with closing(Browser(service)) as browser:
        set_cookie = browser.login(TOKEN).headers.get_list("set-cookie")[0].lower()
        assert set_cookie.startswith("penstock_admin=")
        assert {"httponly", "samesite=strict", "path=/admin"} <= set(set_cookie.split("; "))
        assert "secure" not in set_cookie.split("; ")
        assert TOKEN not in set_cookie
    with closing(Browser(service, **{"x-forwarded-proto": "https"})) as behind:
        page = behind.get("/admin/login")
        cookie = {"cookie": page.headers["set-cookie"].split(";")[0]}  # the client keeps no secure one of plain HTTP
        answer = behind.http.post("/admin/login", data={"form_token": token_in(page), "key": TOKEN}, headers=cookie)
        assert "; secure" in answer.headers.get_list("set-cookie")[0].lower()


def test_a_session_ends_after_eight_hours_and_by_logging_out(
    service: Service, browse: Callable[[str], Browser]
) -> None:
    one, other = browse(TOKEN), browse(TOKEN)
    cookie = one.http.cookies["penstock_admin"]
    assert one.send("/admin", "/admin/logout").headers["location"] == "/admin/login"
    one.http.cookies.set("penstock_admin", cookie, path="/admin")
    assert one.get("/admin").status_code == 303, "what somebody kept of it is good for nothing"
    service.clock.at += LASTS_S - 1
    assert other.get("/admin").status_code == 200
    service.clock.at += 1
    assert other.get("/admin").headers["location"] == "/admin/login?ended=1"


@pytest.mark.parametrize("end", ["revoke", "rotate", "narrow"])
def test_a_session_ends_with_its_key(service: Service, browse: Callable[[str], Browser], end: str) -> None:
    store = store_of(service)
    key, secret = add_key(store, "default", f"ends-by-{end}", "owner", scopes=ALL_SCOPES)
    browser = browse(secret)
    assert browser.get("/admin").status_code == 200
    if end == "revoke":
        revoke_key(store, "default", key.id, "owner")
    elif end == "rotate":
        rotate_key(store, "default", key.id, "owner", grace_s=60)
    else:
        change_key(store, "default", key.id, "owner", scopes=DEFAULT_SCOPES)
    assert browser.get("/admin").headers["location"] == "/admin/login?ended=1"


def test_only_keys_with_the_scope_admin_get_in(service: Service) -> None:
    secret = add_key(store_of(service), "default", "plain", "owner")[1]
    with closing(Browser(service)) as browser:
        for key, why in ((secret, "admin"), ("pst_unknown", "not known"), ("", "pst_"), ("\N{SNOWMAN}", "pst_")):
            answer = browser.login(key)
            assert (answer.status_code, "penstock_admin" in browser.http.cookies) == (401, False)
            assert why in answer.text


def test_logins_are_limited(service: Service) -> None:
    """Ten that fail in a minute; then a good key waits, too."""
    service.clock.at += 60
    with closing(Browser(service)) as browser:
        for _ in range(10):
            assert browser.login("pst_wrong").status_code == 401
        answer = browser.login(TOKEN)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "wait a minute" in answer.text
        service.clock.at += 60
        assert browser.login(TOKEN).status_code == 303


def test_a_login_form_counts_for_its_own_browser(service: Service) -> None:
    """Else another site could log somebody in to a session of its own."""
    with closing(Browser(service)) as one, closing(Browser(service)) as other:
        token = one.token("/admin/login")
        for cookie in ({}, {"cookie": "penstock_login="}, {"cookie": "penstock_login=made-up"}):
            answer = other.http.post("/admin/login", data={"form_token": token, "key": TOKEN}, headers=cookie)
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


FORMS = (
    "/admin/api-keys/add",
    "/admin/api-keys/{key}/change",
    "/admin/api-keys/{key}/rotate",
    "/admin/api-keys/{key}/revoke",
    "/admin/models/add",
    "/admin/models/delete",
    "/admin/models/fetch",
    "/admin/contexts/delete",
    "/admin/workers/cancel",
    "/admin/workspaces/add",
    "/admin/workspaces/switch",
    "/admin/workspaces/settings/change",
    "/admin/logout",
)


def test_no_form_is_taken_without_the_token_of_its_session(
    service: Service, teams: tuple[Team, Team], browse: Callable[[str], Browser]
) -> None:
    """Neither without one, nor with that of another login, nor with one of a page about another workspace."""
    owner, other = browse(TOKEN), browse(TOKEN)
    old = owner.token("/admin")
    theirs = other.token("/admin")
    assert owner.send("/admin/workspaces", "/admin/workspaces/switch", name="alder").status_code == 303
    for path in FORMS:
        for token in (None, "", "0" * 64, theirs, old):
            data = {} if token is None else {"form_token": token}
            fields = {"name": "x", "id": teams[0].known["provider"], "key": "shared"}
            answer = owner.http.post(path.format(key=teams[0].known["key"]), data={**data, **fields})
            assert answer.status_code == 403, f"{path} with {token!r}"
            assert "Nothing was changed" in answer.text
    assert set(FORMS) == {path.replace("{id}", "{key}") for path in posts(service)}


def posts(service: Service) -> set[str]:
    """All forms there are, but that of the login."""
    pages = next(route for route in service.app.routes if getattr(route, "path", "") == "/admin")
    routes = pages.app._app.routes  # type: ignore[attr-defined]
    found = {
        route.path
        for one in routes
        for route in getattr(getattr(one, "original_router", None), "routes", [one])
        if "POST" in (getattr(route, "methods", None) or ())
    }
    prefixed = {path if path.startswith("/admin") else f"/admin{path}" for path in found}
    return prefixed - {"/admin/login"}


def test_a_form_that_is_too_large_is_refused(owner: Browser) -> None:
    assert owner.send("/admin", "/admin/api-keys/add", name="x" * 300_000).status_code == 403
    answer = owner.http.post("/admin/api-keys/add", content=iter([b"form_token=x"]))
    assert answer.status_code == 403
