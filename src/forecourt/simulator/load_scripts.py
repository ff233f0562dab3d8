"""What a pile under load says: each script calls, waits for the answer, and calls again.

Payloads are ready-made bytes with a few holes, so that the driver costs little beside the server it drives.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import msgspec

Call = Callable[[bytes, bytes], Awaitable[bytes]]
"""Action and payload of a CALL → payload of its CALLRESULT; anything else raises."""

UPDATES_PER_SESSION = 5
WH_PER_UPDATE = 2_500


class Booted(msgspec.Struct):
    status: str
    interval: int = 1


class _Started(msgspec.Struct):
    transactionId: int  # noqa: N815 (OCPP's spelling)


_booted = msgspec.json.Decoder(Booted)
_started = msgspec.json.Decoder(_Started)

BOOT = {
    "1.6": b'{"chargePointVendor":"Forecourt","chargePointModel":"Load","firmwareVersion":"1"}',
    "2.0.1": (
        b'{"reason":"PowerUp",'
        b'"chargingStation":{"vendorName":"Forecourt","model":"Load","firmwareVersion":"1"}}'
    ),
}
AVAILABLE = {
    "1.6": b'{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"%b"}',
    "2.0.1": b'{"timestamp":"%b","connectorStatus":"Available","evseId":1,"connectorId":1}',
}

AUTHORIZE_16 = b'{"idTag":"%b"}'
START_16 = b'{"connectorId":1,"idTag":"%b","meterStart":%d,"timestamp":"%b"}'
METER_16 = (
    b'{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%b","sampledValue":['
    b'{"value":"%d","measurand":"Energy.Active.Import.Register","unit":"Wh"},'
    b'{"value":"%d","measurand":"Power.Active.Import","unit":"W"},'
    b'{"value":"%d","measurand":"SoC","unit":"Percent"}]}]}'
)
STOP_16 = b'{"transactionId":%d,"idTag":"%b","meterStop":%d,"timestamp":"%b","reason":"EVDisconnected"}'

_ENERGY_201 = b'{"value":%d,"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}}'
STARTED_201 = (
    b'{"eventType":"Started","timestamp":"%b","triggerReason":"Authorized","seqNo":0,'
    b'"transactionInfo":{"transactionId":"%b","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},'
    b'"idToken":{"idToken":"%b","type":"ISO14443"},'
    b'"meterValue":[{"timestamp":"%b","sampledValue":[' + _ENERGY_201 + b"]}]}"
)
UPDATED_201 = (
    b'{"eventType":"Updated","timestamp":"%b","triggerReason":"MeterValuePeriodic","seqNo":%d,'
    b'"transactionInfo":{"transactionId":"%b","chargingState":"Charging"},'
    b'"meterValue":[{"timestamp":"%b","sampledValue":[' + _ENERGY_201 + b","
    b'{"value":%d,"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}},'
    b'{"value":%d,"measurand":"SoC","unitOfMeasure":{"unit":"Percent"}}]}]}'
)
ENDED_201 = (
    b'{"eventType":"Ended","timestamp":"%b","triggerReason":"EVDeparted","seqNo":%d,'
    b'"transactionInfo":{"transactionId":"%b","chargingState":"Idle","stoppedReason":"EVDisconnected"},'
    b'"meterValue":[{"timestamp":"%b","sampledValue":[' + _ENERGY_201 + b"]}]}"
)


def timestamp() -> bytes:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


async def boot(call: Call, version: str) -> Booted:
    """BootNotification and, if it is accepted, the first StatusNotification."""
    booted = _booted.decode(await call(b"BootNotification", BOOT[version]))
    if booted.status == "Accepted":
        await call(b"StatusNotification", AVAILABLE[version] % timestamp())
    return booted


async def session(call: Call, version: str, token: bytes, number: int, key: int) -> None:
    """Started, five Updated with three sampled values each, Ended, Heartbeat (1.6: an Authorize first).

    `number` counts the pile's sessions, so that its register rises; `key` (64 bits) is of this pile and run.
    """
    meter_wh = number * UPDATES_PER_SESSION * WH_PER_UPDATE
    if version == "1.6":
        await _session_16(call, token, meter_wh)
    else:
        await _session_201(call, token, meter_wh, str(UUID(int=(key << 64) + number)).encode())
    await call(b"Heartbeat", b"{}")


async def _session_16(call: Call, token: bytes, meter_wh: int) -> None:
    await call(b"Authorize", AUTHORIZE_16 % token)
    answer = await call(b"StartTransaction", START_16 % (token, meter_wh, timestamp()))
    transaction = _started.decode(answer).transactionId
    for _, wh, power_w, soc in _samples(meter_wh):
        await call(b"MeterValues", METER_16 % (transaction, timestamp(), wh, power_w, soc))
    end_wh = meter_wh + UPDATES_PER_SESSION * WH_PER_UPDATE
    await call(b"StopTransaction", STOP_16 % (transaction, token, end_wh, timestamp()))


async def _session_201(call: Call, token: bytes, meter_wh: int, transaction_id: bytes) -> None:
    at = timestamp()
    await call(b"TransactionEvent", STARTED_201 % (at, transaction_id, token, at, meter_wh))
    for seq_no, wh, power_w, soc in _samples(meter_wh):
        at = timestamp()
        await call(b"TransactionEvent", UPDATED_201 % (at, seq_no, transaction_id, at, wh, power_w, soc))
    at, end_wh = timestamp(), meter_wh + UPDATES_PER_SESSION * WH_PER_UPDATE
    seq_no = UPDATES_PER_SESSION + 1
    await call(b"TransactionEvent", ENDED_201 % (at, seq_no, transaction_id, at, end_wh))


def _samples(meter_wh: int) -> Iterator[tuple[int, int, int, int]]:
    """(number from 1, register in Wh, W, % SoC): a car that takes less as it fills."""
    for number in range(1, UPDATES_PER_SESSION + 1):
        yield number, meter_wh + number * WH_PER_UPDATE, 400_000 - number * 40_000, 20 + number * 10
