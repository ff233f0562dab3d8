"""What stored meter messages say: blocks and tail put together, each message once, in order."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain

import msgspec

from forecourt.domain.meter import CURRENT, POWER, REGISTER, SOC, VOLTAGE, MeterValue, latest
from forecourt.store.meter_block import unpack_block
from forecourt.store.meter_pack import MeterRecord, unpack_entry

_PLOTTED = (POWER, REGISTER, SOC, VOLTAGE, CURRENT)
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

    A message that is repeated after its block was made is there twice: the first one counts.
    """
    found: dict[int, MeterRecord] = {}
    packed = chain.from_iterable(map(unpack_block, blocks))
    for record in chain(packed, map(unpack_entry, entries)):
        known = found.get(record.key)
        if known is None or record.received_at < known.received_at:
            found[record.key] = record
    return sorted(found.values(), key=_order)


def _order(record: MeterRecord) -> tuple[bool, int, datetime, datetime]:
    seq_no = record.seq_no
    return seq_no is None, seq_no or 0, record.pile_at or _NEVER, record.received_at


def points_of(records: Iterable[MeterRecord]) -> list[MeterPoint]:
    """What a plot shows, in the order of time.

    A reading that came in two messages (one unanswered, and sent again as offline) is one point.
    """
    points = [
        _point(value.at or record.at, value) for record in records for value in record.values if value.samples
    ]
    return sorted(dict.fromkeys(points), key=lambda point: point.at)


def _point(at: datetime, value: MeterValue) -> MeterPoint:
    found = latest((value,))
    return MeterPoint(at, *[found.get(measurand) for measurand in _PLOTTED])
