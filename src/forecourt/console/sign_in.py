"""Signing in and out, and what a visitor prefers."""

from typing import Any

from litestar import Response, get, post

from forecourt.console.access import GUEST
from forecourt.console.languages import languages
from forecourt.console.render import cookie, html, see_other
from forecourt.console.visit import (
    KEYS_COOKIE,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    AnyRequest,
    Visit,
    local_path,
    login_cookie,
    visit_of,
)
from forecourt.services import accounts

YEAR_S = 365 * 24 * 3600
PREFERENCES = {
    "language": (LANGUAGE_COOKIE, tuple(languages())),
    "theme": (THEME_COOKIE, THEMES),
    "shortcuts": (KEYS_COOKIE, ("on", "off")),
}


@get("/sign-in", opt=GUEST)
async def sign_in_page(request: AnyRequest) -> Response[Any]:
    """The form; who is signed in already goes on."""
    visit = visit_of(request)
    target = local_path(request.query_params.get("next", "/"))
    return see_other(target) if visit.operator else _form(visit, target)


def _form(visit: Visit, target: str, status: int = 200, trouble: str = "", wait_s: int = 0) -> Response[str]:
    made = html(visit, "sign_in.html", status=status, next=target, trouble=trouble, wait_s=wait_s)
    if wait_s:
        made.headers["Retry-After"] = str(wait_s)
    return made


@post("/sign-in", opt=GUEST)
async def sign_in(request: AnyRequest) -> Response[Any]:
    """Check name and password; go where the visitor wanted to, never to another site."""
    visit = visit_of(request)
    form = await request.form()
    name, target = str(form.get("username", "")).strip(), local_path(str(form.get("next", "/")))
    wait_s = visit.desk.attempts.begin(visit.address, name)
    if wait_s:
        return _form(visit, target, 429, "wait", wait_s)
    known = await accounts.sign_in(visit.sv, name, str(form.get("password", "")))
    if known is None:
        return _form(visit, target, 401, "wrong")
    visit.desk.attempts.succeeded(visit.address, name)
    secret, _ = known
    life_s = round(accounts.LOGIN_LIFE.total_seconds())
    # Lax: a link in a ticket or a chat opens the page; whatever changes something needs the form's token besides.
    return see_other(target, cookie(visit, login_cookie(visit.sv), secret, life_s, strict=False))


@post("/sign-out", opt=GUEST)
async def sign_out(request: AnyRequest) -> Response[str]:
    """End the login, here and in the database."""
    visit = visit_of(request)
    if visit.login is not None:
        await accounts.sign_out(visit.sv, visit.login)
    return see_other("/sign-in", cookie(visit, login_cookie(visit.sv), "", 0, strict=False))


@post("/preferences", opt=GUEST)
async def preferences(request: AnyRequest) -> Response[str]:
    """Keep language, theme or shortcuts in a cookie."""
    visit = visit_of(request)
    form = await request.form()
    cookies = [
        cookie(visit, name, str(form[field]), YEAR_S)
        for field, (name, allowed) in PREFERENCES.items()
        if str(form.get(field, "")) in allowed
    ]
    return see_other(local_path(str(form.get("next", "/"))), *cookies)
