"""The console in Chromium: signing in, values that change live, no error, no violation of the policy, no request elsewhere."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect
from tests.console.conftest import NAMES, NOW, PASSWORD, Site
from tests.console.network import Charged
from tests.console.test_pages import PAGES
from tests.support.chromium import arguments

from forecourt.domain.records import Role

pytestmark = pytest.mark.browser


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        site.app, log_config=None, access_log=False, timeout_graceful_shutdown=3, ws="none"
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await site.hub.close()
        server.should_exit = True
        await task


@pytest.fixture
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=arguments())
        yield launched
        await launched.close()


class Watched:
    """A page, and all that went wrong in it."""

    def __init__(self, url: str, page: Page) -> None:
        self.url = url
        self.page = page
        self.wrong: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._requested)

    def _note(self, bad: bool, text: str) -> None:
        # Who goes to another page while a part is fetched cuts that request off; htmx says so twice.
        cut_off = text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
        if bad and not cut_off:
            self.wrong.append(text)

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith(self.url):
            self.wrong.append(f"a request left the site: {request.url}")

    async def open(self, path: str) -> None:
        answer = await self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == 200

    async def sign_in(self, name: str = NAMES[Role.ADMIN]) -> None:
        await self.open("/sign-in")
        await self.page.fill("[name=username]", name)
        await self.page.fill("[name=password]", PASSWORD)
        await self.page.click(".sign-in button")
        await expect(self.page.locator("h1")).to_have_text("Overview")


@pytest.fixture
async def watched(site: Site, browser: Browser) -> AsyncIterator[Watched]:
    """A page in a browser in which an administrator is signed in."""
    async with serving(site) as url:
        context: BrowserContext = await browser.new_context(locale="en-GB")
        found = Watched(url, await context.new_page())
        await found.sign_in()
        yield found
        await context.close()
    assert not found.wrong


async def test_every_page_loads_without_error_or_violation(watched: Watched) -> None:
    for path in PAGES:
        await watched.open(path)
        assert await watched.page.evaluate("window.htmx !== undefined")
    assert len(watched.requests) > 2 * len(PAGES)


async def test_the_policy_is_in_force(watched: Watched) -> None:
    await watched.open("/tariffs")
    await watched.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.broken = true";
          document.body.append(script);
        }"""
    )
    assert await watched.page.evaluate("window.broken") is None
    assert any("Content Security Policy" in text for text in watched.wrong)
    watched.wrong.clear()


async def test_a_value_changes_by_itself_when_something_happens(site: Site, watched: Watched) -> None:
    other = await Charged.connect(site.sv, "PILE-2", NOW)
    await watched.open("/")
    page = watched.page
    figure = page.locator("#figures .figure", has_text="Charging now").locator(".figure-value")
    await expect(figure).to_have_text("2")
    await expect(page.locator("[data-live-toggle]")).to_have_attribute("data-state", "on")
    await other.start(0)
    await expect(figure).to_have_text("3", timeout=10_000)
    await expect(page.locator("#recent tbody tr").first).to_contain_text("PILE-2")


async def test_a_curve_grows_and_a_bill_follows_while_a_session_runs(site: Site, watched: Watched) -> None:
    pile = await Charged.connect(site.sv, "PILE-2", NOW - timedelta(minutes=5))
    session_id = await pile.start(1_000)
    await pile.meter(2_000, 100_000, 30)
    await watched.open(f"/sessions/{session_id}")
    page = watched.page
    await expect(page.locator(".plot canvas")).to_have_count(2)
    await expect(page.locator("#bill .total strong")).to_have_text("CN¥1.80")
    await pile.meter(11_000, 540_000, 60)
    await expect(page.locator("#bill .total strong")).to_have_text("CN¥18.00", timeout=10_000)
    await expect(page.locator("#figures")).to_contain_text("540\u00a0kW")


async def test_what_is_unfolded_and_focused_stays_so(site: Site, watched: Watched) -> None:
    pile = await Charged.connect(site.sv, "PILE-2", NOW - timedelta(minutes=5))
    session_id = await pile.start(1_000)
    await watched.open(f"/sessions/{session_id}")
    page = watched.page
    await page.click("#messages summary")
    link = page.locator("#bill .step a").first
    await link.focus()
    await pile.meter(2_000, 100_000, 30)
    await expect(page.locator("#bill")).to_contain_text("2,000\u00a0Wh", timeout=10_000)
    await expect(page.locator("#messages")).to_have_attribute("open", "")
    await expect(link).to_be_focused()


async def test_live_updates_can_be_paused_and_resumed(site: Site, watched: Watched) -> None:
    other = await Charged.connect(site.sv, "PILE-2", NOW)
    await watched.open("/")
    page, toggle = watched.page, watched.page.locator("[data-live-toggle]")
    figure = page.locator("#figures .figure", has_text="Charging now").locator(".figure-value")
    await expect(toggle).to_have_attribute("data-state", "on")
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-pressed", "true")
    await other.start(0)
    # What happens in another page of the same browser says that the event is through.
    witness = await page.context.new_page()
    await witness.goto(watched.url)
    await expect(witness.locator("#figures .figure", has_text="Charging now")).to_contain_text("3")
    await expect(figure).to_have_text("2")
    await toggle.click()
    # Resumed, the page is told what it missed.
    await expect(figure).to_have_text("3", timeout=10_000)


async def test_a_dangerous_command_asks_in_a_dialog_and_names_the_driver(
    site: Site, watched: Watched
) -> None:
    await watched.open("/piles/PILE-1")
    page = watched.page
    await page.click("text=Stop the session")
    dialog = page.locator("dialog[open]")
    await expect(dialog).to_contain_text("A. Driver")
    await dialog.locator("text=Cancel").click()
    await expect(page.locator("dialog[open]")).to_have_count(0)
    assert not (await site.sv.store.commands()).items
    await page.click("text=Stop the session")
    await dialog.locator("button[type=submit]").click()
    await expect(page.locator("tbody tr")).to_contain_text("Waiting")
    assert len((await site.sv.store.commands()).items) == 1


async def test_a_question_is_answered_although_the_page_is_refreshed_meanwhile(
    site: Site, watched: Watched
) -> None:
    await watched.open("/piles/PILE-1")
    page = watched.page
    await page.evaluate(
        """() => {
          document.querySelector("a[data-question]").click();
          htmx.trigger("#now", "refresh");
        }"""
    )
    await expect(page.locator("dialog[open] form")).to_be_visible()
    await expect(page.locator("#now")).to_contain_text("EVSE 1")


async def test_the_keyboard_searches_and_goes_through_rows(watched: Watched) -> None:
    await watched.open("/piles")
    page = watched.page
    await page.keyboard.press("/")
    await expect(page.locator("[data-search]")).to_be_focused()
    await page.keyboard.type("pile j")
    assert await page.input_value("[data-search]") == "pile j"
    await page.locator("h1").click()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("tbody tr").nth(1).locator("a").first).to_be_focused()
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("NEVER")


async def test_shortcuts_language_and_theme_can_be_changed(watched: Watched) -> None:
    await watched.open("/piles")
    page = watched.page
    await page.click("[name=shortcuts]")
    await expect(page.locator("[name=shortcuts]")).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("/")
    await expect(page.locator("[data-search]")).not_to_be_focused()
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.click("[name=theme][value=dark]")
    await expect(page.locator("[name=theme][value=dark]")).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    await page.click("[name=language][value=zh]")
    await expect(page.locator("h1")).to_have_text("充电桩")
    assert page.url.endswith("/piles")


async def test_nothing_needs_javascript_but_what_is_live(site: Site, browser: Browser) -> None:
    async with serving(site) as url:
        context = await browser.new_context(java_script_enabled=False, locale="en-GB")
        found = Watched(url, await context.new_page())
        await found.sign_in()
        await found.open("/piles/PILE-1")
        await found.page.click("text=Restart now")
        await expect(found.page.locator("form.question")).to_contain_text("A. Driver")
        await found.page.click("form.question button")
        await expect(found.page.locator("tbody tr")).to_contain_text("Waiting")
        await found.open("/sessions/1")
        await found.page.click("#curve-table summary")
        await expect(found.page.locator("#curve-table tbody tr")).to_have_count(21)
        await context.close()
        assert not found.wrong


@pytest.mark.parametrize("width", [320, 400, 768])
async def test_no_page_is_wider_than_a_narrow_screen(watched: Watched, width: int) -> None:
    # WCAG 2.2, 1.4.10: 320 CSS pixels without scrolling in two directions.
    await watched.page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        await watched.open(path)
        wide = await watched.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


async def test_targets_are_large_enough(watched: Watched) -> None:
    # WCAG 2.2, 2.5.8: 24 by 24 CSS pixels, but for links in text and table cells.
    for path in ("/", "/piles/PILE-1", "/sessions"):
        await watched.open(path)
        small = await watched.page.evaluate(
            """() => [...document.querySelectorAll("button, select, input, nav a, .actions a, .button")]
              .filter((one) => one.type !== "hidden" && one.checkVisibility() && !one.closest(".crumbs"))
              .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
              .filter(([, box]) => box.height < 24 || box.width < 24)
              .map(([html]) => html)"""
        )
        assert not small, path
