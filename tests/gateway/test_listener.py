"""Opening handshakes over a raw socket: who is let in, as what, and what the others hear."""

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.conftest import House, Open, until
from tests.gateway.raw_pile import RawPile, basic

from forecourt.domain.pile import Registration
from forecourt.gateway import listener
from forecourt.services import network

PASSWORD = "0123456789abcdef0123456789abcdef01234567"


async def notes(house: House, pile_id: str = "CP1") -> dict[str, str]:
    detail = await house.sv.store.pile_detail(pile_id)
    assert detail is not None
    return {note.kind: note.text for note in detail.notes}


# --- credentials


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/ocpp/CP1", basic("CP1", PASSWORD), 101),
        ("/ocpp/CP1", basic("CP1", bytes.fromhex(PASSWORD)), 101),  # OCPP-J 1.6 §6.2: the key's bytes
        ("/ocpp/CP1", basic("CP1", "wrong"), 401),
        ("/ocpp/CP1", basic("CP1", ""), 401),
        ("/ocpp/CP1", basic("CP2", PASSWORD), 401),  # another pile's name
        ("/ocpp/CP2", basic("CP1", PASSWORD), 401),  # field problem 23: good credentials, another identity
        ("/ocpp/CP1", "Basic nonsense", 401),
        ("/ocpp/CP1", None, 401),
        ("/ocpp/NOBODY", basic("NOBODY", PASSWORD), 401),
        ("/ocpp/NOBODY", None, 401),
        ("/ocpp/BARE", None, 401),  # registered, without any credential
        ("/ocpp/OPEN", None, 101),  # registered without a password, expressly
        ("/ocpp/'%20OR%201=1--", basic("' OR 1=1--", PASSWORD), 401),
    ],
)
async def test_who_is_let_in(open_house: Open, path: str, authorization: str | None, status: int) -> None:
    house = await open_house()
    await house.add_pile("CP1", PASSWORD)
    await house.add_pile("CP2", PASSWORD.upper())
    await house.add_pile("OPEN")
    await network.put_pile(house.sv, await bare(house), "test")
    pile = await house.connect(path, {"Authorization": authorization} if authorization else {})
    assert pile.status == status


async def bare(house: House) -> Any:
    pile = await house.add_pile("TEMPLATE")
    return type(pile)(id="BARE", station_id=pile.station_id)


async def test_a_password_chosen_by_a_person(house: House) -> None:
    await network.choose_password(house.sv, "CP1", "correct horse battery", "test")
    assert (
        await house.connect(headers={"Authorization": basic("CP1", "correct horse battery")})
    ).status == 101
    assert (await house.connect(headers={"Authorization": basic("CP1", "correct horse")})).status == 401


async def test_refusals_do_not_tell_which_ids_exist(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await open_house()
    await house.add_pile("SHA", PASSWORD)
    await house.add_pile("SLOW")
    await network.choose_password(house.sv, "SLOW", "correct horse battery", "test")
    monkeypatch.setattr(listener, "REFUSED_AFTER_S", 0.3)

    async def refused(pile_id: str) -> tuple[float, int, bytes, dict[str, str]]:
        began = time.monotonic()
        pile = await house.connect(f"/ocpp/{pile_id}", {"Authorization": basic(pile_id, "wrong")})
        headers = {name: value for name, value in pile.headers.items() if name != "date"}
        return time.monotonic() - began, pile.status, pile.body, headers

    answers = [await refused(name) for name in ("SHA", "SLOW", "NOBODY")]
    assert answers[0][1:] == answers[1][1:] == answers[2][1:]
    assert answers[0][3]["www-authenticate"].startswith("Basic")
    assert min(answer[0] for answer in answers) >= 0.3  # each waits for the same instant


async def test_failures_are_limited_by_address(open_house: Open) -> None:
    house = await open_house(failed_handshakes_per_minute=3)
    await house.add_pile("CP1", PASSWORD)
    await house.add_pile("CP2", PASSWORD)
    good = {"Authorization": basic("CP1", PASSWORD)}
    assert (await house.connect("/ocpp/CP1", good)).status == 101
    for _ in range(3):
        assert (await house.connect("/ocpp/CP2")).status == 401
    limited = await house.connect("/ocpp/CP2", {"Authorization": basic("CP2", PASSWORD)})
    assert limited.status == 429
    assert 1 <= int(limited.headers["retry-after"]) <= 21
    # A pile that has connected from there is not kept out by its neighbour.
    assert (await house.connect("/ocpp/CP1", good)).status == 101


async def test_the_client_address_behind_a_trusted_proxy(open_house: Open) -> None:
    house = await open_house(failed_handshakes_per_minute=1, trusted_proxies=("127.0.0.0/8",))
    assert (await house.connect("/ocpp/X", {"X-Forwarded-For": "192.0.2.1"})).status == 401
    assert (await house.connect("/ocpp/X", {"X-Forwarded-For": "192.0.2.1"})).status == 429
    assert (await house.connect("/ocpp/X", {"X-Forwarded-For": "192.0.2.2"})).status == 401


# --- unknown piles


async def test_an_unknown_pile_waits_as_pending_where_that_is_allowed(open_house: Open) -> None:
    house = await open_house(unknown_piles="pending")
    pile = await house.connect("/ocpp/NEW%201", protocol="ocpp2.0.1")
    boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
    answer = await pile.result("BootNotification", boot)
    assert answer["status"] == "Pending"
    known = await house.sv.store.pile("NEW 1")
    assert known is not None
    assert known.admission is Registration.PENDING
    assert (await house.connect("/ocpp/NEW%201")).status == 101  # again
    await house.admit("NEW 1", Registration.ACCEPTED)
    assert (await house.connect("/ocpp/NEW%201")).status == 401  # from now on it needs its password
    for no_operator_could_accept in ("x" * 49, "a%2Fb", "a%5Cb"):
        assert (await house.connect("/ocpp/" + no_operator_could_accept)).status == 401


async def test_made_up_ids_do_not_fill_the_database(open_house: Open) -> None:
    house = await open_house(unknown_piles="pending", failed_handshakes_per_minute=3)
    answers = [(await house.connect(f"/ocpp/NEW{number}")).status for number in range(5)]
    assert answers == [101, 101, 101, 429, 429]
    assert (await house.connect("/ocpp/NEW0")).status == 101  # it is known there


# --- identity


@pytest.mark.parametrize("path", ["/ocpp/CP1/", "/CP1", "/a/b/CP1", "/ocpp/CP1?x=1"])
async def test_the_identity_of_every_prefix(house: House, path: str) -> None:
    """Quirk H04 (lbbrhzn/ocpp docs/installation.md, apostoldevel/ocpp-cs#16)."""
    assert (await house.connect(path)).status == 101
    assert house.gateway._hub.registry.get("CP1") is not None


async def test_percent_encoded_identities(open_house: Open) -> None:
    house = await open_house()
    await house.add_pile("RDAM 123")
    assert (await house.connect("/webServices/ocpp/RDAM%20123")).status == 101
    assert (await house.connect("/")).status == 404
    assert (await house.connect("/ocpp/%ff")).status == 404


# --- what is no handshake


async def test_a_request_that_is_no_websocket(house: House) -> None:
    assert (await house.connect(without=("Upgrade", "Connection"))).status == 426


async def test_a_missing_connection_header_is_explained(house: House) -> None:
    """Quirk H02 (lbbrhzn/ocpp#1933, #1984)."""
    pile = await house.connect(without=("Connection",))
    assert pile.status == 400
    assert b"Connection: Upgrade" in pile.body
    assert "Connection: Upgrade" in (await until(lambda: notes(house)))["handshake"]


@pytest.mark.parametrize("header", [("Sec-WebSocket-Key", "short"), ("Sec-WebSocket-Version", "1")])
async def test_a_broken_handshake_does_not_end_the_open_connection(
    house: House, header: tuple[str, str]
) -> None:
    pile = await house.booted()
    broken = await house.connect(headers=dict([header]), without=(header[0],))
    assert broken.status == 400
    assert await pile.result("Heartbeat", {})


async def test_an_endless_request_head_is_refused(house: House) -> None:
    pile = await house.connect(headers={"X-Long": "x" * 100_000})
    assert pile.status == 400


# --- versions


@pytest.mark.parametrize(
    ("registered", "offered", "answered", "served"),
    [
        ("", "ocpp1.6", "ocpp1.6", "ocpp1.6"),
        ("", "ocpp2.0.1, ocpp1.6", "ocpp2.0.1", "ocpp2.0.1"),
        ("", "ocpp1.6,ocpp2.0.1", "ocpp1.6", "ocpp1.6"),
        ("", "ocpp2.1, ocpp2.0.1", "ocpp2.0.1", "ocpp2.0.1"),
        ("2.0.1", None, None, "ocpp2.0.1"),
        ("", None, None, "ocpp1.6"),
    ],
)
async def test_the_version_is_negotiated(
    open_house: Open, registered: str, offered: str | None, answered: str | None, served: str
) -> None:
    house = await open_house()
    await house.add_pile(ocpp_version=registered)
    pile = await house.connect(protocol=offered)
    assert pile.status == 101
    assert pile.headers.get("sec-websocket-protocol") == answered
    connection = house.gateway._hub.registry.get("CP1")
    assert connection is not None
    assert connection.version == served
    if offered is None:
        assert served in (await until(lambda: notes(house)))["version"]


async def test_no_common_version(house: House) -> None:
    """2.0.1 Part 4 §3.2: 101 without the header, and an immediate close; the pile's page says what was offered."""
    pile = await house.connect(protocol="ocpp1.5, ocpp9")
    assert pile.status == 101
    assert "sec-websocket-protocol" not in pile.headers
    assert await pile.closed() == 1002
    assert "ocpp1.5, ocpp9" in (await until(lambda: notes(house)))["version"]
    assert house.gateway.connected == 0


async def test_the_version_may_change_from_connection_to_connection(house: House) -> None:
    """Quirk H06 (lbbrhzn/ocpp#2008; libocpp offers "ocpp2.1, ocpp2.0.1")."""
    first = await house.booted("ocpp2.0.1")
    await first.result("StatusNotification", status_201())
    second = await house.booted("ocpp1.6")
    answer = await second.call(
        "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    )
    assert answer[0] == 3
    assert (await second.call("StatusNotification", status_201()))[0] == 4


def status_201() -> dict[str, Any]:
    return {
        "timestamp": "2026-01-02T03:04:05Z",
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    }


# --- TLS (security profile 2)


async def test_tls(open_house: Open) -> None:
    """The certificate and key beside this file are for this test only; nobody trusts them."""
    folder = Path(__file__).parent / "tls"
    house = await open_house(tls_cert=folder / "cert.pem", tls_key=folder / "key.pem")
    await house.add_pile("CP1", PASSWORD)
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    pile = await house.connect(headers={"Authorization": basic("CP1", PASSWORD)}, tls=context)
    assert pile.status == 101
    assert await pile.result("Heartbeat", {})
    assert house.gateway.url.startswith("wss://")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await RawPile.connect(
            house.port, "/ocpp/CP1"
        )  # field problem 23: no plain socket where TLS is demanded


# --- load and stop


async def test_too_many_handshakes_are_told_to_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MAX_HANDSHAKES", 0)
    pile = await house.connect()
    assert pile.status == 503
    assert int(pile.headers["retry-after"]) > 0


async def test_open_connections_are_no_handshakes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MAX_HANDSHAKES", 1)
    await house.add_pile("CP2")
    assert [(await house.connect(f"/ocpp/{name}")).status for name in ("CP1", "CP2", "NOBODY", "CP2")] == [
        101,
        101,
        401,
        101,
    ]


async def test_a_store_that_can_not_be_asked_is_no_refusal(house: House) -> None:
    await house.sv.store._reader.close()
    house.sv.store.commit.close()
    pile = await house.connect()
    assert pile.status == 503


async def test_a_graceful_stop(house: House) -> None:
    pile = await house.booted()
    stopping = asyncio.create_task(house.gateway.stop())
    assert await pile.closed() == 1012
    await stopping
    owner = (await house.sv.store.pile_detail("CP1")).owner  # type: ignore[union-attr]
    assert not owner.online
    with pytest.raises(OSError, match="Connect call failed"):
        await RawPile.connect(house.port, "/ocpp/CP1")
