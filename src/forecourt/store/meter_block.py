"""Many meter messages of a session in one compressed block.

A block holds the messages column by column: times and values as differences to the one before, the headers of samples
(measurand, unit, phase, location, context) once each, all of it compressed with zstd. What comes out is what went in: a
value that is not exactly a whole number of thousandths is kept as the float it is.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

import msgspec
import zstandard

from forecourt.domain.meter import MeterValue, Sample
from forecourt.store.codec import decode_time, encode_time
from forecourt.store.meter_pack import MeterRecord

_MICROSECOND = timedelta(microseconds=1)
_LARGEST_EXACT = 2.0**53

Header = tuple[str, str, str, str, str]
# Whole numbers as differences, in units of 1/scale; with scale 0 the floats themselves.
Series = tuple[int, list[int | float]]


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """The columns. Times are µs: `at` as differences in a row, the others as differences to the message's `at`.

    `values` has, for each message and meter value, its time and the number of its shape: the headers of its samples.
    `series` has the numbers of each shape, position by position.
    """

    keys: list[int]
    evse_ids: list[int]
    seq_nos: list[int | None]
    kinds: list[str]
    offline: list[bool]
    triggers: list[str]
    charging_states: list[str]
    at: list[int]
    pile_at: list[int | None]
    received_at: list[int]
    values: list[list[tuple[int | None, int]]]
    shapes: list[tuple[Header, ...]]
    series: list[list[Series]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Body).decode


def pack_block(records: Sequence[MeterRecord]) -> bytes:
    """The body of a block."""
    shapes: dict[tuple[Header, ...], list[list[float]]] = {}
    numbers: dict[tuple[Header, ...], int] = {}
    values = []
    for record in records:
        row = []
        for value in record.values:
            shape = tuple(_header(sample) for sample in value.samples)
            number = numbers.setdefault(shape, len(numbers))
            shapes.setdefault(shape, []).append([sample.value for sample in value.samples])
            row.append((_offset(value.at, record.at), number))
        values.append(row)
    body = _Body(
        keys=[record.key for record in records],
        evse_ids=[record.evse_id for record in records],
        seq_nos=[record.seq_no for record in records],
        kinds=[record.kind for record in records],
        offline=[record.offline for record in records],
        triggers=[record.trigger for record in records],
        charging_states=[record.charging_state for record in records],
        at=_differences([encode_time(record.at) for record in records]),
        pile_at=[_offset(record.pile_at, record.at) for record in records],
        received_at=[(record.received_at - record.at) // _MICROSECOND for record in records],
        values=values,
        shapes=list(shapes),
        series=[[_series(column) for column in zip(*rows, strict=True)] for rows in shapes.values()],
    )
    return zstandard.compress(_encode(body), 9)


def unpack_block(block: bytes) -> list[MeterRecord]:
    """The messages in a block, as they were packed."""
    body = _decode(zstandard.decompress(block))
    rows = [zip(*map(_numbers, columns), strict=True) for columns in body.series]
    records = []
    for index, at in enumerate(map(decode_time, accumulate(body.at))):
        records.append(
            MeterRecord(
                key=body.keys[index],
                evse_id=body.evse_ids[index],
                seq_no=body.seq_nos[index],
                kind=body.kinds[index],
                at=at,
                pile_at=_moved(at, body.pile_at[index]),
                received_at=at + timedelta(microseconds=body.received_at[index]),
                offline=body.offline[index],
                trigger=body.triggers[index],
                charging_state=body.charging_states[index],
                values=tuple(
                    MeterValue(_moved(at, offset), _samples(body.shapes[shape], rows[shape]))
                    for offset, shape in body.values[index]
                ),
            )
        )
    return records


def _header(sample: Sample) -> Header:
    return sample.measurand, sample.unit, sample.phase, sample.location, sample.context


def _samples(shape: tuple[Header, ...], rows: Iterable[tuple[float, ...]]) -> tuple[Sample, ...]:
    if not shape:
        return ()
    row = next(iter(rows))
    return tuple(
        Sample(measurand, value, unit, phase, location, context)
        for (measurand, unit, phase, location, context), value in zip(shape, row, strict=True)
    )


def _offset(at: datetime | None, base: datetime) -> int | None:
    return None if at is None else (at - base) // _MICROSECOND


def _moved(base: datetime, offset: int | None) -> datetime | None:
    return None if offset is None else base + timedelta(microseconds=offset)


def _differences(numbers: Sequence[int]) -> list[int]:
    return [*numbers[:1], *(after - before for before, after in pairwise(numbers))]


def _series(values: Sequence[float]) -> Series:
    for scale in (1, 1000):
        if all(_is_whole(value, scale) for value in values):
            return scale, list(_differences([round(value * scale) for value in values]))
    return 0, [float(value) for value in values]


def _is_whole(value: float, scale: int) -> bool:
    scaled = value * scale
    return math.isfinite(scaled) and abs(scaled) < _LARGEST_EXACT and round(scaled) / scale == value


def _numbers(series: Series) -> list[float]:
    scale, numbers = series
    if scale == 0:
        return [float(number) for number in numbers]
    return [number / scale for number in accumulate(numbers)]
