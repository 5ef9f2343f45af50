"""`Visit`: one request for an admin page, with who makes it, what that one may do, and the checked form that it sends.
The pages get it as the FastAPI dependency `Visits`. A form that no page of this login made, or of more than 256 KB, is
refused (`check_form`, `BadForm`); a page for the owner alone raises `NotAllowed`."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import ImmutableMultiDict

from penstock.base.errors import NotFound, PenstockError
from penstock.gateway.admit import check_scope
from penstock.gateway.database import DEFAULT_WORKSPACE
from penstock.gateway.errors import NotAllowed
from penstock.gateway.workspaces import find_workspace
from penstock_service.admin.sessions import Notice, Session, Sessions
from penstock_service.gateway.calls import GatewayCall
from penstock_service.http.route_dependencies import Parts, PartsOf
from penstock_service.http.scopes import ANY, needed

__all__ = ["COOKIE", "BadForm", "FormOf", "Visit", "Visits", "check_form", "sessions_of"]

COOKIE = "penstock_admin"
_MOST_BYTES = 256 << 10
_MOST_FIELDS = 500


class BadForm(PenstockError):
    """A form that was not sent from an admin page of this login."""


@dataclass(frozen=True)
class Visit:
    """A request of somebody who is logged in. `form`: what a POST sends, checked to come from a page of this login."""

    request: Request
    parts: Parts
    cookie: str
    session: Session
    call: GatewayCall
    form: ImmutableMultiDict[str, str]

    @property
    def is_owner(self) -> bool:
        """Whether the owner's token was used to log in."""
        return self.call.key is None

    def may(self, method: str, path: str) -> bool:
        """Whether the caller may make this call of the API: the pages show what its answers would."""
        try:
            self.check(method, path)
        except NotAllowed:
            return False
        return True

    def check(self, method: str, path: str) -> None:
        """Raises `NotAllowed` if the caller may not make this call of the API."""
        if self.call.key is None:
            return
        scope = needed(method, path)
        if scope is None:
            raise NotAllowed("This page takes the owner's token.")
        if scope != ANY:
            check_scope(self.call.key, scope)

    def text(self, name: str) -> str:
        """A field of the form, without spaces around it. Empty where there is none."""
        return self.form.get(name, "").strip()

    def lines(self, name: str) -> list[str]:
        """A field of the form, its lines without spaces around them, and without empty ones."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def tell(self, text: str) -> None:
        """Show `text` on the next page."""
        self.session.notice = Notice(text)


def sessions_of(request: Request) -> Sessions:
    """The `Sessions` of the application that is called."""
    found: Sessions = request.app.state.sessions
    return found


async def _form(request: Request) -> ImmutableMultiDict[str, str]:
    if request.method != "POST":
        return ImmutableMultiDict()
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _MOST_BYTES:
        raise BadForm(f"a form has at most {_MOST_BYTES:,} bytes")
    try:
        fields = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as e:
        raise BadForm(f"the form cannot be read: {e}") from e
    return ImmutableMultiDict(fields)


FormOf = Annotated[ImmutableMultiDict[str, str], Depends(_form)]


def check_form(form: ImmutableMultiDict[str, str], token: str) -> None:
    """Raises `BadForm` if a form does not carry this token."""
    if not hmac.compare_digest(form.get("form_token", "").encode("utf-8", "replace"), token.encode()):
        raise BadForm(
            "This form is not of your session, or of another workspace than the one you switched to. Nothing was "
            "changed: open the page again, and send it from there."
        )


def _visit(request: Request, parts: PartsOf, form: FormOf) -> Visit:
    sessions, cookie = sessions_of(request), request.cookies.get(COOKIE, "")
    session = sessions.find(cookie)
    store = parts.gateway
    if session.key is None:
        try:
            find_workspace(store, session.workspace)
        except NotFound:  # deleted meanwhile
            session.workspace = DEFAULT_WORKSPACE
    if request.method == "POST":
        check_form(form, sessions.form_token(cookie, session.workspace))
    by = "owner" if session.key is None else session.key.name
    call = GatewayCall(store, session.workspace, by, session.key)
    visit = Visit(request, parts, cookie, session, call, form)
    request.state.visit = visit
    return visit


Visits = Annotated[Visit, Depends(_visit)]
