"""The API as commands see it: of the running server, or in-process when there is none."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
from rich.console import Console

from forecourt import config, instance
from forecourt.cli.output import FailedError

Result = TypeVar("Result")


@asynccontextmanager
async def _connected(settings: config.Config) -> AsyncIterator[httpx.AsyncClient]:
    running = instance.find(settings.data_dir)
    if running is None:
        from forecourt.app import in_process  # noqa: PLC0415 (the whole server: loaded only when there is none to ask)

        async with in_process(settings) as client:
            yield client
        return
    headers = {"Authorization": f"Bearer {running.token}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60) as client:
        yield client


def with_api(use: Callable[[httpx.AsyncClient], Awaitable[Result]], **overrides: object) -> Result:
    """Run a coroutine function with a connected client; on a terminal, show that something is going on.

    Raises FailedError when the server can't be reached.
    """
    settings = config.load(os.environ, **overrides)

    async def run() -> Result:
        async with _connected(settings) as client:
            try:
                return await use(client)
            except httpx.TransportError as error:
                raise FailedError(f"the server does not answer: {error}") from None

    with Console(stderr=True).status("asking the server …"):
        return asyncio.run(run())


async def call(client: httpx.AsyncClient, method: str, path: str, **arguments: Any) -> Any:
    """Return the JSON of an API call. Raises FailedError with the problem's detail for an error answer."""
    response = await client.request(method, f"/api/v1{path}", **arguments)
    if response.is_success:
        return response.json() if response.content else None
    raise FailedError(_detail(response))


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"HTTP {response.status_code}"
    return str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")


async def every(client: httpx.AsyncClient, path: str, limit: int, **params: Any) -> list[dict[str, Any]]:
    """Return up to ``limit`` items of a paged list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(items) < limit:
        query = {**params, "limit": min(limit - len(items), 200)} | ({"cursor": cursor} if cursor else {})
        page = await call(client, "GET", path, params={k: v for k, v in query.items() if v is not None})
        items += page["items"]
        cursor = page.get("next")
        if not cursor:
            break
    return items
