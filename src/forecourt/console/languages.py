"""The languages of the console: catalogs read at start, and which one a visitor gets.

Message ids are the English texts, so English needs no catalog; Simplified Chinese is complete, which a test holds.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent / "locale"


class Language(NamedTuple):
    """A language of the console: the value of its cookie, the value of ``lang``, and its own name."""

    code: str
    tag: str
    locale: Locale
    name: str
    texts: NullTranslations


def catalog_path(locale: str) -> Path:
    """Return where the catalog of a locale lies."""
    return LOCALES / locale / "LC_MESSAGES" / "console.po"


def _catalog(locale: str) -> NullTranslations:
    with catalog_path(locale).open("rb") as source:
        catalog = read_po(source, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


@cache
def languages() -> dict[str, Language]:
    """Return the languages by their code, the default first."""
    chinese = Locale("zh", "CN", "Hans")
    return {
        "en": Language("en", "en", Locale("en"), "English", NullTranslations()),
        "zh": Language("zh", "zh-Hans", chinese, "中文", _catalog("zh_Hans_CN")),
    }


def choose(cookie: str, accept_language: str) -> Language:
    """Return the language of the cookie, else the first accepted one that there is, else English."""
    known = languages()
    if cookie in known:
        return known[cookie]
    found = (known[code] for code in _accepted(accept_language) if code in known)
    return next(found, known["en"])


def _accepted(header: str) -> Iterator[str]:
    """Yield the primary subtags of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4)."""
    ranges = [part.partition(";") for part in header.lower().split(",")[:32]]
    weighted = [(_weight(parameters), tag.strip().partition("-")[0]) for tag, _, parameters in ranges]
    yield from (tag for weight, tag in sorted(weighted, key=lambda item: -item[0]) if weight > 0)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
