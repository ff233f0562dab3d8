"""What a machine can say of WCAG 2.2: names, labels, headings, tables, landmarks, targets; on every page."""

from itertools import pairwise

import pytest
from tests.console.conftest import Site
from tests.console.document import Element, parsed
from tests.console.test_pages import PAGES

from forecourt.console.render import STATIC

WITH_DOOR = ("/sign-in", *PAGES)


async def opened(site: Site, path: str) -> Element:
    if path == "/sign-in":
        async with site.browser() as browser:
            return parsed((await browser.get(path)).text)
    return parsed(await (await site.signed_in()).page(path))


def name_of(element: Element) -> str:
    """What a screen reader says: label, text, title, or the alternative text of what is inside."""
    given = element.attributes
    inside = " ".join(image.attributes.get("alt", "") for image in element.all("img"))
    return given.get("aria-label") or element.text or inside.strip() or given.get("title", "")


@pytest.mark.parametrize("path", WITH_DOOR)
async def test_a_page_has_a_language_a_title_and_its_landmarks(site: Site, path: str) -> None:
    page = await opened(site, path)
    assert page.all("html")[0].attributes["lang"]
    assert page.all("title")[0].text.endswith("Forecourt")
    assert len(page.all("main")) == 1
    if path != "/sign-in":
        assert page.all("a")[0].attributes["href"] == "#main"
        current = [link for link in page.all("nav")[0].all("a") if "aria-current" in link.attributes]
        assert len(current) == 1


@pytest.mark.parametrize("path", WITH_DOOR)
async def test_headings_begin_with_one_and_leave_no_level_out(site: Site, path: str) -> None:
    page = await opened(site, path)
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3", "h4")]
    if "/commands/" not in path:
        assert levels.count(1) == 1
    assert levels[0] <= 2
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(heading.text for heading in page.all("h1", "h2", "h3"))


@pytest.mark.parametrize("path", WITH_DOOR)
async def test_everything_that_can_be_used_has_a_name(site: Site, path: str) -> None:
    page = await opened(site, path)
    for element in page.all("a", "button", "summary", "nav", "dialog"):
        if "hidden" not in element.attributes:
            assert name_of(element), element
    for element in page.all("input", "select", "textarea"):
        if element.attributes.get("type") != "hidden":
            assert element.inside("label"), element.attributes
    for element in page.all("progress"):
        assert element.attributes["aria-label"]
    for element in page.all("img"):
        assert "alt" in element.attributes


@pytest.mark.parametrize("path", WITH_DOOR)
async def test_drawings_have_a_name_or_are_decoration(site: Site, path: str) -> None:
    for drawing in (await opened(site, path)).all("svg"):
        given = drawing.attributes
        assert given.get("aria-hidden") == "true" or given.get("aria-label"), given


@pytest.mark.parametrize("path", WITH_DOOR)
async def test_tables_have_captions_and_heads_with_scope(site: Site, path: str) -> None:
    for table in (await opened(site, path)).all("table"):
        assert table.all("caption")[0].text
        heads = table.all("th")
        assert heads
        assert all(head.attributes.get("scope") in ("row", "col") for head in heads)
        assert all(row.all("th") for row in table.all("tr"))


@pytest.mark.parametrize("path", WITH_DOOR)
async def test_an_id_is_there_once_and_what_refers_to_one_finds_it(site: Site, path: str) -> None:
    page = await opened(site, path)
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    for element in page.all():
        for attribute in ("list", "aria-labelledby", "aria-describedby", "for"):
            assert element.attributes.get(attribute, ids[0]) in ids


@pytest.mark.parametrize("path", PAGES)
async def test_a_state_is_a_word_and_a_shape(site: Site, path: str) -> None:
    page = await opened(site, path)
    for chip in page.all("span"):
        if "chip" in chip.attributes.get("class", "").split() and chip.attributes["class"].startswith(
            "chip tone"
        ):
            assert chip.text
            assert chip.all("svg")


@pytest.mark.parametrize("path", PAGES)
async def test_what_scrolls_can_be_reached_by_keyboard(site: Site, path: str) -> None:
    for element in (await opened(site, path)).all("div"):
        if "scroll" in element.attributes.get("class", "").split():
            assert element.attributes["tabindex"] == "0"
            assert element.attributes["role"] == "region"
            assert element.attributes["aria-label"]


def test_focus_is_never_hidden_and_motion_is_asked_for() -> None:
    sheet = (STATIC / "console.css").read_text()
    assert ":focus-visible { outline: 2px solid var(--focus)" in sheet
    assert sheet.count("animation:") == 1
    assert "prefers-reduced-motion: no-preference" in sheet.split("animation:")[0]
    assert "forced-colors: active" in sheet
