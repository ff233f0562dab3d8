"""A charge, from plug to price, with piles that we did not write: database, price, CDR, API and page agree."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.e2e import console, database
from tests.e2e.messages import WORDS, Charge, Words
from tests.e2e.network import (
    TOKEN,
    add_pile,
    ask,
    billed_session,
    only_session,
    open_station,
)
from tests.e2e.piles import ANSWER_WITHIN_S, Connect, Pile
from tests.e2e.server import Server
from tests.e2e.until import until

PILE = "SH-001-03"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(params=["1.6", "2.0.1"])
def words(request: pytest.FixtureRequest) -> Words:
    return WORDS[request.param]


@asynccontextmanager
async def connected(
    server: Server, api: httpx.AsyncClient, connect: Connect, words: Words, tariff: str
) -> AsyncIterator[Pile]:
    """A pile that has booted and is free."""
    await open_station(api, tariff)
    async with connect(await add_pile(server, api, PILE, words.protocol)) as pile:
        booted = await pile.call(words.boot())
        assert booted["status"] == "Accepted"
        assert booted["interval"] == 300
        await pile.call(words.status(datetime.now(UTC), 1, False))
        yield pile


async def test_a_charge_is_priced_by_hand(server: Server, connect: Connect, words: Words) -> None:
    """Yesterday from 11:30 to 12:30 in Shanghai: 30 kWh until noon in 峰, 20 kWh after it in 平.

    Electricity 30 × 1.20 + 20 × 0.75 = 51.00, service 50 × 0.60 = 30.00, together ¥81.00 with the taxes in them.
    """
    noon = datetime.now(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    half_hour = timedelta(minutes=30)
    charge = Charge(TOKEN)
    async with server.api() as api, connected(server, api, connect, words, "CN-TOU-EXAMPLE") as pile:
        assert words.token_status(await pile.call(words.authorize(TOKEN))) == "Accepted"
        assert words.token_status(await pile.call(words.authorize("NOBODY"))) in ("Invalid", "Unknown")

        started = await pile.call(words.start(charge, noon - half_hour, 1_000_000))
        assert words.token_status(started) == "Accepted"
        words.started(charge, started)
        await pile.call(words.status(noon - half_hour, 1, True))
        await pile.call(words.meter(charge, noon, 1_030_000, 60_000, 55))

        running = await only_session(api, PILE)
        assert (running["state"], running["energy_wh"], running["power_w"]) == ("open", 30_000, 60_000)
        assert running["soc_percent"] == 55
        [evse] = (await ask(api, "GET", "/evses"))["items"]
        assert evse["status"] == "CHARGING"

        await pile.call(words.stop(charge, noon + half_hour, 1_050_000))
        await pile.call(words.status(noon + half_hour, 1, False))
        session = await billed_session(api, PILE)
        await assert_billed(api, session)
        await assert_stored(server, session, charge)
        [evse] = (await ask(api, "GET", "/evses"))["items"]
        assert (evse["status"], evse["raw_status"]) == ("AVAILABLE", "Available")
    await assert_shown(server, session)


async def assert_billed(api: httpx.AsyncClient, session: dict[str, Any]) -> None:
    assert (session["state"], session["energy_wh"], session["flags"]) == ("closed", 50_000, [])
    assert (session["start_register_wh"], session["register_wh"]) == (1_000_000, 1_050_000)
    assert session["token_uid"] == TOKEN
    assert session["priced_by"] == "cdr"
    points = (await ask(api, "GET", f"/sessions/{session['id']}/meter-values"))["items"]
    assert [point["register_wh"] for point in points] == [1_000_000, 1_030_000, 1_050_000]

    [cdr_id] = session["cdrs"]
    cdr = await ask(api, "GET", f"/cdrs/{cdr_id}")
    assert (cdr["energy_wh"], cdr["currency"], cdr["idle_seconds"]) == (50_000, "CNY", 0)
    price = cdr["price"]
    assert Decimal(price["total_incl_tax"]) == Decimal("81.00")
    amounts = {line["component"]: Decimal(line["amount"]) for line in price["lines"]}
    assert amounts["ELECTRICITY"] == Decimal("51.00")
    assert amounts["SERVICE"] == Decimal("30.00")
    # Contained taxes: 51.00 / 1.13 × 0.13 = 5.867…, 30.00 / 1.06 × 0.06 = 1.698…
    assert Decimal(price["tax"]) == Decimal("5.87") + Decimal("1.70")


async def assert_stored(server: Server, session: dict[str, Any], charge: Charge) -> None:
    found = await database.rows(server, "SELECT id, transaction_id, state, energy_wh FROM session")
    assert list(found) == [(session["id"], charge.transaction_id, "closed", 50_000)]
    cdrs = await database.rows(server, "SELECT session_id, energy_wh, currency FROM cdr")
    assert list(cdrs) == [(session["id"], 50_000, "CNY")]


async def assert_shown(server: Server, session: dict[str, Any]) -> None:
    async with console.signed_in(server) as browser:
        page = await console.text_of(browser, f"/sessions/{session['id']}")
    for part in (PILE, "81.00", "51.00", "30.00", "峰", "平", "50"):
        assert part in page


async def test_the_operator_starts_and_stops_a_charge(server: Server, connect: Connect, words: Words) -> None:
    async with server.api() as api, connected(server, api, connect, words, "FLAT") as pile:
        await pile.answer(words.remote_start, {"status": "Accepted"})
        await pile.answer(words.remote_stop, {"status": "Accepted"})

        start = await command(api, {"kind": "RemoteStart", "token_uid": TOKEN, "evse_id": 1})
        action, asked = await asyncio.wait_for(pile.received.get(), ANSWER_WITHIN_S)
        assert action == words.remote_start
        assert evse_and_token(asked) == (1, TOKEN)
        await decided(api, start, "accepted")

        charge = Charge(TOKEN, remote_start_id=asked.get("remoteStartId"))
        words.started(charge, await pile.call(words.start(charge, datetime.now(UTC), 500)))
        session = await only_session(api, PILE)
        assert (await ask(api, "GET", f"/commands/{start}"))["session_id"] == session["id"]

        stop = await command(api, {"kind": "RemoteStop", "session_id": session["id"]})
        action, asked = await asyncio.wait_for(pile.received.get(), ANSWER_WITHIN_S)
        assert (action, str(asked["transactionId"])) == (words.remote_stop, charge.transaction_id)
        await decided(api, stop, "accepted")

        await pile.call(words.stop(charge, datetime.now(UTC), 2_000))
        await pile.call(words.status(datetime.now(UTC), 1, False))
        billed = await billed_session(api, PILE)
        cdr = await ask(api, "GET", f"/cdrs/{billed['cdrs'][0]}")
        assert (cdr["energy_wh"], Decimal(cdr["price"]["total_incl_tax"])) == (1_500, Decimal("3.00"))
        assert pile.received.empty()


async def test_a_pile_that_refuses_is_believed(server: Server, connect: Connect, words: Words) -> None:
    async with server.api() as api, connected(server, api, connect, words, "FLAT") as pile:
        await pile.answer(words.remote_start, {"status": "Rejected"})
        start = await command(api, {"kind": "RemoteStart", "token_uid": TOKEN, "evse_id": 1})
        refused = await decided(api, start, "rejected")
        assert refused["result"]["status"] == "Rejected"
        # The npm client answers what it does not know with a CALLERROR, PyPI's too.
        reset = await command(api, {"kind": "Reset"})
        failed = await decided(api, reset, "rejected")
        assert "NotImplemented" in failed["error"] or "NotSupported" in failed["error"]


async def command(api: httpx.AsyncClient, request: dict[str, Any]) -> str:
    made = await ask(api, "POST", f"/piles/{PILE}/commands", json=request)
    return str(made["id"])


async def decided(api: httpx.AsyncClient, command_id: str, state: str) -> dict[str, Any]:
    found: dict[str, Any] = await until(
        lambda: ask(api, "GET", f"/commands/{command_id}", params={"wait": 30}),
        lambda command: command["state"] not in ("queued", "sent"),
    )
    assert found["state"] == state, found
    return found


def evse_and_token(asked: dict[str, Any]) -> tuple[int, str]:
    """What a remote start names, in either version."""
    if "idTag" in asked:
        return asked["connectorId"], asked["idTag"]
    return asked["evseId"], asked["idToken"]["idToken"]
