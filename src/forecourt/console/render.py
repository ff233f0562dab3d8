"""From a template and what a page shows to an answer."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from forecourt.console import command_view, formats, icons, words
from forecourt.console.languages import languages
from forecourt.console.visit import Visit, guest_cookie

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"


@cache
def static_version() -> str:
    """Return a name for the content of all static files: it is part of their addresses, so that they can be kept for ever."""
    digest = sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(STATIC)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def segment(text: object) -> str:
    """Return a text as one segment of a path."""
    return quote(str(text), safe="")


def link(path: str, *segments: object, **query: object) -> str:
    """Return an address of ours: ids become segments of the path, empty values of the query are left out."""
    whole = "/".join([path.rstrip("/"), *(segment(part) for part in segments)]) or "/"
    wanted = {name.rstrip("_"): value for name, value in query.items() if value not in (None, "", False)}
    return f"{whole}?{urlencode(wanted)}" if wanted else whole


@cache
def environment(code: str) -> Environment:
    """Return the templates in one language."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    env.install_gettext_translations(languages()[code].texts, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(link=link, icon=icons.icon, static=partial("/static/{}/{}".format, static_version()))
    env.globals.update(words=words, iso=formats.iso, zone_label=formats.zone_label)
    env.globals.update(
        asked=command_view.asked, answered=command_view.answered, is_secret=command_view.is_secret
    )
    return env


def fragment(visit: Visit, template: str, context: Mapping[str, Any]) -> str:
    """Return a part of a page."""
    made = environment(visit.language.code).get_template(template)
    return made.render(visit=visit, fmt=visit.fmt, **context)


def html(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """Return a page, or a part of it, as an answer."""
    return Response(
        fragment(visit, template, {"section": "", **context}),
        status_code=status,
        media_type=MediaType.HTML,
        cookies=[guest(visit)] if visit.new_guest else [],
    )


def see_other(path: str, *cookies: Cookie) -> Response[str]:
    """Return the answer to a form: go and look there."""
    headers = {"Location": path}
    return Response("", status_code=303, media_type=MediaType.TEXT, headers=headers, cookies=list(cookies))


def guest(visit: Visit) -> Cookie:
    """Return the cookie that binds the forms of a visitor who is not signed in to this browser."""
    return cookie(visit, guest_cookie(visit.sv), visit.csrf)


def cookie(visit: Visit, name: str, value: str, max_age: int | None = None, strict: bool = True) -> Cookie:
    """Return a cookie as ours all are: HttpOnly, of this site, Secure where the console is reached over HTTPS."""
    return Cookie(
        name,
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        secure=visit.sv.config.secure_cookies,
        samesite="strict" if strict else "lax",
    )


def page(visit: Visit, name: str, part: str, parts: Sequence[str], **context: Any) -> Response[str]:
    """Return a page, or only the part of it that a live page asks for anew. NotFoundException: it has no such part."""
    if part and part not in parts:
        raise NotFoundException(part)
    return html(visit, f"{name}/{part or 'page'}.html", **context)
