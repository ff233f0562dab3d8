"""Calls of a pile over a real socket, with the store on SQLite: DESIGN §3, "What must hold, always"."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.conftest import BOOT, House, Open, until

from forecourt.domain.pile import Registration
from forecourt.domain.session import RejectedMessage, Session
from forecourt.store.errors import EngineError, Status
from forecourt.store.work import Batch, Result

FAILED = Result(Status.FAILED)
V16, V201 = "ocpp1.6", "ocpp2.0.1"


def now(seconds: float = 0) -> str:
    return (
        (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def start(**fields: Any) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": now()} | fields


def meter(transaction_id: int, wh: int) -> dict[str, Any]:
    sample = {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    values = [{"timestamp": now(), "sampledValue": [sample]}]
    return {"connectorId": 1, "transactionId": transaction_id, "meterValue": values}


def stop(transaction_id: int, **fields: Any) -> dict[str, Any]:
    return {"transactionId": transaction_id, "meterStop": 3000, "timestamp": now()} | fields


def event(kind: str, seq_no: int, transaction_id: str = "T1", **fields: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": now(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": transaction_id, "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
    } | fields


def register(wh: int) -> list[dict[str, Any]]:
    sample = {"value": wh, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}}
    return [{"timestamp": now(), "sampledValue": [sample]}]


async def sessions(house: House) -> list[Session]:
    page = await house.sv.store.sessions()
    return [getattr(item, "session", item) for item in page.items]


async def rejected(house: House) -> list[RejectedMessage]:
    return list((await house.sv.store.rejected_messages("CP1")).items)


class Brake:
    """Holds the commits back until it is released."""

    def __init__(self, house: House) -> None:
        self._commit = house.sv.store.commit
        self._execute = self._commit._execute
        self.held: list[tuple[Batch, Callable[..., None]]] = []
        self._commit._execute = self._hold

    def _hold(self, batch: Batch, finished: Callable[..., None]) -> None:
        self.held.append((batch, finished))

    def release(self) -> None:
        self._commit._execute = self._execute
        for batch, finished in self.held:
            self._execute(batch, finished)

    def answer(self, status: Status) -> None:
        """End what is held with this status, without the database."""
        self._commit._execute = self._execute
        for batch, finished in self.held:
            finished([Result(status)] * (len(batch.units) + len(batch.calls)))


# --- a charge from start to stop


async def test_a_charge_of_1_6(house: House) -> None:
    pile = await house.booted(V16)
    assert (await pile.result("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
    assert (await pile.result("Authorize", {"idTag": "BLOCKED"}))["idTagInfo"]["status"] == "Blocked"
    assert (await pile.result("Authorize", {"idTag": "nobody"}))["idTagInfo"]["status"] == "Invalid"
    started = await pile.result("StartTransaction", start())
    assert started["idTagInfo"]["status"] == "Accepted"
    transaction = started["transactionId"]
    assert 1 <= transaction < 2**31
    assert await pile.result("MeterValues", meter(transaction, 2000)) == {}
    assert await pile.result("StopTransaction", stop(transaction)) == {}
    [session] = await sessions(house)
    assert (session.energy_wh, session.ended_at is not None, session.stop_reason) == (2000, True, "Local")


async def test_a_charge_of_2_0_1(house: House) -> None:
    pile = await house.booted(V201)
    token = {"idToken": "TAG1", "type": "ISO14443"}
    assert (await pile.result("Authorize", {"idToken": token}))["idTokenInfo"]["status"] == "Accepted"
    started = await pile.result(
        "TransactionEvent", event("Started", 0, idToken=token, meterValue=register(1000))
    )
    assert started["idTokenInfo"]["status"] == "Accepted"
    assert "idTokenInfo" not in await pile.result(
        "TransactionEvent", event("Updated", 1, meterValue=register(2000))
    )
    await pile.result("TransactionEvent", event("Ended", 2, meterValue=register(3000)))
    [session] = await sessions(house)
    assert (session.transaction_id, session.energy_wh, session.ended_at is not None) == ("T1", 2000, True)


async def test_boot_and_heartbeat_tell_the_time(house: House) -> None:
    for version in (V16, V201):
        pile = await house.connect(protocol=version)
        booted = await pile.result("BootNotification", BOOT[version])
        assert (booted["status"], booted["interval"]) == ("Accepted", 300)
        for told in (booted, await pile.result("Heartbeat", {})):
            at = datetime.fromisoformat(told["currentTime"])
            assert abs(datetime.now(UTC) - at) < timedelta(seconds=10)


async def test_statuses(house: House) -> None:
    pile = await house.booted(V16)
    for connector, status in ((0, "Available"), (1, "Charging"), (2, "Faulted")):
        payload = {
            "connectorId": connector,
            "errorCode": "NoError",
            "status": status,
            "vendorErrorCode": "E7",
        }
        assert await pile.result("StatusNotification", payload) == {}
    detail = await house.sv.store.pile_detail("CP1")
    assert detail is not None
    assert [(evse.evse_id, evse.raw_status, evse.info) for evse in detail.evses] == [
        (0, "Available", "E7"),
        (1, "Charging", "E7"),
        (2, "Faulted", "E7"),
    ]


async def test_what_is_only_kept(house: House) -> None:
    pile = await house.booted(V201)
    component = {"name": "Connector", "evse": {"id": 1, "connectorId": 2}, "instance": "left"}
    data = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Alerting",
        "actualValue": "98",
        "component": component,
        "variable": {"name": "Temperature"},
        "eventNotificationType": "HardWiredNotification",
    }
    notify = {"generatedAt": now(), "seqNo": 0, "eventData": [data, data | {"eventId": 2}]}
    assert await pile.result("NotifyEvent", notify) == {}
    attributes = [{"value": "7"}, {"type": "Target", "value": "8", "mutability": "ReadOnly"}]
    report = [{"component": component, "variable": {"name": "V"}, "variableAttribute": attributes}]
    assert (
        await pile.result(
            "NotifyReport", {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": report}
        )
        == {}
    )
    assert (await pile.result("DataTransfer", {"vendorId": "EVBox", "data": [1]}))[
        "status"
    ] == "UnknownVendorId"
    assert (
        await pile.result("SecurityEventNotification", {"type": "SettingSystemTime", "timestamp": now()})
        == {}
    )
    events = await house.sv.store.device_events("CP1")
    assert sorted((row.kind, row.component, row.variable, row.value) for row in events) == [
        ("DataTransfer", "EVBox", "", ""),
        ("NotifyEvent", "Connector#1.2[left]", "Temperature", "98"),
        ("NotifyEvent", "Connector#1.2[left]", "Temperature", "98"),
        ("SecurityEventNotification", "", "", ""),
    ]
    variables = await house.sv.store.pile_variables("CP1")
    assert {(row.component, row.variable, row.attribute, row.value) for row in variables} == {
        ("Connector#1.2[left]", "V", "Actual", "7"),
        ("Connector#1.2[left]", "V", "Target", "8"),
    }


# --- ack only after commit (field problem 1)


async def test_nothing_is_acknowledged_before_its_commit(house: House) -> None:
    pile = await house.booted()
    brake = Brake(house)
    asked = pile.ask("StartTransaction", start())
    assert await pile.nothing()
    assert await sessions(house) == []
    brake.release()
    assert (await pile.answer(asked))[2]["transactionId"]
    assert len(await sessions(house)) == 1


async def test_what_comes_meanwhile_waits_for_its_turn(house: House) -> None:
    """Nothing decides on uncommitted state; a heartbeat, which writes nothing, keeps its place all the same."""
    pile = await house.booted()
    brake = Brake(house)
    first = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    second = pile.ask("Heartbeat", {})
    assert await pile.nothing()
    brake.release()
    assert [(await pile.message())[1] for _ in range(2)] == [first, second]


async def test_one_pile_does_not_wait_for_another(house: House) -> None:
    await house.add_pile("CP2")
    pile, other = await house.booted(), await house.booted(pile_id="CP2")
    brake = Brake(house)
    asked = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    assert await other.result("Heartbeat", {})
    brake.release()
    await pile.answer(asked)


async def test_a_stale_generation_ends_the_connection_without_an_answer(house: House) -> None:
    pile = await house.booted()
    brake = Brake(house)
    pile.ask("StartTransaction", start())
    await until(lambda: held(brake))
    brake.answer(Status.STALE)
    assert await pile.closed() == 1011
    assert house.gateway.connected == 0


async def held(brake: Brake) -> bool:
    return bool(brake.held)


async def test_an_unknown_outcome_ends_the_connection_without_an_answer(house: House) -> None:
    """The pile sends again, and the repetition is recognised, whether the first was written or not."""
    pile = await house.booted()
    brake = Brake(house)
    payload = start()
    pile.ask("StartTransaction", payload)
    await until(lambda: held(brake))
    batch, finished = brake.held.pop()
    house.sv.store.commit._execute = brake._execute

    def lie(outcome: Sequence[Result] | EngineError) -> None:
        assert not isinstance(outcome, EngineError)
        finished([FAILED for _ in batch.units] + list(outcome)[len(batch.units) :])

    brake._execute(batch, lie)  # it is written all the same
    assert await pile.closed() == 1011
    again = await house.connect()
    assert (await again.result("StartTransaction", payload))["transactionId"]
    assert len(await sessions(house)) == 1


async def test_a_conflict_is_decided_again(house: House) -> None:
    """Field problem 14: no CALLERROR for a conflict of our own."""
    pile = await house.booted()
    brake = Brake(house)
    asked = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    await until(lambda: held(brake))
    brake.answer(Status.CONFLICT)
    assert (await pile.answer(asked))[0] == 3


@pytest.mark.parametrize("status", [Status.CONFLICT, Status.DATA_ERROR])
@pytest.mark.parametrize(
    ("version", "action", "payload", "answer"),
    [
        (V16, "StopTransaction", stop(7), 3),
        (V16, "MeterValues", meter(7, 1), 3),
        (V16, "StartTransaction", start(), 4),
        (V16, "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}, 4),
        (V201, "TransactionEvent", event("Updated", 1), 3),
    ],
)
async def test_what_can_not_be_stored_does_not_come_back_for_ever(
    house: House, status: Status, version: str, action: str, payload: Any, answer: int
) -> None:
    pile = await house.booted(version)
    commit = house.sv.store.commit
    execute = commit._execute

    def refuse(batch: Batch, finished: Callable[..., None]) -> None:
        """Whatever is not evidence."""
        units = [unit for unit in batch.units if type(unit.rows[0]).__name__ != "RejectedMessage"]
        if units:
            results = [Result(status, "because") for _ in batch.units]
            asyncio.get_running_loop().call_soon(
                finished, results + [Result(Status.COMMITTED)] * len(batch.calls)
            )
        else:
            execute(batch, finished)

    asked = pile.ask(action, payload)
    commit._execute = refuse if not commit.pending else commit._execute
    said = await pile.answer(asked)
    assert said[0] == answer
    if answer == 4:
        assert said[2] == "InternalError"
    commit._execute = execute
    kept = await rejected(house)
    evidence = action not in ("StatusNotification",)
    assert [row.action for row in kept] == ([action] if evidence else [])
    assert await pile.result("Heartbeat", {})  # the connection goes on


async def test_an_error_of_our_own_fails_one_message_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pile = await house.booted()

    def broken(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr("forecourt.services.transactions.transaction_event", broken)
    monkeypatch.setattr("forecourt.services.availability.status", broken)
    refused = await pile.call(
        "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
    )
    assert refused[:3] == [4, refused[1], "InternalError"]
    assert await pile.result("StopTransaction", stop(7)) == {}
    [kept] = await rejected(house)
    assert (kept.action, kept.reason) == ("StopTransaction", "handler_failed")
    assert await pile.result("Heartbeat", {})


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
