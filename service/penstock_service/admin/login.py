"""The login page of the admin pages: logs in with a key or the owner's token, and out."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import Response

from penstock.gateway.errors import BadKey, NotAllowed
from penstock_service.admin.rendering import HOME, render, see
from penstock_service.admin.sessions import LASTS_S
from penstock_service.admin.visits import COOKIE, FormOf, Visits, check_form, sessions_of

__all__ = ["router"]

router = APIRouter()
_LOGIN_COOKIE = "penstock_login"
"""A random name that the login form is bound to, since there is no session yet."""


@router.get("/login")
def show(request: Request, ended: bool = False) -> Response:
    """The login form."""
    return _form(request, "Your session has ended, or its key is not good any more." if ended else "")


@router.post("/login")
def login(request: Request, form: FormOf) -> Response:
    """Log in with a key or the owner's token, and begin a session."""
    sessions = sessions_of(request)
    check_form(form, sessions.form_token(request.cookies.get(_LOGIN_COOKIE, ""), ""))
    address = request.client.host if request.client else ""
    try:
        name = sessions.login(form.get("key", "").strip(), address)
    except (BadKey, NotAllowed) as e:
        return _form(request, str(e), 401)
    sessions.end(request.cookies.get(COOKIE, ""))
    answer = see(HOME)
    _set(request, answer, COOKIE, name)
    answer.delete_cookie(_LOGIN_COOKIE, path=HOME)
    return answer


@router.post("/logout")
def logout(visit: Visits) -> Response:
    """End the session."""
    sessions_of(visit.request).end(visit.cookie)
    answer = see(f"{HOME}/login")
    answer.delete_cookie(COOKIE, path=HOME)
    return answer


def _form(request: Request, error: str, status: int = 200) -> Response:
    name = request.cookies.get(_LOGIN_COOKIE) or secrets.token_urlsafe(32)
    answer = render(
        "login.html", status, title="Log in", error=error, form_token=sessions_of(request).form_token(name, "")
    )
    _set(request, answer, _LOGIN_COOKIE, name)
    return answer


def _set(request: Request, answer: Response, cookie: str, value: str) -> None:
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        cookie, value, max_age=int(LASTS_S), path=HOME, secure=is_secure, httponly=True, samesite="strict"
    )
