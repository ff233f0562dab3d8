"""The API's pages in a real browser, under their content security policy."""

import shutil
from pathlib import Path

import pytest
from playwright.async_api import async_playwright
from tests.api.conftest import LOCAL_TOKEN, Templates, services
from tests.support import chromium as chromium_support

from forecourt import web
from forecourt.api.roles import ROLES
from forecourt.services import accounts


@pytest.mark.browser
async def test_the_pages_show_every_operation_and_call_them(
    templates: Templates, tmp_path: Path, chromium: Path
) -> None:
    complaints: list[str] = []
    foreign: list[str] = []
    async with (
        services(Path(shutil.copytree(templates.filled, tmp_path / "data"))) as sv,
        async_playwright() as playwright,
    ):
        application = web.application(sv, None, accounts.digest_of(LOCAL_TOKEN))
        async with web.listening(sv.config, application) as url:
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=chromium_support.arguments()
            )
            page = await browser.new_page()
            page.on(
                "console",
                lambda message: complaints.append(message.text) if message.type == "error" else None,
            )
            page.on(
                "request",
                lambda request: (
                    None if request.url.startswith((url, "data:")) else foreign.append(request.url)
                ),
            )
            await page.goto(f"{url}/docs")
            await page.get_by_text("Ask a pile to do something").wait_for()
            assert await page.locator(".opblock").count() == len(ROLES)
            await page.get_by_role("button", name="Authorize").click()
            await page.get_by_label("auth-bearer-value").fill(LOCAL_TOKEN)
            await page.get_by_role("button", name="Apply credentials").click()
            await page.get_by_role("button", name="Close").click()
            await page.get_by_text("Show the network now").click()
            await page.get_by_role("button", name="Execute").click()
            await page.get_by_text('"stations": 1').wait_for()
            await browser.close()
    assert (complaints, foreign) == ([], [])
