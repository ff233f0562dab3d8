"""Both languages are complete: every text is marked, every marked text is translated."""

import re
import string
from html.parser import HTMLParser
from itertools import chain

import pytest
from jinja2 import nodes

from forecourt.console.icons import icon, shapes
from forecourt.console.languages import choose, languages
from forecourt.console.render import TEMPLATES, environment
from scripts import texts

FIELD = re.compile(r"%\((\w+)\)[sd]")
# What is the same in every language: names, abbreviations, units; and a class.
UNIVERSAL = {"Forecourt", "EVSE", "OCPP", "CDR", "kW", "kWh", "min", "j", "k", "SHA-256", "body-door"}
SPOKEN = ("title", "aria-label", "placeholder", "alt", "content")
TEMPLATE_FILES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("locale", texts.LOCALES)
def test_the_catalog_has_every_text_and_no_other(locale: str) -> None:
    assert {message.id for message in texts.extracted()} == {message.id for message in texts.read(locale)}


def forms(text: object) -> list[str]:
    """A text, or the singular and plural that it consists of."""
    return [str(form) for form in text] if isinstance(text, (tuple, list)) else [str(text or "")]


@pytest.mark.parametrize("locale", texts.LOCALES)
def test_every_text_is_translated(locale: str) -> None:
    for message in texts.read(locale):
        if message.id:
            assert all(forms(message.string)), message.id
            assert not message.fuzzy, message.id


@pytest.mark.parametrize("locale", texts.LOCALES)
def test_a_translation_has_the_same_fields(locale: str) -> None:
    for message in texts.read(locale):
        for translated in forms(message.string):
            assert set(FIELD.findall(translated)) == set(FIELD.findall(forms(message.id)[-1])), message.id


def test_translations_are_chinese() -> None:
    same = {"CSV", "SoC %(percent)s"}
    for message in texts.read("zh_Hans_CN"):
        if message.id and message.id not in same:
            assert re.search(r"[\u4e00-\u9fff]", "".join(forms(message.string))), message.id


@pytest.mark.parametrize("name", TEMPLATE_FILES)
def test_every_text_of_a_template_is_marked(name: str) -> None:
    source = (TEMPLATES / name).read_text("utf-8")
    visible = _Visible()
    visible.feed(_plain(source))
    words = re.findall(r"[^\W\d_][\w-]*", " ".join(visible.found))
    assert not set(words) - UNIVERSAL


def _plain(source: str) -> str:
    """What a template writes by itself: without expressions, and without what stands in `trans` blocks."""
    tree = environment("en").parse(source)
    parts = chain.from_iterable(output.nodes for output in tree.find_all(nodes.Output))
    return "".join(part.data if isinstance(part, nodes.TemplateData) else "" for part in parts)


class _Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.found += [value or "" for name, value in attrs if name in SPOKEN]

        self.code = tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.code = False

    def handle_data(self, data: str) -> None:
        # A command is the same in every language.
        self.found += [] if self.code else [data]


def test_the_check_would_see_a_text_that_is_not_marked() -> None:
    visible = _Visible()
    visible.feed(_plain('<p title="Hint">{{ _("Marked") }} Forgotten {% trans %}Marked{% endtrans %}</p>'))
    assert set(re.findall(r"\w+", " ".join(visible.found))) == {"Hint", "Forgotten"}


@pytest.mark.parametrize("name", TEMPLATE_FILES)
def test_no_template_holds_a_script_a_style_or_a_handler(name: str) -> None:
    source = (TEMPLATES / name).read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+\s*=|javascript:", _plain(source))
    assert not re.search(r"\|\s*safe|autoescape", source)
    for script in re.findall(r"<script[^>]*>", source):
        assert "src=" in script


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_template_compiles_in_every_language(code: str) -> None:
    for name in TEMPLATE_FILES:
        assert environment(code).get_template(name)


def test_an_icon_is_known_by_its_name_only() -> None:
    assert all('aria-hidden="true"' in icon(name) for name in shapes())
    with pytest.raises(KeyError):
        icon("none")


@pytest.mark.parametrize(
    ("cookie", "accept", "wanted"),
    [
        ("", "", "en"),
        ("zh", "en", "zh"),
        ("en", "zh-CN", "en"),
        ("xx", "zh-Hans-CN;q=0.8, en;q=0.9", "en"),
        ("", "de, zh-TW;q=0.5", "zh"),
        ("", "fr;q=1, zh;q=0, en;q=0.1", "en"),
        ("", "zh;q=nonsense, *", "en"),
        ("", "zh," * 10_000, "zh"),
        ("", ";;;q=,,,=", "en"),
    ],
)
def test_the_language_is_that_of_the_cookie_then_of_the_browser(
    cookie: str, accept: str, wanted: str
) -> None:
    assert choose(cookie, accept).code == wanted


def test_a_language_names_itself() -> None:
    assert [language.name for language in languages().values()] == ["English", "中文"]
    assert all(set(language.tag) <= set(string.ascii_letters + "-") for language in languages().values())
