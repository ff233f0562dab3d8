"""The oracle for payloads: the official schemas under `jsonschema`, on JSON whose numbers are exact.

What it is: jsonschema's Draft4Validator and Draft6Validator (as each schema's `$schema` says) with three things of our
own. Numbers with a fraction or an exponent are read as Decimal, so that `multipleOf`, computed with fractions, and
draft-06's `integer` (any number without a fractional part) are exact. `format: date-time` is asserted, by a check
written from the grammar of RFC 3339 §5.6 and §5.7. No other format is asserted. Nothing of `forecourt` is used.
"""

import json
import re
from calendar import monthrange
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft4Validator, Draft6Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

Schema = dict[str, Any]
PACKAGES = {"v16": "", "v201": "Request"}  # and how their requests' files end


@cache
def schema_of(package: str, name: str) -> Schema:
    """The schema of "HeartbeatRequest", say."""
    action = name.removesuffix("Request")
    file = action + PACKAGES[package] if action != name else name
    text = resources.files("ocpp").joinpath(package, "schemas", f"{file}.json").read_text("utf-8-sig")
    return dict(json.loads(text, parse_float=Decimal))


def names_in(package: str) -> list[str]:
    """Every message, by the names of the schema files."""
    files = resources.files("ocpp").joinpath(package, "schemas").iterdir()
    stems = sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json"))
    return [stem if stem.endswith(("Request", "Response")) else stem + "Request" for stem in stems]


def accepts(package: str, name: str, text: bytes) -> bool:
    """Whether the official schema accepts this JSON text."""
    return bool(validator(package, name).is_valid(parse(text)))


def parse(text: bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


@cache
def validator(package: str, name: str) -> Validator:
    schema = schema_of(package, name)
    kind: type[Validator] = _DRAFT4 if "draft-04" in schema["$schema"] else _DRAFT6
    return kind(schema, format_checker=_FORMATS)


def is_date_time(value: object) -> bool:
    """RFC 3339 date-time; leap seconds only where UTC has one: as the last second of a month."""
    if not isinstance(value, str):
        return True
    match = _GRAMMAR.fullmatch(value)
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(match[name]) for name in "YMDhms")
    if not (1 <= month <= 12 and 1 <= day <= monthrange(2000 + year % 400, month)[1]):
        return False
    if hour > 23 or minute > 59 or second > 60:
        return False
    east = 0
    if match["sign"]:
        hours, minutes = int(match["oh"]), int(match["om"])
        if hours > 23 or minutes > 59:
            return False
        east = (60 * hours + minutes) * (1 if match["sign"] == "+" else -1)
    return second < 60 or _is_last_minute_of_a_month(year, month, day, 60 * hour + minute - east)


_GRAMMAR = re.compile(
    r"(?P<Y>[0-9]{4})-(?P<M>[0-9]{2})-(?P<D>[0-9]{2})[Tt](?P<h>[0-9]{2}):(?P<m>[0-9]{2}):(?P<s>[0-9]{2})(\.[0-9]+)?"
    r"([Zz]|(?P<sign>[+-])(?P<oh>[0-9]{2}):(?P<om>[0-9]{2}))"
)


def _is_last_minute_of_a_month(year: int, month: int, day: int, utc_minute: int) -> bool:
    days, minute = divmod(utc_minute, 24 * 60)
    length = monthrange(2000 + year % 400, month)[1]
    return minute == 24 * 60 - 1 and (day + days == length or day + days == 0)


def _multiple_of(validator: Validator, factor: Any, instance: Any, schema: Schema) -> Any:
    if validator.is_type(instance, "number") and (Fraction(instance) / Fraction(factor)).denominator != 1:
        yield ValidationError(f"not a multiple of {factor}")


def _is_number(checker: object, instance: object) -> bool:
    return isinstance(instance, int | Decimal) and not isinstance(instance, bool)


def _is_integer(checker: object, instance: Any) -> bool:
    return _is_number(checker, instance) and Fraction(instance).denominator == 1


_DRAFT4 = extend(  # type: ignore[no-untyped-call]
    Draft4Validator,
    {"multipleOf": _multiple_of},
    type_checker=Draft4Validator.TYPE_CHECKER.redefine("number", _is_number),
)
_DRAFT6 = extend(  # type: ignore[no-untyped-call]
    Draft6Validator,
    {"multipleOf": _multiple_of},
    type_checker=Draft6Validator.TYPE_CHECKER.redefine("number", _is_number).redefine("integer", _is_integer),
)
_FORMATS = FormatChecker(formats=())
_FORMATS.checks("date-time")(is_date_time)
