"""What must not be there is refused clearly, nothing is lost by it, and the others are served meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from tests.e2e import database
from tests.e2e.disk import disk_under
from tests.e2e.messages import WORDS, Charge, Words
from tests.e2e.network import TOKEN, add_pile, ask, at, billed_session, every, open_station
from tests.e2e.nothing_lost import assert_nothing_lost
from tests.e2e.piles import Login
from tests.e2e.raw import HEARTBEAT, RawPile, answered_meanwhile, raw_pile
from tests.e2e.retrying import RetryingPile, charging
from tests.e2e.server import Server, serving
from tests.e2e.until import until

FRAME_LIMIT = 65_536


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all the tests whose piles have ids of their own."""
    settings = {"failed_handshakes_per_minute": "1000", "max_frame_bytes": str(FRAME_LIMIT)}
    with serving(tmp_path_factory.mktemp("bad_input"), **settings) as server:
        asyncio.run(_open(server))
        yield server
        assert server.errors() == []


async def _open(server: Server) -> None:
    async with server.api() as api:
        await open_station(api)


@pytest.fixture(params=["1.6", "2.0.1"])
def words(request: pytest.FixtureRequest) -> Words:
    return WORDS[request.param]


@asynccontextmanager
async def booted(
    server: Server, pile_id: str, words: Words
) -> AsyncIterator[tuple[httpx.AsyncClient, RawPile]]:
    """A pile that has booted, while another one's heartbeats are answered."""
    async with server.api() as api:
        other = await add_pile(server, api, f"{pile_id} next door", words.protocol)
        login = await add_pile(server, api, pile_id, words.protocol)
        async with answered_meanwhile(other), raw_pile(login) as pile:
            assert (await pile.call(words.boot()))["status"] == "Accepted"
            yield api, pile


async def charge(pile: RawPile, words: Words, token: str, registers: tuple[int, ...]) -> Charge:
    """A whole charge, with the meter read so many times."""
    charge = Charge(token)
    words.started(charge, await pile.call(words.start(charge, now(), registers[0])))
    for register_wh in registers[1:-1]:
        await pile.call(words.meter(charge, now(), register_wh, 50_000, 50))
    await pile.call(words.stop(charge, now(), registers[-1]))
    await pile.call(words.status(now(), 1, False))
    return charge


def now() -> datetime:
    return datetime.now(UTC)


# --- who may come in


async def test_unknown_ids_and_wrong_passwords_are_refused_alike(shared: Server) -> None:
    async with shared.api() as api:
        known = await add_pile(shared, api, "known", "ocpp2.0.1")
        other = await add_pile(shared, api, "other", "ocpp2.0.1")
    strangers = {
        "unknown id": replace(known, pile_id="unknown"),
        "wrong password": replace(known, password="0" * 40),
        "no password": replace(known, password=""),
        "SQL for an id": replace(known, pile_id="' OR '1'='1"),
        "SQL for a password": replace(known, password="' OR '1'='1' --"),
    }
    refusals = {name: await refusal(login) for name, login in strangers.items()}
    refusals["the credential of another"] = await refusal(known, other.header())
    assert set(refusals.values()) == {(401, b"Unauthorized\n", 'Basic realm="OCPP", charset="UTF-8"')}, (
        refusals
    )
    async with raw_pile(known) as pile:
        assert "currentTime" in await pile.call(HEARTBEAT)


async def refusal(login: Login, authorization: str = "") -> tuple[int, bytes, str]:
    header = authorization or (login.header() if login.password else "")
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(
            login.full_url(),
            subprotocols=[websockets.Subprotocol(login.protocol)],
            additional_headers={"Authorization": header} if header else {},
        )
    response = refused.value.response
    return response.status_code, bytes(response.body), response.headers["WWW-Authenticate"]


async def test_who_guesses_passwords_has_to_wait_and_the_pile_has_not(tmp_path: Path) -> None:
    with serving(tmp_path, failed_handshakes_per_minute="3") as server:
        await _open(server)
        async with server.api() as api:
            known = await add_pile(server, api, "known", "ocpp1.6")
        async with raw_pile(known):
            pass
        statuses = []
        for number in range(5):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(f"{known.url}/guess{number}")
            statuses.append(refused.value.response.status_code)
        assert statuses == [401, 401, 401, 429, 429]
        assert int(refused.value.response.headers["Retry-After"]) >= 1
        async with raw_pile(known) as pile:
            assert "currentTime" in await pile.call(HEARTBEAT)
        assert server.errors() == []


# --- frames

MALFORMED: dict[str, list[tuple[str, list[str] | None]]] = {
    "1.6": [
        ("hello", None),
        ("[]", None),
        ('[2,"m1"', ["m1", "FormationViolation"]),
        ('[2,"m2","Heartbeat",{]', ["m2", "FormationViolation"]),
        ('[2,"m3","Heartbeat",[]]', ["m3", "FormationViolation"]),
        ('[2,"m4","Heartbeat"]', ["m4", "ProtocolError"]),
        ('[2,"m5","NoSuchAction",{}]', ["m5", "NotImplemented"]),
        ('[2,"m6","Authorize",{}]', ["m6", "OccurenceConstraintViolation"]),
        ('[2,"m7","Authorize",{"idTag":{}}]', ["m7", "TypeConstraintViolation"]),
        (f'[2,"{"i" * 37}","Heartbeat",{{}}]', ["i" * 37, "GenericError"]),
        ('[3,"never asked",{}]', None),
        ('[9,"m8","Heartbeat",{}]', None),
        ('[2,"m9","Heartbeat",' + "[" * 30_000, ["m9", "FormationViolation"]),
    ],
    "2.0.1": [
        ("hello", ["-1", "RpcFrameworkError"]),
        ("[]", ["-1", "RpcFrameworkError"]),
        ('[2,"m1"', ["m1", "RpcFrameworkError"]),
        ('[2,"m2","Heartbeat",{]', ["m2", "FormatViolation"]),
        ('[2,"m3","Heartbeat",[]]', ["m3", "ProtocolError"]),
        ('[2,"m4","Heartbeat"]', ["m4", "RpcFrameworkError"]),
        ('[2,"m5","NoSuchAction",{}]', ["m5", "NotImplemented"]),
        ('[2,"m6","Authorize",{}]', ["m6", "OccurrenceConstraintViolation"]),
        ('[2,"m7","Authorize",{"idToken":7}]', ["m7", "TypeConstraintViolation"]),
        ('[3,"never asked",{}]', None),
        ('[9,"m8","Heartbeat",{}]', ["m8", "MessageTypeNotSupported"]),
        ('[2,"m9","Heartbeat",' + "[" * 30_000, ["m9", "FormatViolation"]),
    ],
}


async def test_a_malformed_frame_gets_its_error_and_the_connection_goes_on(
    shared: Server, words: Words
) -> None:
    async with booted(shared, f"malformed {words.version}", words) as (_, pile):
        for text, answer in MALFORMED[words.version]:
            await pile.send(text)
            if answer is not None:
                kind, message_id, code, *_ = await pile.next_frame()
                assert (kind, [message_id, code]) == (4, answer), text
            # What is not answered left nothing behind either: the next frame in is the heartbeat's.
            assert "currentTime" in await pile.call(HEARTBEAT)


async def test_an_oversized_frame_ends_its_own_connection_only(shared: Server, words: Words) -> None:
    name = f"oversized {words.version}"
    async with booted(shared, name, words) as (api, pile):
        running = Charge(TOKEN)
        words.started(running, await pile.call(words.start(running, now(), 100)))
        await pile.send('[2,"big","Heartbeat",{"x":"' + "x" * FRAME_LIMIT + '"}]')
        with pytest.raises(websockets.ConnectionClosed):
            await pile.next_frame()
        assert pile.socket.close_code == 1009
        login = await add_pile(shared, api, name, words.protocol)
        async with raw_pile(login) as again:
            await again.call(words.stop(running, now(), 1_100))
            await again.call(words.status(now(), 1, False))
        assert (await billed_session(api, name))["energy_wh"] == 1_000


async def test_a_binary_frame_is_no_ocpp(shared: Server, words: Words) -> None:
    async with booted(shared, f"binary {words.version}", words) as (_, pile):
        await pile.send(b'[2,"b","Heartbeat",{}]')
        with pytest.raises(websockets.ConnectionClosed):
            await pile.next_frame()
        assert pile.socket.close_code == 1003


# --- contents


@pytest.mark.parametrize(
    ("pile_id", "token"),
    [
        ("x'; DROP TABLE session; --", "'; DELETE FROM cdr;"),
        ("充电桩 №7 🚗 %2F?#&", "司机·张三"),
        ("<script>alert(1)</script>".replace("/", "∕"), '"><img src=x>'),
        ("../../etc".replace("/", "∕") + " {{7*7}}", "{{7*7}}"),
    ],
)
async def test_ids_are_only_names(shared: Server, words: Words, pile_id: str, token: str) -> None:
    name = f"{pile_id} {words.version}"
    async with booted(shared, name, words) as (api, pile):
        await ask(api, "PUT", f"/tokens/{at(token)}", json={})
        begun = await charge(pile, words, token, (0, 500, 1_000))
        session = await billed_session(api, name)
        assert (session["pile_id"], session["token_uid"]) == (name, token)
        assert (session["energy_wh"], session["flags"]) == (1_000, [])
    stored = await database.rows(shared, "SELECT pile_id, transaction_id, energy_wh FROM session")
    assert (name, begun.transaction_id, 1_000) in list(stored)


async def test_negative_meters_are_never_billed(shared: Server, words: Words) -> None:
    name = f"negative {words.version}"
    async with booted(shared, name, words) as (api, pile):
        await charge(pile, words, TOKEN, (-500, 100, -2_147_483_648, 1_100))
        session = await billed_session(api, name)
        assert session["energy_wh"] == 1_000
        [cdr] = [await ask(api, "GET", f"/cdrs/{cdr_id}") for cdr_id in session["cdrs"]]
        assert (cdr["energy_wh"], float(cdr["price"]["total_incl_tax"])) == (1_000, 2.0)


@pytest.mark.parametrize("transaction_id", [0, -1, 987_654])
async def test_a_stop_of_nothing_is_acknowledged_and_kept(shared: Server, transaction_id: int) -> None:
    words, name = WORDS["1.6"], f"stray {transaction_id}"
    async with booted(shared, name, words) as (api, pile):
        stray = Charge(TOKEN, transaction_id=str(transaction_id))
        assert words.token_status(await pile.call(words.stop(stray, now(), 1_000))) == "Accepted"
        assert await pile.call(words.meter(stray, now(), 1_000, 0, 50)) == {}
        assert await every(api, "/sessions", pile_id=name) == []
    kept = await database.rows(shared, "SELECT pile_id, action FROM rejected_message")
    assert (name, "StopTransaction") in list(kept)


async def test_an_unknown_token_is_refused_and_its_energy_kept(shared: Server, words: Words) -> None:
    name = f"unknown token {words.version}"
    async with booted(shared, name, words) as (api, pile):
        charge_ = Charge("NOBODY")
        started = await pile.call(words.start(charge_, now(), 0))
        assert words.token_status(started) in ("Invalid", "Unknown")
        words.started(charge_, started)
        await pile.call(words.stop(charge_, now(), 7))
        await pile.call(words.status(now(), 1, False))
        session = await billed_session(api, name)
        assert (session["energy_wh"], session["flags"]) == (7, ["token_not_accepted"])


async def test_the_api_says_what_is_wrong(shared: Server) -> None:
    wrong: list[tuple[str, str, Any, int, str]] = [
        ("GET", "/piles/nobody", None, 404, "nobody"),
        ("GET", "/sessions/999999999", None, 404, "999999999"),
        ("GET", "/sessions?pile=1", None, 400, "pile"),
        ("PUT", "/piles/new", {"station_id": "nowhere"}, 422, "nowhere"),
        ("PUT", "/piles/new", {"station_id": 7}, 422, "station_id"),
        ("PUT", "/stations/new", {"name": "x", "lat": 91, "lon": 0}, 422, "lat"),
        ("POST", "/piles/nobody/commands", {"kind": "Reset"}, 404, "nobody"),
    ]
    async with shared.api() as api:
        for method, path, body, status, part in wrong:
            answer = await api.request(method, path, json=body)
            assert answer.headers["content-type"].startswith("application/problem+json"), path
            problem = answer.json()
            assert (answer.status_code, problem["status"]) == (status, status), problem
            assert part in problem["detail"], problem


# --- a full disk


async def test_a_full_disk_delays_acks_and_loses_nothing(tmp_path: Path, words: Words) -> None:
    with disk_under(tmp_path / "data") as disk, serving(tmp_path) as server:
        await _open(server)
        async with booted(server, "full", words) as (api, pile):
            running = Charge(TOKEN)
            words.started(running, await pile.call(words.start(running, now(), 1_000)))
            disk.fill(server)
            waiting = asyncio.create_task(pile.call(words.meter(running, now(), 2_000, 50_000, 50)))
            await until(lambda: readiness(server), lambda ready: ready["checks"]["commit"] != "ok")
            assert not waiting.done()
            disk.free(server)
            await waiting
            await until(lambda: readiness(server), lambda ready: bool(ready["ready"]))
            await pile.call(words.stop(running, now(), 3_000))
            await pile.call(words.status(now(), 1, False))
            session = await billed_session(api, "full")
            assert session["energy_wh"] == 2_000
            points = (await ask(api, "GET", f"/sessions/{session['id']}/meter-values"))["items"]
            assert [point["register_wh"] for point in points] == [1_000, 2_000, 3_000]
        assert_said(server)


def assert_said(server: Server) -> None:
    said = [record for record in server.log() if record["level"] in ("warning", "error")]
    assert any("disk" in str(record) for record in said), said


async def readiness(server: Server) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=server.running.url, timeout=30) as client:
        ready: dict[str, Any] = (await client.get("/readyz")).json()
        return ready


@pytest.mark.slow
async def test_a_disk_that_stays_full_drops_piles_until_it_is_free(tmp_path: Path) -> None:
    """Longer than a failing write is retried: the piles are cut off, come back, and send again what had no answer."""
    with disk_under(tmp_path / "data") as disk, serving(tmp_path, settle_wait="2") as server:
        await _open(server)
        piles = []
        async with server.api() as api:
            for version, words in WORDS.items():
                login = await add_pile(server, api, f"full {version}", words.protocol)
                piles.append(RetryingPile(login, words, 1))
        async with charging(piles):
            await asyncio.sleep(1)
            disk.fill(server)
            await until(interruptions(piles), all)
            disk.free(server)
            await asyncio.sleep(1)
        await assert_nothing_lost(server, piles)


def interruptions(piles: list[RetryingPile]) -> Any:
    async def counted() -> list[int]:
        return [pile.interrupted.total() for pile in piles]

    return counted
