"""What must hold after a fault: every acknowledged message is there, each session once, no energy lost or doubled."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
from tests.e2e import database
from tests.e2e.network import TOKEN, ask, every
from tests.e2e.retrying import Done, RetryingPile
from tests.e2e.server import Server
from tests.e2e.until import until


async def assert_nothing_lost(server: Server, piles: Sequence[RetryingPile], database_url: str = "") -> None:
    true = {(pile.login.pile_id, done.charge.transaction_id): done for pile in piles for done in pile.done}
    assert len(true) == sum(len(pile.done) for pile in piles)
    async with server.api() as api:
        sessions = await every(api, "/sessions")
        assert_each_once(sessions, true)
        await until(lambda: billed(api), lambda count: count >= len(true))
        assert_billed_once(sessions, await every(api, "/cdrs"), true)
        for session in sessions:
            await assert_measured(api, session, true[session["pile_id"], session["transaction_id"]])
    energy = await database.rows(server, "SELECT sum(energy_wh) FROM session", database_url)
    assert energy[0][0] == sum(done.energy_wh for done in true.values())


async def billed(api: httpx.AsyncClient) -> int:
    """How many sessions have a CDR."""
    return len({cdr["session_id"] for cdr in await every(api, "/cdrs")})


def assert_each_once(sessions: Sequence[dict[str, Any]], true: dict[tuple[str, str], Done]) -> None:
    found = Counter((session["pile_id"], session["transaction_id"]) for session in sessions)
    assert found == Counter(true.keys())
    for session in sessions:
        done = true[session["pile_id"], session["transaction_id"]]
        assert session["energy_wh"] == done.energy_wh, session
        assert session["token_uid"] == TOKEN
        assert instant(session["started_at"]) == done.readings[0][0]
        assert instant(session["ended_at"]) == done.readings[-1][0]
        assert not {"meter_decreased", "meter_implausible"} & set(session["flags"]), session


def assert_billed_once(
    sessions: Sequence[dict[str, Any]], cdrs: Sequence[dict[str, Any]], true: dict[tuple[str, str], Done]
) -> None:
    """Credits count negative: what a session is billed with is the sum of its CDRs."""
    energy: Counter[int] = Counter()
    for cdr in cdrs:
        energy[cdr["session_id"]] += cdr["energy_wh"]
    for session in sessions:
        done = true[session["pile_id"], session["transaction_id"]]
        assert energy[session["id"]] == done.energy_wh, session
    assert energy.total() == sum(done.energy_wh for done in true.values())


async def assert_measured(api: httpx.AsyncClient, session: dict[str, Any], done: Done) -> None:
    points = (await ask(api, "GET", f"/sessions/{session['id']}/meter-values"))["items"]
    measured = [(instant(point["at"]), point["register_wh"]) for point in points]
    assert measured == done.readings, session


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
