"""How values are stored, the same on both engines (DESIGN §3, "Storage types").

Time is BIGINT in µs UTC, money BIGINT in 10⁻⁶ of the currency unit, enumerations are their text, what has no column
type of its own is JSON text. What a column holds follows from the annotation of the struct's field: `codec_of`.
"""

import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLION = 1_000_000
_CENTS = _MILLION // 100


class Codec(NamedTuple):
    """The two directions of one column, for values that are not None; None where the driver's own value is right."""

    encode: Callable[[Any], Any] | None
    decode: Callable[[Any], Any] | None


def encode_time(at: datetime) -> int:
    """Microseconds since 1970. TypeError: `at` has no zone."""
    return (at - EPOCH) // _MICROSECOND


def decode_time(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def encode_money(amount: Decimal) -> int:
    """Millionths, exactly. ValueError: more than six decimals, or not finite."""
    if not amount.is_finite():
        raise ValueError(f"no amount of money: {amount}")
    numerator, denominator = amount.as_integer_ratio()
    millionths, rest = divmod(numerator * _MILLION, denominator)
    if rest:
        raise ValueError(f"money has at most six decimals: {amount}")
    return millionths


def decode_money(millionths: int) -> Decimal:
    """The equal amount, with two decimals if they are enough, else with six."""
    if millionths % _CENTS == 0:
        return Decimal(millionths // _CENTS).scaleb(-2)
    return Decimal(millionths).scaleb(-6)


def encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def plain_text(text: str) -> str:
    r"""Text that every engine takes: what UTF-8 or PostgreSQL can't hold (lone surrogates, NUL) is written as \uXXXX."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")


def codec_of(annotation: Any) -> Codec:
    """The codec of a struct's field; `X | None` has the one of X."""
    kind = _without_none(annotation)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Codec(str.__str__, {member.value: member for member in kind}.__getitem__)
    return Codec(encode_json, msgspec.json.Decoder(kind).decode)


_PLAIN: dict[Any, Codec] = {
    str: Codec(None, None),
    int: Codec(None, None),
    float: Codec(None, None),
    bytes: Codec(None, None),
    bool: Codec(None, bool),
    datetime: Codec(encode_time, decode_time),
    Decimal: Codec(encode_money, decode_money),
}


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    kinds = tuple(kind for kind in get_args(annotation) if kind is not type(None))
    return kinds[0] if len(kinds) == 1 else Union[kinds]  # noqa: UP007  (a union of what is in a tuple)
