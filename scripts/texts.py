"""The console's texts: finds those that are marked for translation, and brings the catalogs up to date with them.

`python -m scripts.texts` adds new texts to the catalogs, untranslated, and drops those that are no longer there.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

CONSOLE = Path(__file__).resolve().parents[1] / "src" / "forecourt" / "console"
LOCALES = ("zh_Hans_CN",)
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "silent": "false"}}
# `N_` marks in tables; `t` and `n` are methods of a visit.
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "t": None, "n": (1, 2)}

HEAD = """\
msgid ""
msgstr ""
"Language: {locale}\\n"
"Plural-Forms: {plurals}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def extracted() -> Catalog:
    """All texts that are marked, in the order of the files."""
    found = Catalog(project="Forecourt", charset="utf-8")
    texts = extract_from_dir(CONSOLE, METHODS, OPTIONS, keywords=KEYWORDS)
    for file, _, message, _, _ in sorted(texts, key=lambda text: (text[0], text[1])):
        found.add(message, None, [(f"src/forecourt/console/{file}", 0)])
    return found


def catalog_file(locale: str) -> Path:
    return CONSOLE / "locale" / locale / "LC_MESSAGES" / "console.po"


def read(locale: str) -> Catalog:
    """The catalog of a language as it is in the repository."""
    with catalog_file(locale).open("rb") as source:
        return read_po(source, locale=locale)


def update(locale: str) -> Catalog:
    """The catalog with the texts of now, and the translations that it had."""
    known, now = read(locale), Catalog(locale=locale, project="Forecourt", charset="utf-8")
    for message in extracted():
        if message.id:
            before = known.get(message.id)
            now.add(message.id, before.string if before else None, sorted(set(message.locations)))
    return now


def save(locale: str, catalog: Catalog) -> None:
    """Write the catalog; its head has no dates, so that only texts make a difference."""
    head = HEAD.format(locale=locale, plurals=catalog.plural_forms)
    with catalog_file(locale).open("wb") as target:
        target.write(head.encode())
        write_po(target, catalog, width=118, include_lineno=False, omit_header=True)


def main() -> None:
    for locale in LOCALES:
        catalog = update(locale)
        save(locale, catalog)
        missing = [message.id for message in catalog if message.id and not message.string]
        print(f"{locale}: {len(catalog)} texts, {len(missing)} without a translation")


if __name__ == "__main__":
    main()
