"""Rows for the store's tests: one of each kind, every field with a value of its own."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from forecourt.domain import records
from forecourt.domain.cdr import Billable, Cdr, CdrToken, issue
from forecourt.domain.command import Command, CommandState, RemoteStart
from forecourt.domain.meter import CURRENT, POWER, REGISTER, SOC, VOLTAGE, MeterValue, Sample
from forecourt.domain.pile import Evse, EvseStatus, Pile, PileBoot, Registration
from forecourt.domain.reading import Reading
from forecourt.domain.session import (
    EvseReading,
    MeterEntry,
    RejectedMessage,
    Session,
    SessionProgress,
    SessionState,
)
from forecourt.domain.station import Station
from forecourt.domain.tariff import Element, Tariff, Usage
from forecourt.domain.token import Token, TokenStatus

NOW = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


STATION = Station(
    id="st-1",
    name="People's Square",
    name_zh="人民广场",
    address="1 People's Avenue",
    city="Shanghai",
    city_zh="上海",
    province="Shanghai",
    lat=31.2304,
    lon=121.4737,
    grid_w=2_000_000,
    tariff_id="day",
)
PILE = Pile(
    id="pile-1",
    station_id="st-1",
    name="A1",
    ocpp_version="2.0.1",
    admission=Registration.PENDING,
    registration=Registration.ACCEPTED,
    max_power_w=600_000,
    max_current_a=600,
    tariff_id="night",
    compression=False,
    vendor="Vendor",
    model="Model",
    serial="S-1",
    firmware="1.2.3",
    booted_at=NOW,
    boot_reason="PowerUp",
    created_at=after(-5),
)
BOOT = PileBoot(
    id="pile-1",
    registration=Registration.PENDING,
    vendor="Other vendor",
    model="Other model",
    serial="S-2",
    firmware="2.0.0",
    booted_at=after(60),
    boot_reason="Watchdog",
)
EVSE = Evse(
    pile_id="pile-1",
    evse_id=1,
    status=EvseStatus.CHARGING,
    raw_status="Occupied",
    error_code="NoError",
    info="fine",
    connectors={1: "Occupied", 2: "Available"},
    since=NOW,
    pile_at=after(-1),
    received_at=after(1),
)
TOKEN = Token(
    uid="AbCd0123",
    type="ISO14443",
    status=TokenStatus.BLOCKED,
    driver="driver 7",
    group_id="fleet",
    brand="brand",
    expires_at=after(86_400),
    created_at=NOW,
)
TARIFF = Tariff(
    id="day",
    name="Day",
    currency="CNY",
    elements=(Element(name="flat", electricity_per_kwh=Decimal("1.05"), service_per_kwh=Decimal("0.45")),),
)
SESSION = Session(
    id=7,
    pile_id="pile-1",
    station_id="st-1",
    evse_id=1,
    connector_id=2,
    transaction_id="tx-7",
    state=SessionState.OPEN,
    token_uid="AbCd0123",
    token_type="ISO14443",
    started_at=NOW,
    started_pile_at=after(-2),
    started_received_at=after(1),
    charging_state="Charging",
    start_register_wh=1000,
    register_wh=2500,
    energy_wh=1500,
    power_w=250_000,
    soc_percent=41.5,
    voltage_v=801.25,
    current_a=312.0,
    reading_at=after(30),
    last_event_at=after(31),
    events=3,
    seen=((0, 4), (6, 6)),
    idle=((after(10), after(20)), (after(25), None)),
    tariff_version="day@0123456789ab",
    cost=Decimal("2.25"),
    currency="CNY",
    cost_at=after(31),
    flags=("late_events", "started_offline"),
    remote_start_id=99,
    reservation_id=3,
    start_key=-(2**63),
    start_message_id="m-1",
    start_content=2**63 - 1,
    clock_offset_s=-1.5,
    settle_at=after(3600),
)
PROGRESS = SessionProgress(
    id=7,
    start_register_wh=1000,
    register_wh=3000,
    energy_wh=2000,
    power_w=240_000,
    soc_percent=43.0,
    voltage_v=802.0,
    current_a=None,
    reading_at=after(60),
    last_event_at=after(61),
    events=4,
    seen=((0, 6),),
    cost=Decimal("3.000001"),
    currency="CNY",
    cost_at=after(61),
)
COMMAND = Command(
    id="c-1",
    pile_id="pile-1",
    request=RemoteStart(token_uid="AbCd0123", evse_id=1),
    state=CommandState.QUEUED,
    requested_by="alice",
    idempotency_key="k-1",
    created_at=NOW,
    expires_at=after(60),
    sent_at=after(1),
    finished_at=after(2),
    remote_start_id=99,
    session_id=7,
    result={"status": "Accepted", "additional": [1, {"x": None}]},
    error="none",
)
REJECTED = RejectedMessage(
    pile_id="pile-1",
    key=-5,
    received_at=NOW,
    action="StopTransaction",
    message_id="m-9",
    reason="unknown_transaction",
    payload='{"transactionId":-1}',
)
OTHERS: tuple[Any, ...] = (
    records.PileCredential(
        pile_id="pile-1", scheme="sha256", salt=b"\x00\xff", digest=bytes(32), created_at=NOW
    ),
    records.Operator(
        username="alice",
        name="Alice",
        role=records.Role.ADMIN,
        password_hash="$argon2id$",
        locale="zh",
        disabled=True,
        created_at=NOW,
    ),
    records.Login(
        digest=b"\x01" * 32, username="alice", csrf="token", created_at=NOW, expires_at=after(3600)
    ),
    records.ApiToken(
        id="t-1",
        name="script",
        role=records.Role.VIEWER,
        digest=b"\x02" * 32,
        created_by="alice",
        created_at=NOW,
        expires_at=after(9),
        revoked_at=after(8),
    ),
    records.AuditEntry(id="0001", at=NOW, actor="alice", action="pile.put", subject="pile-1", detail="…"),
    records.PileVariable(
        pile_id="pile-1",
        component="OCPPCommCtrlr",
        variable="HeartbeatInterval",
        attribute="Actual",
        value="300",
        mutability="ReadWrite",
        reported_at=NOW,
    ),
    records.DeviceEvent(
        pile_id="pile-1",
        key=11,
        at=after(-1),
        received_at=NOW,
        kind="event",
        component="Temp",
        variable="Value",
        value="80",
        payload="{}",
    ),
    records.PileNote(pile_id="pile-1", kind="subprotocol", at=NOW, text="offered ocpp1.5"),
    records.RepairCount(pile_id="pile-1", repair="null_as_absent", count=12, last_at=NOW),
    EvseReading(pile_id="pile-1", evse_id=2, at=NOW, power_w=-5, register_wh=10, data=b"\x90"),
    REJECTED,
)


def values(seconds: float, register_wh: int, power_w: int = 250_000) -> tuple[MeterValue, ...]:
    samples = (
        Sample(REGISTER, register_wh, "Wh", "", "Outlet", "Sample.Periodic"),
        Sample(POWER, power_w, "W"),
        Sample(SOC, 40.5),
        Sample(VOLTAGE, 800.1),
        Sample(CURRENT, 312.5),
    )
    return (MeterValue(after(seconds), samples),)


def entry(
    key: int, seconds: float, register_wh: int, session_id: int = 7, pile_id: str = "pile-1", **more: Any
) -> MeterEntry:
    """A meter message that arrives two seconds after it was measured."""
    fields: dict[str, Any] = {
        "session_id": session_id,
        "pile_id": pile_id,
        "key": key,
        "evse_id": 1,
        "seq_no": key,
        "kind": "updated",
        "at": after(seconds),
        "pile_at": after(seconds),
        "received_at": after(seconds + 2),
        "offline": False,
        "trigger": "MeterValuePeriodic",
        "charging_state": "Charging",
        "data": msgspec.msgpack.encode(values(seconds, register_wh)),
    }
    return MeterEntry(**{**fields, **more})


def progress(session_id: int, events: int) -> SessionProgress:
    return replace(PROGRESS, id=session_id, events=events)


def session(number: int, **more: Any) -> Session:
    """A session without history."""
    fields: dict[str, Any] = {
        "id": number,
        "pile_id": "pile-1",
        "station_id": "st-1",
        "evse_id": 1,
        "transaction_id": f"tx-{number}",
        "started_at": after(number),
        "started_received_at": after(number),
        "last_event_at": after(number),
        "currency": "CNY",
    }
    return Session(**{**fields, **more})


def cdr(session_id: int = 7, revision: int = 1, issued_at: datetime = NOW) -> Cdr:
    usage = Usage(
        start=NOW,
        end=after(600),
        readings=(Reading(NOW, 1000), Reading(after(600), 21_000)),
        idle=(),
        zone="Asia/Shanghai",
    )
    billable = Billable(
        session_id=session_id,
        station_id="st-1",
        pile_id="pile-1",
        evse_id=1,
        connector_id=1,
        token=CdrToken("****0123", "ISO14443"),
        usage=usage,
        tariff=TARIFF,
    )
    return issue(billable, issued_at, revision)
