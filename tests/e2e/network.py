"""The small network that tests charge in, made over the API as an operator would."""

from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from tests.e2e.piles import Login
from tests.e2e.server import Server
from tests.e2e.until import until

from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE

STATION = "SH-001"
TOKEN = "04A2B3C4D5"
FLAT = {"id": "FLAT", "name": "Flat", "currency": "CNY", "elements": [{"electricity_per_kwh": "2.00"}]}


def at(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")


async def ask(api: httpx.AsyncClient, method: str, path: str, **arguments: Any) -> Any:
    """The JSON of a successful answer."""
    response = await api.request(method, path, **arguments)
    assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
    return response.json() if response.content else None


async def every(api: httpx.AsyncClient, path: str, **params: Any) -> list[Any]:
    """All items of a paged list."""
    items: list[Any] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        query = {**params, "limit": 200} | ({"cursor": page["next"]} if page["next"] else {})
        page = await ask(api, "GET", path, params=query)
        items += page["items"]
    return items


async def open_station(api: httpx.AsyncClient, tariff: str = "FLAT") -> None:
    """A station in Shanghai with the flat tariff, or the time-of-use example, and one token."""
    example = msgspec.to_builtins(CHINA_TIME_OF_USE)
    await ask(api, "PUT", f"/tariffs/{at(CHINA_TIME_OF_USE.id)}", json=example)
    await ask(api, "PUT", "/tariffs/FLAT", json=FLAT)
    place = {"name": "Hongqiao", "lat": 31.194, "lon": 121.321, "tariff_id": tariff}
    await ask(api, "PUT", f"/stations/{STATION}", json=place)
    await ask(api, "PUT", f"/tokens/{TOKEN}", json={"type": "ISO14443"})


async def add_pile(server: Server, api: httpx.AsyncClient, pile_id: str, protocol: str) -> Login:
    """A pile of 600 kW, and what it needs to connect."""
    body = {"station_id": STATION, "max_power_w": 600_000}
    await ask(api, "PUT", f"/piles/{at(pile_id)}", json=body)
    made = await ask(api, "POST", f"/piles/{at(pile_id)}/password")
    return Login(server.running.ocpp_url, pile_id, made["password"], protocol)


async def only_session(api: httpx.AsyncClient, pile_id: str) -> dict[str, Any]:
    """The one session that the pile has."""
    [session] = await every(api, "/sessions", pile_id=pile_id)
    found: dict[str, Any] = await ask(api, "GET", f"/sessions/{session['id']}")
    return found


async def billed_session(api: httpx.AsyncClient, pile_id: str) -> dict[str, Any]:
    """The same, once its CDR has been issued."""
    return await until(lambda: only_session(api, pile_id), lambda session: bool(session["cdrs"]))
