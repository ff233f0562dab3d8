"""One visit: who looks at a page, in which language and theme, and since when."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from forecourt.console.desk import Desk
from forecourt.console.formats import Formats
from forecourt.console.languages import Language, choose, languages
from forecourt.domain.cdr import mask
from forecourt.domain.records import Login, Operator, Role
from forecourt.services import accounts
from forecourt.services.context import Services

AnyRequest = Request[Any, Any, Any]

THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE = "forecourt_language"
THEME_COOKIE = "forecourt_theme"
KEYS_COOKIE = "forecourt_keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What every page needs to know. ``csrf`` belongs to the login, or to the visitor's own cookie before the sign-in.

    ``now`` and ``mark`` are of the moment before anything was read, so that a page never claims to be newer than it is.
    """

    desk: Desk
    language: Language
    theme: str
    shortcuts: bool
    address: str
    here: str
    csrf: str
    new_guest: bool
    now: datetime
    mark: str
    login: Login | None = None
    operator: Operator | None = None

    @property
    def sv(self) -> Services:
        """The services of the server."""
        return self.desk.sv

    @property
    def languages(self) -> list[Language]:
        """All languages there are."""
        return list(languages().values())

    @property
    def fmt(self) -> Formats:
        """How this visitor reads numbers and times."""
        return Formats(self.language.locale)

    def t(self, text: str) -> str:
        """The text in the visitor's language."""
        return str(self.language.texts.gettext(text)) if text else ""

    def n(self, one: str, many: str, count: int) -> str:
        """The text for one or many."""
        return str(self.language.texts.ngettext(one, many, count)) % {"count": count}

    def may(self, role: Role) -> bool:
        """Say whether the visitor has a role."""
        return self.operator is not None and accounts.allows(self.operator.role, role)

    def name_of(self, station: Any) -> str:
        """A station's name in the visitor's language."""
        return str((self.language.code == "zh" and station.name_zh) or station.name or station.id)

    def token_of(self, uid: str) -> str:
        """A token as this visitor may see it: who can't command sees its last characters only."""
        return uid if self.may(Role.OPERATOR) or not uid else mask(uid)

    def city_of(self, station: Any) -> str:
        """A station's city in the visitor's language."""
        return str((self.language.code == "zh" and station.city_zh) or station.city)


def login_cookie(sv: Services) -> str:
    """Return the name of the login's cookie; with ``__Host-`` browsers themselves hold it to be Secure and of this host."""
    return "__Host-forecourt" if sv.config.secure_cookies else "forecourt"


def guest_cookie(sv: Services) -> str:
    """Return the name of the cookie that binds forms to a browser before the sign-in."""
    return login_cookie(sv) + "_guest"


async def visit_from(desk: Desk, request: AnyRequest) -> Visit:
    """Return the visit of a request, with the operator who is signed in."""
    secret = request.cookies.get(login_cookie(desk.sv), "")
    known = await accounts.signed_in(desk.sv, secret) if secret else None
    return anonymous(desk, request) if known is None else _signed_in(desk, request, *known)


def anonymous(desk: Desk, request: AnyRequest) -> Visit:
    """Return the visit of somebody who is not signed in."""
    guest = request.cookies.get(guest_cookie(desk.sv), "")
    return _visit(desk, request, guest or secrets.token_urlsafe(24), not guest, None, None)


def _signed_in(desk: Desk, request: AnyRequest, login: Login, operator: Operator) -> Visit:
    return _visit(desk, request, login.csrf, False, login, operator)


def _visit(
    desk: Desk,
    request: AnyRequest,
    csrf: str,
    new_guest: bool,
    login: Login | None,
    operator: Operator | None,
) -> Visit:
    cookies = request.cookies
    theme = cookies.get(THEME_COOKIE, "")
    query = request.scope["query_string"].decode("latin-1")
    return Visit(
        desk=desk,
        language=choose(cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")),
        theme=theme if theme in THEMES else "auto",
        shortcuts=cookies.get(KEYS_COOKIE) != "off",
        address=request.client.host if request.client else "",
        here=_raw_path(request) + (f"?{query}" if query else ""),
        csrf=csrf,
        new_guest=new_guest,
        now=desk.sv.clock.now(),
        mark=desk.hub.mark(),
        login=login,
        operator=operator,
    )


def _raw_path(request: AnyRequest) -> str:
    raw = request.scope.get("raw_path") or b""
    return raw.partition(b"?")[0].decode("latin-1") or request.url.path


def visit_of(request: AnyRequest) -> Visit:
    """Return the visit that the entrance made for a request."""
    visit: Visit = request.state.visit
    return visit


def local_path(target: str, otherwise: str = "/") -> str:
    """Return a path of this site, or ``otherwise``: what browsers could read as another site is no path."""
    # Browsers drop tabs and line breaks from a URL and take a backslash for a slash.
    strange = any(ord(letter) < 33 or letter in "\\\x7f" for letter in target)
    if strange or not target.startswith("/") or target.startswith("//"):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target
