"""Renders the admin pages from templates: `page` for a visitor who is logged in, `error_page`, and `render` for any
other; formats their numbers and times. `see` redirects after a form."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from penstock.base.format import dollars
from penstock.base.version import VERSION
from penstock.gateway.records import BILLION, Unit
from penstock_service.admin.sessions import Notice
from penstock_service.admin.visits import Visit, sessions_of

__all__ = ["HOME", "TEMPLATES", "error_page", "page", "render", "see"]

HOME = "/admin"
TEMPLATES = Path(__file__).parent / "templates"
_PAGES = (
    ("Dashboard", HOME, "GET /v1/keys"),
    ("API keys", f"{HOME}/api-keys", "GET /v1/keys"),
    ("Models", f"{HOME}/models", "GET /v1/models"),
    ("Usage", f"{HOME}/usage", "GET /v1/usage"),
    ("Contexts", f"{HOME}/contexts", "GET /v1/contexts"),
    ("Jobs", f"{HOME}/workers", "GET /v1/workers/jobs"),
    ("Audit", f"{HOME}/audit", "GET /v1/audit"),
    ("Workspaces", f"{HOME}/workspaces", "GET /v1/workspaces"),
)
"""Name, address, and the call of the API that shows the same: a page is linked for those who may make it."""


def page(visit: Visit, template: str, title: str, **values: Any) -> HTMLResponse:
    """Render a page for a logged-in visitor. It shows the message about the last form, once."""
    notice, visit.session.notice = visit.session.notice, None
    here = visit.request.url.path
    links = [
        (name, path, path == here or (path != HOME and here.startswith(f"{path}/")))
        for name, path, call in _PAGES
        if visit.may(*call.split())
    ]
    return render(
        template,
        title=title,
        visit=visit,
        links=links,
        notice=notice,
        said=_Said(notice),
        form_token=sessions_of(visit.request).form_token(visit.cookie, visit.session.workspace),
        **values,
    )


def error_page(status: int, text: str) -> HTMLResponse:
    """Render a page that says what is wrong."""
    return render("error.html", status, title="That did not work", text=text)


def render(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a template. All texts are escaped."""
    return HTMLResponse(_environment().get_template(template).render(version=VERSION, **values), status)


def see(path: str) -> RedirectResponse:
    """Redirect to `path` with a GET (303), after a form."""
    return RedirectResponse(path, 303)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"moment": _moment, "money": _money, "count": _count, "amount": _amount}
    return made


class _Said:
    """What a form that was refused had in its fields."""

    def __init__(self, notice: Notice | None) -> None:
        self._fields = notice.said if notice is not None else {}

    def __call__(self, name: str, otherwise: Any = "") -> Any:
        """The text of a field; `otherwise` where no form was refused."""
        return self._fields.get(name, [""])[0] if self._fields else otherwise

    def has(self, name: str, value: str, otherwise: bool) -> bool:
        """Whether `value` was chosen."""
        return value in self._fields.get(name, ()) if self._fields else otherwise


def _moment(at: float | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))


def _money(billionths: int) -> str:
    return dollars(billionths / BILLION)


def _count(number: int) -> str:
    return f"{number:,}"


def _amount(counted: int, unit: Unit) -> str:
    return _money(counted) if unit == "dollars" else _count(counted)
