"""The console as a browser without script sees it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from tests.e2e.server import Server


@asynccontextmanager
async def signed_in(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the first operator has signed in."""
    async with signed_in_as(server.running.url, *server.operator()) as browser:
        yield browser


@asynccontextmanager
async def signed_in_as(url: str, username: str, password: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which this operator has signed in."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as browser:
        form = await browser.get("/sign-in")
        csrf = re.search(r'name="csrf" value="([^"]+)"', form.text)
        assert csrf, form.text
        entered = {"username": username, "password": password, "csrf": csrf[1], "next": "/"}
        answer = await browser.post("/sign-in", data=entered)
        assert answer.status_code == 303, answer.text
        yield browser


async def text_of(browser: httpx.AsyncClient, path: str) -> str:
    """A page's text, without tags and with single blanks."""
    page = await browser.get(path)
    assert page.status_code == 200, f"{path}: {page.status_code} {page.text}"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))
