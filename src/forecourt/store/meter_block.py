"""Many meter messages of a session in one compressed block.

A block holds the messages column by column: times and values as differences to the one before, the headers of samples
(measurand, unit, phase, location, context) once each, all of it compressed with zstd. What comes out is what went in: a
value that is not exactly a whole number of thousandths is kept as the float it is.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

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


# The columns that are kept as they are.
_PLAIN = ("key", "evse_id", "seq_no", "kind", "offline", "trigger", "charging_state")


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """The columns. Times are µs: `at` as differences in a row, the others as differences to the message's `at`.

    `values` has, for each message and meter value, its time and the number of its shape: the headers of its samples.
    `series` has the numbers of each shape, position by position.
    """

    plain: list[list[Any]]
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
    body = _Body(
        [[getattr(record, name) for record in records] for name in _PLAIN],
        _differences([encode_time(record.at) for record in records]),
        [_offset(record.pile_at, record.at) for record in records],
        [(record.received_at - record.at) // _MICROSECOND for record in records],
        *_packed_values(records),
    )
    return zstandard.compress(_encode(body), 9)


def _packed_values(
    records: Sequence[MeterRecord],
) -> tuple[list[list[tuple[int | None, int]]], list[tuple[Header, ...]], list[list[Series]]]:
    shapes: dict[tuple[Header, ...], tuple[int, list[list[float]]]] = {}
    values: list[list[tuple[int | None, int]]] = []
    for record in records:
        values.append([])
        for value in record.values:
            shape = tuple(_header(sample) for sample in value.samples)
            number, rows = shapes.setdefault(shape, (len(shapes), []))
            rows.append([sample.value for sample in value.samples])
            values[-1].append((_offset(value.at, record.at), number))
    series = [[_series(column) for column in zip(*rows, strict=True)] for _, rows in shapes.values()]
    return values, list(shapes), series


def unpack_block(block: bytes) -> list[MeterRecord]:
    """The messages in a block, as they were packed."""
    body = _decode(zstandard.decompress(block))
    rows = [zip(*map(_numbers, columns), strict=True) for columns in body.series]
    records = []
    for index, at in enumerate(map(decode_time, accumulate(body.at))):
        values = [
            MeterValue(_moved(at, offset), _samples(body.shapes[shape], rows[shape]))
            for offset, shape in body.values[index]
        ]
        plain = {name: column[index] for name, column in zip(_PLAIN, body.plain, strict=True)}
        pile_at, received_at = _moved(at, body.pile_at[index]), at + body.received_at[index] * _MICROSECOND
        records.append(
            MeterRecord(**plain, at=at, pile_at=pile_at, received_at=received_at, values=tuple(values))
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
    return None if offset is None else base + offset * _MICROSECOND


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
