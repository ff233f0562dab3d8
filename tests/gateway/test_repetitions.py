"""What must hold over a real socket, always: repetitions, registrations, takeovers, refusals, shedding (DESIGN §3)."""

import asyncio
from typing import Any

import pytest
from tests.gateway.conftest import BOOT, House, Open, until
from tests.gateway.messages import (
    V16,
    V201,
    Brake,
    event,
    held,
    meter,
    now,
    register,
    rejected,
    sessions,
    start,
    stop,
)

from forecourt.domain.pile import Registration

# --- repetitions (field problems 2, 3)


async def test_a_repeated_frame_gets_the_same_answer(house: House) -> None:
    """Quirk R06 (MicroOcpp#50, citrineos#212, OCPP.Core#36): four times the same call, one transaction."""
    pile = await house.booted()
    brake = Brake(house)
    payload = start()
    for _ in range(4):
        pile.ask("StartTransaction", payload, "same")
    await until(lambda: held(brake))
    brake.release()
    answers = [await pile.message() for _ in range(4)]
    assert len({str(answer) for answer in answers}) == 1
    assert await pile.call("StartTransaction", payload, "same") == answers[0]  # and later, from memory
    assert len(await sessions(house)) == 1
    assert house.gateway.stats.repeated == 4


async def test_a_replayed_start_on_another_connection(house: House) -> None:
    payload = start()
    first = await (await house.booted()).result("StartTransaction", payload)
    again = await house.connect()
    assert await again.result("StartTransaction", payload) == first
    changed = await again.result("StartTransaction", payload | {"meterStart": 1001})
    assert changed["transactionId"] != first["transactionId"]
    assert len(await sessions(house)) == 2


async def test_a_replayed_start_of_an_ended_session(house: House) -> None:
    payload = start()
    pile = await house.booted()
    first = await pile.result("StartTransaction", payload)
    await pile.result("StopTransaction", stop(first["transactionId"]))
    again = await house.booted()
    assert await again.result("StartTransaction", payload) == first
    [session] = await sessions(house)
    assert session.ended_at is not None


async def test_repeated_meter_values_and_stops_count_once(house: House) -> None:
    pile = await house.booted()
    transaction = (await pile.result("StartTransaction", start()))["transactionId"]
    values, ending = meter(transaction, 2000), stop(transaction)
    for _ in range(2):
        pile = await house.connect()
        assert await pile.result("MeterValues", values) == {}
        assert await pile.result("StopTransaction", ending) == {}
    [session] = await sessions(house)
    assert session.energy_wh == 2000


async def test_an_updated_after_ended_reopens_nothing(house: House) -> None:
    """Field problem 5, quirk T14 (lbbrhzn/ocpp#2135)."""
    pile = await house.booted(V201)
    await pile.result("TransactionEvent", event("Started", 0, meterValue=register(1000)))
    await pile.result("TransactionEvent", event("Ended", 2, meterValue=register(3000)))
    await pile.result("TransactionEvent", event("Updated", 1, offline=True, meterValue=register(2000)))
    [session] = await sessions(house)
    assert session.ended_at is not None
    assert (session.energy_wh, session.seen) == (2000, ((0, 2),))


# --- unknown ids (field problem 4)


@pytest.mark.parametrize("transaction_id", [0, -1, 424242])
async def test_a_stop_for_an_unknown_transaction_is_evidence(house: House, transaction_id: int) -> None:
    """Quirks T02, T04 (mikuso/ocpp-rpc#82, connectorio-addons#199, OCPP.Core#34)."""
    pile = await house.booted()
    open_one = (await pile.result("StartTransaction", start()))["transactionId"]
    assert open_one != transaction_id
    assert await pile.result("StopTransaction", stop(transaction_id)) == {}
    [kept] = await rejected(house)
    assert kept.reason == "unknown_transaction"
    [session] = await sessions(house)
    assert session.ended_at is None


# --- registrations


@pytest.mark.parametrize(
    ("admission", "word"), [(Registration.PENDING, "Pending"), (Registration.REJECTED, "Rejected")]
)
async def test_a_2_0_1_pile_that_is_not_accepted_is_not_served(
    open_house: Open, admission: Registration, word: str
) -> None:
    """B01.FR.10, B02.FR.09, B03.FR.07."""
    house = await open_house()
    await house.add_pile(admission=admission)
    pile = await house.connect(protocol=V201)
    assert (await pile.result("BootNotification", BOOT[V201]))["status"] == word
    for action, payload in (("Heartbeat", {}), ("TransactionEvent", event("Started", 0))):
        assert (await pile.call(action, payload))[2] == "SecurityError"
    assert await sessions(house) == []
    reported = await pile.call("NotifyReport", {"requestId": 1, "generatedAt": now(), "seqNo": 0})
    assert reported[0] == (3 if admission is Registration.PENDING else 4)


@pytest.mark.parametrize("admission", [Registration.PENDING, Registration.REJECTED])
async def test_transaction_messages_of_1_6_are_always_kept(open_house: Open, admission: Registration) -> None:
    house = await open_house()
    await house.add_pile(admission=admission)
    pile = await house.booted(V16)
    transaction = (await pile.result("StartTransaction", start()))["transactionId"]
    assert await pile.result("MeterValues", meter(transaction, 2000)) == {}
    assert await pile.result("StopTransaction", stop(transaction)) == {}
    assert await pile.result("Heartbeat", {})
    assert (await pile.call("Authorize", {"idTag": "TAG1"}))[2] == "SecurityError"
    [session] = await sessions(house)
    assert session.energy_wh == 2000


async def test_a_pile_that_never_booted_is_served_if_the_operator_admits_it(house: House) -> None:
    """Quirk H12 (vasyas/charger-simulator): StartTransaction first, no boot ever."""
    pile = await house.connect()
    assert (await pile.result("StartTransaction", start()))["transactionId"]
    known = await house.sv.store.pile("CP1")
    assert known is not None
    assert known.registration is Registration.NEW


async def test_the_registration_outlives_the_connection(house: House) -> None:
    """Field problem 12's other half: most piles come back after an outage without a new boot."""
    await house.booted(V201)
    again = await house.connect(protocol=V201)
    assert (await again.call("TransactionEvent", event("Started", 0)))[0] == 3


# --- takeover (field problems 9, 10, 11)


async def test_the_newest_connection_wins_at_once(house: House) -> None:
    old = await house.booted()
    new = await house.connect()
    assert await old.closed() == 1000
    assert house.gateway.connected == 1
    assert await new.result("Heartbeat", {})
    detail = await house.sv.store.pile_detail("CP1")
    assert detail is not None
    assert detail.owner.online


async def test_a_takeover_does_not_wait_for_the_old_peer(house: House) -> None:
    """Quirk H08 (ts-ocpp#19, ocpp-go#314): the first is half-open; its late end changes nothing."""
    old = await house.booted()
    old.reader._transport.pause_reading()  # type: ignore[attr-defined]  # it answers no close frame
    new = await asyncio.wait_for(house.connect(), 1)
    assert await new.result("StartTransaction", start())
    old.cut()
    await asyncio.sleep(0.05)
    assert house.gateway.connected == 1
    assert await new.result("Heartbeat", {})


async def test_what_the_old_connection_still_had_under_way_changes_nothing(house: House) -> None:
    old = await house.booted()
    brake = Brake(house)
    payload = start()
    old.ask("StartTransaction", payload)
    await until(lambda: held(brake))
    connecting = asyncio.create_task(house.connect())
    await asyncio.sleep(0.05)
    brake.release()
    new = await connecting
    assert (await new.result("StartTransaction", payload))["transactionId"]
    assert len(await sessions(house)) == 1
    assert await old.closed() in (1000, 1006)


async def test_connections_that_race(house: House) -> None:
    piles = await asyncio.gather(*(house.connect() for _ in range(10)))
    await until(lambda: exactly_one(house))
    alive = []
    for pile in piles:
        try:
            alive.append(await pile.result("Heartbeat", {}))
        except (AssertionError, asyncio.IncompleteReadError, ConnectionError):
            continue
    assert len(alive) == 1


async def exactly_one(house: House) -> bool:
    return house.gateway.connected == 1


# --- refusals


@pytest.mark.parametrize(
    ("version", "action", "code"),
    [
        (V16, "Nonsense", "NotImplemented"),
        (V16, "Reset", "NotSupported"),  # of the standard, but not for us to do
        (V16, "SignCertificate", "NotSupported"),
        (V201, "Nonsense", "NotImplemented"),
        (V201, "Get15118EVCertificate", "NotSupported"),
        (V201, "StartTransaction", "NotImplemented"),
    ],
)
async def test_actions_without_a_route(house: House, version: str, action: str, code: str) -> None:
    pile = await house.booted(version)
    assert (await pile.call(action, {}))[2] == code


@pytest.mark.parametrize(
    ("version", "action", "payload", "code"),
    [
        (V16, "Authorize", {}, "OccurenceConstraintViolation"),
        (V201, "Authorize", {}, "OccurrenceConstraintViolation"),
        (V16, "BootNotification", {"chargePointVendor": []}, None),
        (V201, "Authorize", {"idToken": {"idToken": 7, "type": "Nothing"}}, "PropertyConstraintViolation"),
    ],
)
async def test_what_can_not_be_read_is_refused(
    house: House, version: str, action: str, payload: Any, code: str | None
) -> None:
    pile = await house.booted(version)
    answer = await pile.call(action, payload)
    assert answer[0] == 4
    assert answer[2] == (code or answer[2])
    assert await pile.result("Heartbeat", {})


@pytest.mark.parametrize(
    ("action", "payload", "kind"),
    [
        ("StopTransaction", {"transactionId": 7}, 3),
        ("MeterValues", {"connectorId": 1}, 3),
        ("StartTransaction", {"connectorId": 1}, 4),
    ],
)
async def test_unreadable_transaction_messages_are_evidence(
    house: House, action: str, payload: Any, kind: int
) -> None:
    """Field problem 18: refusing everything loses transactions."""
    pile = await house.booted()
    assert (await pile.call(action, payload))[0] == kind
    [kept] = await rejected(house)
    assert kept.action == action
    assert kept.reason.startswith("unreadable")


# --- back-pressure


async def test_a_pile_that_does_not_wait_is_slowed_down_not_refused(house: House) -> None:
    pile = await house.booted()
    brake = Brake(house)
    asked = [pile.ask("MeterValues", meter(0, number)) for number in range(100)]
    await until(lambda: held(brake))
    await asyncio.sleep(0.05)
    connection = house.gateway._hub.registry.get("CP1")
    assert connection is not None
    assert len(connection.mailbox.waiting) <= 16
    brake.release()
    assert [(await pile.message())[1] for _ in asked] == asked


async def test_work_of_little_weight_waits_when_the_database_falls_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN §3: load is shed by delaying acks, transactions last."""
    pile = await house.booted()
    pending = 0
    monkeypatch.setattr(house.gateway._hub.gate, "_pending", lambda: pending)
    pending = 5_000
    meter_values = pile.ask("MeterValues", meter(0, 1))
    assert await pile.nothing()
    pending = 4_000
    assert (await pile.answer(meter_values))[0] == 3
    pending = 1_000_000
    assert (await pile.result("StartTransaction", start()))["transactionId"]
    refused = await house.connect()
    assert refused.status == 503


async def test_boots_are_put_off_when_the_database_falls_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pile = await house.booted(V201)
    monkeypatch.setattr(house.gateway._hub.gate, "_pending", lambda: 10_000)
    answers = [await pile.result("BootNotification", BOOT[V201]) for _ in range(20)]
    assert {answer["status"] for answer in answers} == {"Pending"}
    assert len({answer["interval"] for answer in answers}) > 1  # they do not all come back together
    known = await house.sv.store.pile("CP1")
    assert known is not None
    assert known.registration is Registration.ACCEPTED


async def test_a_stop_finishes_what_is_under_way(house: House) -> None:
    pile = await house.booted()
    brake = Brake(house)
    first = pile.ask("StartTransaction", start())
    await until(lambda: held(brake))
    second = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(house.gateway.stop())
    await asyncio.sleep(0.05)
    pile.ask("Heartbeat", {})  # a new call: not read any more
    brake.release()
    assert [(await pile.message())[1] for _ in range(2)] == [first, second]
    assert await pile.closed() == 1012
    await stopping
    assert len(await sessions(house)) == 1
