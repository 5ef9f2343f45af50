"""What the pages show, and what their forms do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from penstock.base.errors import StoreError
from penstock.contexts.records import NewContext
from penstock.control.discovery import GATEWAY, Announcement, announce, file_beside
from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.keys import add_key, check_key, list_keys
from penstock.gateway.quotas import limits_of
from penstock.gateway.records import ALL_SCOPES, BILLION, Limit, Usage
from penstock.gateway.schema import models
from penstock.gateway.workspaces import add_workspace, find_workspace
from penstock.jobs.runner import JobRunner
from tests.service.admin.browser import Browser, secret_in
from tests.service.conftest import TOKEN, Service
from tests.service.gateway.conftest import Lister
from tests.service.gateway.teams import Team, store_of

PAGES = (
    "/admin",
    "/admin/api-keys",
    "/admin/models",
    "/admin/usage",
    "/admin/usage?by=key",
    "/admin/usage?by=model",
    "/admin/usage?by=provider",
    "/admin/usage?by=session",
    "/admin/usage.csv?by=key",
    "/admin/contexts",
    "/admin/contexts?query=plan",
    "/admin/audit",
)
OWNERS = ("/admin/workers", "/admin/workspaces", "/admin/workspaces/settings")


def test_a_key_sees_its_own_workspace_alone(teams: tuple[Team, Team], browse: Callable[[str], Browser]) -> None:
    """On every page, and whatever it names."""
    for mine, other in (teams, teams[::-1]):
        browser = browse(mine.secret)
        texts = {path: browser.get(path).text for path in PAGES}
        for path, text in texts.items():
            assert not [mark for mark in other.marks if mark in text], path
        assert mine.word in texts["/admin/contexts"]
        assert mine.word in texts["/admin/api-keys"]
        for path in OWNERS:
            answer = browser.get(path)
            assert (answer.status_code, other.name in answer.text) == (403, False)
        assert browser.get(f"/admin/api-keys/{other.known['key']}").status_code == 404
        assert browser.get(f"/admin/contexts/look?key={other.word}-plan").status_code == 404
        for verb in ("change", "rotate", "revoke"):
            answer = browser.send("/admin", f"/admin/api-keys/{other.known['key']}/{verb}", name="x", scopes="models")
            assert (answer.status_code, other.name in answer.text) == (404, False), verb
        for path in ("/admin/models/delete", "/admin/models/fetch", "/admin/models/add"):
            assert browser.send("/admin", path, id=other.known["provider"]).status_code == 403
        assert browser.send("/admin", "/admin/workspaces/switch", name=other.name).status_code == 403
        assert browser.send("/admin", "/admin/workspaces/settings/change", redact="yes").status_code == 403
        assert browser.send("/admin", "/admin/contexts/delete", key=f"{other.word}-plan").status_code == 303
        assert "there is no context" in browser.get("/admin/contexts").text


def test_a_key_sees_what_its_scopes_let_it(service: Service, browse: Callable[[str], Browser]) -> None:
    """A key that manages keys alone reads no contexts and no figures here either."""
    secret = add_key(store_of(service), "default", "manager", "owner", scopes=["admin"])[1]
    browser = browse(secret)
    assert "figures are not shown" in browser.get("/admin").text
    for path in ("/admin/contexts", "/admin/contexts/look?key=x", "/admin/usage", "/admin/usage.csv", "/admin/models"):
        assert browser.get(path).status_code == 403, path
    assert 'href="/admin/contexts"' not in browser.get("/admin").text
    assert browser.get("/admin/api-keys").status_code == 200


def test_a_key_is_shown_once(service: Service, owner: Browser) -> None:
    """With what clients want; then nowhere, neither on a page nor in a list of changes."""
    fields = {
        "name": "ada",
        "scopes": ["models", "usage"],
        "models": "a/*\n b c \n\n",
        "expires": "7",
        "dollars-month": "2.5",
    }
    answer = owner.send("/admin/api-keys", "/admin/api-keys/add", **fields, **{"requests-minute": "60"})
    assert answer.headers["location"] == "/admin/api-keys/new"
    shown = owner.get("/admin/api-keys/new").text
    secret = secret_in(shown)
    key = check_key(store_of(service), secret)
    assert (key.name, key.scopes, key.models) == ("ada", ("models", "usage"), ("a/*", "b c"))
    assert key.expires_at == service.clock.now() + 7 * 86_400
    wanted = [Limit("minute", "requests", 60), Limit("month", "dollars", 2_500_000_000)]
    assert limits_of(store_of(service), f"key:{key.id}") == wanted
    for line in ("ANTHROPIC_BASE_URL=http://127.0.0.1:8090", 'env_key = "PENSTOCK_KEY"', "OpenAI(base_url="):
        assert line in shown.replace("&#34;", '"')
    assert owner.get("/admin/api-keys/new").status_code == 303
    for page in ("/admin/api-keys", f"/admin/api-keys/{key.id}", "/admin/audit"):
        assert secret not in owner.get(page).text


def test_a_new_key_is_shown_with_the_port_of_the_running_gateway(service: Service, owner: Browser) -> None:
    store = store_of(service).path
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port, up = proxy.getsockname()[1], {GATEWAY: "http://127.0.0.1:8290"}
        announce(
            Announcement(os.getpid(), "127.0.0.1", port, "safe", str(store), "", 1.0, up),
            file_beside(store, os.getpid()),
        )
        owner.send("/admin/api-keys", "/admin/api-keys/add", name="ada", scopes="models")
        assert "ANTHROPIC_BASE_URL=http://127.0.0.1:8290" in owner.get("/admin/api-keys/new").text


def test_a_key_is_changed_rotated_and_revoked(service: Service, owner: Browser) -> None:
    store = store_of(service)
    old = owner.new_key(name="bob", scopes="models", **{"tokens-day": "10"})
    id = check_key(store, old).id
    page = f"/admin/api-keys/{id}"
    changed = owner.send(page, f"{page}/change", name="bobby", scopes=["usage"], expires="keep", **{"tokens-day": ""})
    assert changed.headers["location"] == page
    key = check_key(store, old)
    assert (key.name, key.scopes, limits_of(store, f"key:{id}")) == ("bobby", ("usage",), [])
    assert owner.send(page, f"{page}/rotate", grace_h="1").status_code == 303
    new = secret_in(owner.get("/admin/api-keys/new").text)
    assert check_key(store, new).id == check_key(store, old).id == id
    assert owner.send(page, f"{page}/revoke").headers["location"] == "/admin/api-keys"
    assert "bobby was revoked" in owner.get("/admin/api-keys").text
    assert "cannot come back" in owner.get(page).text


def test_who_rotates_the_key_of_the_login_sees_the_new_one(service: Service, browse: Callable[[str], Browser]) -> None:
    """And stays; another session with the old key ends."""
    key, secret = add_key(store_of(service), "default", "self", "owner", scopes=ALL_SCOPES)
    here, there = browse(secret), browse(secret)
    page = f"/admin/api-keys/{key.id}"
    here.send(page, f"{page}/rotate", grace_h="0")
    new = secret_in(here.get("/admin/api-keys/new").text)
    assert check_key(store_of(service), new).id == key.id
    assert there.get("/admin").headers["location"] == "/admin/login?ended=1"
    assert "will be logged out" in here.get(page).text
    here.send(page, f"{page}/revoke")
    assert here.get("/admin/api-keys").headers["location"] == "/admin/login?ended=1"


def test_a_form_that_is_refused_says_why_and_is_filled_in_again(service: Service, owner: Browser) -> None:
    count = len(list_keys(store_of(service), "default"))
    wrong = (
        ({"name": "no spaces"}, "1 to 80 letters"),
        ({"name": "fine", "dollars-day": "much"}, "is no number"),
        ({"name": "fine", "dollars-day": "-1"}, "an amount from 0"),
        ({"name": "fine", "dollars-day": "nan"}, "an amount from 0"),
        ({"name": "fine", "expires": "soon"}, "is no whole number"),
        ({"name": "fine", "scopes": "everything"}, "is none"),
    )
    for fields, why in wrong:
        answer = owner.send(
            "/admin/api-keys", "/admin/api-keys/add", **{"scopes": "models", "models": "kept/*", **fields}
        )
        assert answer.headers["location"] == "/admin/api-keys"
        page = owner.get("/admin/api-keys").text
        assert why in page
        assert f'value="{fields["name"]}"' in page
        assert ">kept/*</textarea>" in page
        assert why not in owner.get("/admin/api-keys").text, "said once"
    assert len(list_keys(store_of(service), "default")) == count


def test_providers_are_added_fetched_and_deleted(service: Service, owner: Browser, lister: Lister) -> None:
    fields = {"name": "box", "kind": "openai-compatible", "base_url": lister.url, "credential": "secret-canary"}
    answer = owner.send("/admin/models", "/admin/models/add", **fields)
    assert answer.headers["location"] == "/admin/models"
    page = owner.get("/admin/models").text
    assert "only https is asked" in page
    assert "secret-canary" not in page
    owner.send("/admin/models", "/admin/models/add", **fields, allow_private="1")
    page = owner.get("/admin/models").text
    assert "encrypted" in page
    assert "secret-canary" not in page
    id = page.split('action="/admin/models/fetch"')[1].split('name="id" value="')[1].split('"')[0]
    owner.send("/admin/models", "/admin/models/fetch", id=id)
    page = owner.get("/admin/models").text
    assert "box serves 2 models" in page
    assert "box/large" in page
    lister.answer = b"no list"
    owner.send("/admin/models", "/admin/models/fetch", id=id)
    page = owner.get("/admin/models").text
    assert "something else than a list of models" in page
    assert "box/large" in page, "what was kept stays"
    owner.send("/admin/models", "/admin/models/delete", id=id)
    assert "box was deleted" in owner.get("/admin/models").text
    assert "box/large" not in owner.get("/admin/models").text


def test_contexts_are_found_looked_at_and_deleted_and_sealed_ones_stay_sealed(service: Service, owner: Browser) -> None:
    with service.contexts.write("default", "test") as writer:
        writer.put("plans/spring", NewContext({"what": "sow the heron field"}, tags=("farm",)), None)
        writer.put("plans/hidden", NewContext({"what": "sealed-canary"}, seal=True), None)
    assert "plans/spring" in owner.get("/admin/contexts?query=heron").text
    assert "plans/hidden" in owner.get("/admin/contexts?prefix=plans/h").text
    assert "sow the heron field" in owner.get("/admin/contexts/look?key=plans/spring").text
    sealed = owner.get("/admin/contexts/look?key=plans/hidden").text
    assert "sealed-canary" not in sealed
    assert "not shown on a page" in sealed
    owner.send("/admin", "/admin/contexts/delete", key="plans/spring")
    assert "plans/spring was deleted" in owner.get("/admin/contexts").text
    assert owner.get("/admin/contexts/look?key=plans/spring").status_code == 410


def test_usage_is_shown_by_day_and_as_csv(service: Service, teams: tuple[Team, Team], owner: Browser) -> None:
    owner.send("/admin/workspaces", "/admin/workspaces/switch", name="alder")
    dashboard = owner.get("/admin").text
    assert "kestrel-provider/kestrel-model" in dashboard
    assert "$1.00" in dashboard
    assert dashboard.count('<rect class="column"') >= 60
    assert "kestrel-key" in owner.get("/admin/usage?by=key").text
    csv = owner.get("/admin/usage.csv?by=model")
    assert csv.headers["content-type"].startswith("text/csv")
    assert "kestrel-provider/kestrel-model" in csv.text
    assert "Nothing was used" in owner.get("/admin/usage?from=2020-01-01&to=2020-01-02").text
    for query in ("by=colour", "from=yesterday"):
        answer = owner.get(f"/admin/usage?{query}")
        assert (answer.status_code, "The address of this page" in answer.text) == (400, True)


def test_jobs_are_shown_and_cancelled(service: Service, owner: Browser) -> None:
    """Queues have a line also without a job."""
    jobs = service.app.state.jobs
    job, _ = jobs.jobs.add("default", "prune", {}, run_after=service.clock.now() + 1e6)
    page = owner.get("/admin/workers").text
    assert all(f'<th scope="row">{name}</th>' in page for name in jobs.kinds.queues)
    owner.send("/admin/workers", "/admin/workers/cancel", id=str(job.id))
    assert f"Job {job.id} is cancelled" in owner.get("/admin/workers").text
    for wrong in ("x", "", "9" * 30, "987654"):
        assert owner.send("/admin/workers", "/admin/workers/cancel", id=wrong).status_code == 303
        assert 'class="notice error"' in owner.get("/admin/workers").text


def test_a_page_says_that_jobs_are_not_run(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No jobs are run" not in owner.get("/admin/workers").text
    monkeypatch.setattr(JobRunner, "is_up", False)
    assert "No jobs are run" in owner.get("/admin/workers").text


def test_the_owner_makes_workspaces_and_switches(service: Service, owner: Browser) -> None:
    owner.send("/admin/workspaces", "/admin/workspaces/add", name="fresh")
    owner.send("/admin/workspaces", "/admin/workspaces/switch", name="fresh")
    assert "Make a key" in owner.get("/admin").text, "an empty page says the next step"
    secret = owner.new_key(name="first", scopes="models")
    assert check_key(store_of(service), secret).workspace == "fresh"
    assert "key added" in owner.get("/admin/audit").text
    assert owner.send("/admin/workspaces", "/admin/workspaces/switch", name="nowhere").status_code == 404


def test_settings_and_limits_of_a_workspace_are_changed(service: Service, owner: Browser) -> None:
    """What was written is in the fields again; an empty field is the default again, and a line that is none is said."""
    here, send = "/admin/workspaces/settings", "/admin/workspaces/settings/change"
    store = store_of(service)
    add_workspace(store, "set", "owner")
    owner.send("/admin/workspaces", "/admin/workspaces/switch", name="set")
    fields = {
        "profile": "default",
        "redact": "yes",
        "aliases": "fast = anthropic/claude-haiku-4-5\nbig=openai/gpt-5.5",
        "webhook": "https://hooks.example/limits",
        "dollars-month": "20",
    }
    assert owner.send(here, send, **fields).headers["location"] == here
    found = find_workspace(store, "set").settings
    assert found.model_dump(exclude_unset=True) == {
        "profile": "default",
        "redact": True,
        "aliases": {"fast": "anthropic/claude-haiku-4-5", "big": "openai/gpt-5.5"},
        "webhook": "https://hooks.example/limits",
    }
    assert limits_of(store, "workspace:set") == [Limit("month", "dollars", 20 * BILLION)]
    shown = owner.get(here).text
    assert "set was changed" in shown
    assert "big = openai/gpt-5.5" in shown
    owner.send(here, send, **{**fields, "aliases": "fast anthropic"})
    refused = owner.get(here).text
    assert "is not `name = model`" in refused
    assert "fast anthropic" in refused
    assert find_workspace(store, "set").settings == found
    owner.send(here, send)
    assert find_workspace(store, "set").settings.model_dump(exclude_unset=True) == {}
    assert limits_of(store, "workspace:set") == []


def test_hostile_names_are_texts(service: Service, browse: Callable[[str], Browser]) -> None:
    """What clients and providers may call things is never a part of a page."""
    store, evil = store_of(service), "<script>alert(1)</script>'\"><b>"
    add_workspace(store, "hostile", "owner")
    key, secret = add_key(store, "hostile", "h", "owner", scopes=ALL_SCOPES, models=[evil])
    call = Call("evil", "hostile", key.id, "p", evil, evil, 1, 1, 2, 2)
    hold(store, call)
    settle(store, call.id, Usage(input=5, dollars=BILLION), evil)
    owner = browse(TOKEN)
    owner.send("/admin/workspaces", "/admin/workspaces/switch", name="hostile")
    owner.send(
        "/admin/models", "/admin/models/add", name="p", kind="openai-compatible", base_url="https://example.com/a"
    )
    with store.writing() as db:
        id = owner.get("/admin/models").text.split('name="id" value="')[1].split('"')[0]
        db.execute(models.insert().values(provider=id, name=evil, entry={}, at=1.0))
    with service.contexts.write("hostile", evil) as writer:
        writer.put("k", NewContext({evil: f"word {evil}"}, tags=(evil,)), None)
    for browser in (owner, browse(secret)):
        for path in (*PAGES, f"/admin/api-keys/{key.id}", "/admin/contexts/look?key=k", "/admin/contexts?query=word"):
            text = browser.get(path).text
            assert ".csv" in path or "<script" not in text, path
        for path in ("/admin/contexts/look", "/admin/contexts", "/admin/usage"):
            answer = browser.http.get(path, params={"key": evil, "query": evil, "by": evil})
            assert "<script" not in answer.text
        browser.send("/admin", "/admin/api-keys/add", name=evil, models=evil, scopes=evil)
        assert "<script" not in browser.get("/admin/api-keys").text


def test_errors_are_pages_in_plain_words(owner: Browser) -> None:
    for path, status, text in (
        ("/admin/nothing", 404, "There is no such page"),
        ("/admin/api-keys/unknown", 404, "there is no key"),
        ("/admin/contexts/look?key=unknown", 404, "there is no context"),
        ("/admin/api-keys/x/revoke", 405, "another kind of request"),
    ):
        answer = owner.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert text in answer.text


def test_a_store_that_is_down_is_a_page(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **_more: object) -> None:
        raise StoreError("gateway.db cannot be read: the disk is gone")

    monkeypatch.setattr("penstock_service.admin.visits.find_workspace", broken)
    answer = owner.get("/admin/audit")
    assert (answer.status_code, "the disk is gone" in answer.text) == (503, True)


def test_a_fault_is_a_page_that_tells_nothing(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **_more: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("penstock_service.admin.audit.audit_page", broken)
    answer = owner.get("/admin/audit")
    assert (answer.status_code, "canary" in answer.text) == (500, False)
    assert "its log says more" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
