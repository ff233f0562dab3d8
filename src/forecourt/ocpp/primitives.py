"""What every OCPP payload is made of: the struct bases and the primitive types of JSON Schema as OCPP uses them.

msgspec reads most of a schema as it stands. Where it reads more, or less, than JSON Schema says, a type of our own
stands here, and msgspec hands its value to `read_primitive`:

- `Number`: msgspec takes "1.5" for a Decimal, and 1e400 for no float. Here: any JSON number, exact, as a Decimal.
- `Tenths`: a number with `multipleOf: 0.1`, checked in decimal (0.3 is no multiple of 0.1 in binary).
- `Timestamp`: msgspec takes a blank for the "T" and "+0800" for an offset, and refuses leap seconds. Here: RFC 3339's
  `date-time`, always returned in UTC.
- `CustomData`: an open object with a `vendorId`; whatever else is in it stays in it.
- `Opt[X]`: X, or absent (None). JSON `null` is refused, as the schemas do.

To mypy, these are `Decimal`, `Decimal`, `datetime`, `CustomData` and `Optional[X]`.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from forecourt.ocpp.version import Version

__all__ = [
    "MAX_DIGITS",
    "Action",
    "CustomData",
    "Number",
    "Opt",
    "Payload",
    "Payload16",
    "Payload201",
    "SecurityPayload16",
    "Tenths",
    "Timestamp",
    "decoder",
    "is_tenths",
    "number",
    "read_primitive",
    "timestamp",
]

if TYPE_CHECKING:
    from typing import Optional as Opt

    Number = Decimal
    Tenths = Decimal
    Timestamp = datetime
else:

    class Opt:
        """`Opt[X]` is X to msgspec, so that null is refused; the field's default, None, says that it is absent."""

        def __class_getitem__(cls, item: object) -> object:
            return item

    class _Decimal(type):
        # msgspec asks whether what `read_primitive` returned is an instance; asked in C, it costs next to nothing.
        __instancecheck__ = Decimal.__instancecheck__

    class _Datetime(type):
        __instancecheck__ = datetime.__instancecheck__

    class Number(metaclass=_Decimal):
        """`type: number`."""

    class Tenths(metaclass=_Decimal):
        """`type: number, multipleOf: 0.1`."""

    class Timestamp(metaclass=_Datetime):
        """`type: string, format: date-time`."""


class CustomData(dict[str, Any]):
    """2.0.1 Part 4 §9: data of a vendor's own. Numbers in it are int or Decimal."""

    @property
    def vendor_id(self) -> str:
        vendor_id: str = self["vendorId"]
        return vendor_id


class Payload(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,  # only ever a tree, never part of a cycle
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename="camel",
):
    """A message or a datatype in one."""

    version: ClassVar[Version]
    # JSON Schema draft-04: 1.0 is no integer. Since draft-06 it is.
    integral_floats: ClassVar[bool]


class Payload16(Payload, frozen=True, kw_only=True):
    """OCPP 1.6 (draft-04)."""

    version = Version.V16
    integral_floats = False


class SecurityPayload16(Payload, frozen=True, kw_only=True):
    """OCPP 1.6, the security whitepaper (draft-06)."""

    version = Version.V16
    integral_floats = True


class Payload201(Payload, frozen=True, kw_only=True):
    """OCPP 2.0.1 (draft-06). Every object may carry `customData`."""

    version = Version.V201
    integral_floats = True

    custom_data: Opt[CustomData] = None


class Action(NamedTuple):
    """One row of `v16.ACTIONS` or `v201.ACTIONS`."""

    name: str
    request: type[Payload]
    response: type[Payload]


# A number that is longer than this when written out is refused: RFC 8259 §9 lets an implementation limit the range.
# It is the limit of Python's int, and keeps 1e999999999 from becoming an int that fills the memory.
MAX_DIGITS = 4300


def number(value: object) -> Decimal:
    """A JSON number (int, or Decimal by `float_hook`). Raises ValueError for anything else."""
    kind = type(value)
    if kind is Decimal and -MAX_DIGITS < value.adjusted() < MAX_DIGITS:  # type: ignore[attr-defined]
        return value  # type: ignore[return-value]
    if kind is int:
        return Decimal(value)  # type: ignore[arg-type]
    raise ValueError("not a number")


def is_tenths(value: Decimal) -> bool:
    """Whether the value is a multiple of 0.1; exact at any size, unlike `%`, which is bound to a precision."""
    _, digits, exponent = value.as_tuple()
    return not isinstance(exponent, str) and (exponent >= -1 or not any(digits[exponent + 1 :]))


def _tenths(value: object) -> Decimal:
    read = number(value)
    if not is_tenths(read):
        raise ValueError("not a multiple of 0.1")
    return read


def timestamp(value: object) -> datetime:
    """RFC 3339 `date-time`, in UTC. Raises ValueError for anything else.

    A leap second is read as the second after it, as POSIX time counts it. What lies outside the years 1 to 9999 in
    UTC is set to their first or last instant.
    """
    if type(value) is not str:
        raise ValueError("not a string")
    try:
        moment = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return _rare_timestamp(value)
    # What msgspec takes and RFC 3339 does not: a blank for the "T", an offset without its colon, no offset.
    if value[10] in "Tt" and moment.tzinfo is not None and (value[-1] in "Zz" or value[-3] == ":"):
        return moment if moment.tzinfo is UTC else _in_utc(moment, value)
    raise ValueError("not an RFC 3339 date-time")


def _in_utc(moment: datetime, text: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _rare_timestamp(text)


# RFC 3339 §5.6: "T" and "Z" "may alternatively be lower case".
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _rare_timestamp(text: str) -> datetime:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    leap = second == 60
    # A year of the same calendar 400 or 800 years off has room for every offset; datetime checks the rest.
    local = datetime(2000 + year % 400, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    moment = local - _offset(match)
    if leap and not _ends_a_month(moment):
        raise ValueError("no leap second is inserted there")
    moment += timedelta(seconds=leap, microseconds=_microseconds(match[7]))
    return _in_year(moment, moment.year - 2000 - year % 400 + year)


def _offset(match: re.Match[str]) -> timedelta:
    if match[8] is None:
        return timedelta(0)
    return timedelta(hours=int(match[9]), minutes=int(match[10])) * (-1 if match[8] == "-" else 1)


def _ends_a_month(moment: datetime) -> bool:
    # RFC 3339 §5.7: 60 occurs "at the end of months in which a leap second occurs", which is a matter of UTC.
    return (moment.hour, moment.minute, moment.day) == (23, 59, monthrange(moment.year, moment.month)[1])


def _microseconds(fraction: str | None) -> int:
    return (int(fraction[:7].ljust(7, "0")) + 5) // 10 if fraction else 0


def _in_year(moment: datetime, year: int) -> datetime:
    if year < 1:
        return _FIRST
    return _LAST if year > 9999 else moment.replace(year=year)


def _custom_data(value: object) -> CustomData:
    if type(value) is dict:
        vendor_id = value.get("vendorId")
        if type(vendor_id) is str and len(vendor_id) <= 255:
            return CustomData(value)
    raise ValueError("not an object with a vendorId of at most 255 characters")


_READERS: dict[object, Callable[[object], object]] = {
    Timestamp: timestamp,
    Number: number,
    Tenths: _tenths,
    CustomData: _custom_data,
}


def read_primitive(kind: type, value: object) -> object:
    """msgspec's `dec_hook`: a JSON value as one of the types above. Raises ValueError."""
    return _READERS[kind](value)


def decoder(kind: object) -> "msgspec.json.Decoder[Any]":
    """A decoder that knows the types above; untyped numbers become int or Decimal."""
    return msgspec.json.Decoder(kind, dec_hook=read_primitive, float_hook=Decimal)
