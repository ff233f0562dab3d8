"""What stored meter messages say: blocks and tail put together, each message once, in order."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from forecourt.domain.meter import CURRENT, POWER, REGISTER, SOC, VOLTAGE, MeterValue, value_of
from forecourt.domain.reading import Reading
from forecourt.domain.session import Session
from forecourt.domain.session_fold import registers
from forecourt.store.meter_block import unpack_block
from forecourt.store.meter_pack import MeterRecord, unpack_entry

_NEVER = datetime.max.replace(tzinfo=UTC)


class MeterPoint(msgspec.Struct, frozen=True):
    """What a pile measured at one instant (corrected time): W, Wh, %, V, A; None where it said nothing."""

    at: datetime
    power_w: float | None
    register_wh: float | None
    soc_percent: float | None
    voltage_v: float | None
    current_a: float | None


def joined(entries: Iterable[bytes], blocks: Iterable[bytes]) -> list[MeterRecord]:
    """The messages of tail and blocks, each once, by (seq_no, pile time, arrival); what has no seq_no or time comes last.

    A message may be in both: one that is repeated after its block was made is in the tail again.
    """
    found = {record.key: record for block in blocks for record in unpack_block(block)}
    for record in map(unpack_entry, entries):
        found.setdefault(record.key, record)
    return sorted(found.values(), key=_order)


def _order(record: MeterRecord) -> tuple[bool, int, datetime, datetime]:
    seq_no = record.seq_no
    return seq_no is None, seq_no or 0, record.pile_at or _NEVER, record.received_at


def readings_of(session: Session, records: Iterable[MeterRecord]) -> tuple[Reading, ...]:
    """The session's register readings in the order of time, then arrival, as `session_fold` has gathered them.

    It leaves out what arrives after the session's end with a time beyond it.
    """
    found: dict[Reading, None] = {}
    for record in sorted(records, key=lambda record: record.received_at):
        late = session.ended_received_at is not None and record.received_at > session.ended_received_at
        for reading in registers(record.values):
            if not (late and session.ended_at is not None and reading.at > session.ended_at):
                found[reading] = None
    return tuple(sorted(found, key=lambda reading: reading.at))


def points_of(records: Iterable[MeterRecord]) -> list[MeterPoint]:
    """What a plot shows, in the order of time."""
    points = [
        _point(value.at or record.at, value) for record in records for value in record.values if value.samples
    ]
    return sorted(points, key=lambda point: point.at)


def _point(at: datetime, value: MeterValue) -> MeterPoint:
    power, register, soc, voltage, current = (
        value_of((value,), measurand) for measurand in (POWER, REGISTER, SOC, VOLTAGE, CURRENT)
    )
    return MeterPoint(at, power, register, soc, voltage, current)
