"""Payloads read slowly: node by node beside their type, so that a violation is found with its rule and its place.

`codec` comes here when the fast decoder refused a payload, `repairs` to mend what a rule refuses: it overrides
`ExactReader.violated`. The types are msgspec's own description of the generated structs, so there is no second schema.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from msgspec import UNSET, inspect

from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.primitives import (
    MAX_DIGITS,
    CustomData,
    Number,
    Payload,
    Tenths,
    Timestamp,
    decoder,
    is_tenths,
    number,
    timestamp,
)
from forecourt.ocpp.version import Version

P = TypeVar("P", bound=Payload)
Path = tuple[str | int, ...]


class Rule(StrEnum):
    """What a schema can demand, by JSON Schema's keywords."""

    SYNTAX = "not JSON"
    UNKNOWN = "additionalProperties"
    TYPE = "type"
    REQUIRED = "required"
    MIN_ITEMS = "minItems"
    MAX_ITEMS = "maxItems"
    MAX_LENGTH = "maxLength"
    ENUM = "enum"
    RANGE = "minimum, maximum"
    MULTIPLE_OF = "multipleOf"
    DATE_TIME = "format: date-time"


# "Payload is syntactically correct but at least one field ..." (OCPP-J 1.6 §4.2.3, 2.0.1 Part 4 §4.3)
CODES: Mapping[Rule, ErrorCode] = {
    Rule.SYNTAX: ErrorCode.FORMAT_VIOLATION,  # "syntactically incorrect"
    Rule.UNKNOWN: ErrorCode.PROTOCOL_ERROR,  # "not conform the PDU structure"
    Rule.TYPE: ErrorCode.TYPE_CONSTRAINT_VIOLATION,  # "violates data type constraints"
    Rule.REQUIRED: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,  # "violates occurrence constraints"
    Rule.MIN_ITEMS: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.MAX_ITEMS: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.MAX_LENGTH: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,  # "contains an invalid value"
    Rule.ENUM: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    Rule.RANGE: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    Rule.MULTIPLE_OF: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    Rule.DATE_TIME: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
}
# In 1.6 FormationViolation covers "not conform the PDU structure" as well.
_CODES_16 = {**CODES, Rule.UNKNOWN: ErrorCode.FORMAT_VIOLATION}


class PayloadError(Exception):
    """A payload that its schema refuses.

    `code` is what the CALLERROR says (`errors.SPELLINGS` has the name of each version), `path` the place as a JSON
    pointer ("" for the payload itself), `detail` the rest in words; neither repeats more than a few characters of
    the payload.
    """

    def __init__(self, code: ErrorCode, path: str, detail: str) -> None:
        super().__init__(f"{code} at {path or '/'}: {detail}")
        self.code = code
        self.path = path
        self.detail = detail


class Place(NamedTuple):
    """Where a value stands."""

    path: Path = ()
    owner: type[Payload] | None = None  # the innermost object that it is in
    required: bool = True

    def at(self, step: str | int) -> "Place":
        return self._replace(path=(*self.path, step))

    def field(self) -> str:
        """The property that it is, or is an item of."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")


class Violation(NamedTuple):
    rule: Rule
    node: inspect.Type  # what the schema expects there
    value: Any  # what is there; UNSET when it is missing
    place: Place
    detail: str
    name: str = ""  # of the property that the schema does not know; `value` is then the object that it is in

    @property
    def pointer(self) -> str:
        """Where, by RFC 6901."""
        return pointer((*self.place.path, self.name) if self.name else self.place.path)


class ExactReader:
    """Reads one payload of a kind. Whatever breaks a rule goes to `violated`, which here refuses it."""

    def __init__(self, kind: type[Payload]) -> None:
        self.kind = kind

    def read(self, node: inspect.Type, value: Any, place: Place) -> Any:
        """The value as its type; UNSET when `violated` decided that it is absent."""
        return _READ[type(node)](self, node, value, place)

    def violated(self, violation: Violation) -> Any:
        """What to take for a value that breaks a rule. Raises PayloadError."""
        raise self.error(violation)

    def error(self, violation: Violation) -> PayloadError:
        rule = violation.rule
        if rule is Rule.TYPE and not violation.place.path:
            rule = Rule.UNKNOWN  # a payload that is no object is "not conform the PDU structure"
        codes = _CODES_16 if self.kind.version is Version.V16 else CODES
        return PayloadError(codes[rule], violation.pointer, violation.detail)

    def item(self, node: inspect.Type, value: Any, place: Place) -> Any:
        """One item of an array; UNSET leaves it out."""
        return self.read(node, value, place)

    def member(self, field: inspect.Field, value: Any, place: Place) -> Any:
        """One property of an object."""
        return self.read(field.type, value, place)


def read_exactly(kind: type[P], payload: bytes | msgspec.Raw) -> P:
    """The payload as its type. Raises PayloadError at the first violation."""
    return cast(P, ExactReader(kind).read(node_of(kind), parse(payload), Place()))


_PARSE = decoder(Any).decode
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError)


def parse(payload: bytes | msgspec.Raw) -> Any:
    """Plain JSON; numbers are int or Decimal. Raises PayloadError."""
    try:
        return _PARSE(payload)
    except UNDECODABLE as error:
        raise PayloadError(CODES[Rule.SYNTAX], "", f"not JSON: {error}") from None


def pointer(path: Path) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1")[:60] for step in path)


@cache
def node_of(kind: type[Payload]) -> inspect.Type:
    return inspect.type_info(kind)


def _mismatch(reader: ExactReader, node: inspect.Type, value: Any, place: Place, expected: str) -> Any:
    detail = f"{_WORDS.get(type(value), 'a number')} where {expected} belongs"
    return reader.violated(Violation(Rule.TYPE, node, value, place, detail))


_WORDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def _object(reader: ExactReader, node: inspect.StructType, value: Any, place: Place) -> Any:
    if type(value) is not dict:
        return _mismatch(reader, node, value, place, "an object")
    fields = {field.encode_name: field for field in node.fields}
    inside = Place(place.path, cast(type[Payload], node.cls))
    for name in value:
        if name not in fields:
            detail = "a property that the schema does not know"
            return reader.violated(Violation(Rule.UNKNOWN, node, value, place, detail, name))
    read = {field.name: _member(reader, field, value, inside) for field in node.fields}
    return node.cls(**{name: member for name, member in read.items() if member is not UNSET})


def _member(reader: ExactReader, field: inspect.Field, owner: dict[str, Any], inside: Place) -> Any:
    place = inside.at(field.encode_name)._replace(required=field.required)
    value = owner.get(field.encode_name, UNSET)
    if value is not UNSET:
        value = reader.member(field, value, place)
    if value is UNSET and field.required:
        return reader.violated(Violation(Rule.REQUIRED, field.type, UNSET, place, "missing"))
    return value


def _array(reader: ExactReader, node: inspect.VarTupleType, value: Any, place: Place) -> Any:
    if type(value) is not list:
        return _mismatch(reader, node, value, place, "an array")
    read = (reader.item(node.item_type, item, place.at(index)) for index, item in enumerate(value))
    items = tuple(item for item in read if item is not UNSET)
    if node.min_length is not None and len(items) < node.min_length:
        return reader.violated(
            Violation(Rule.MIN_ITEMS, node, items, place, f"fewer than {node.min_length} items")
        )
    if node.max_length is not None and len(items) > node.max_length:
        return reader.violated(
            Violation(Rule.MAX_ITEMS, node, items, place, f"more than {node.max_length} items")
        )
    return items


def _string(reader: ExactReader, node: inspect.StrType, value: Any, place: Place) -> Any:
    if type(value) is not str:
        return _mismatch(reader, node, value, place, "a string")
    if node.max_length is not None and len(value) > node.max_length:
        detail = f"{len(value)} characters, {node.max_length} are allowed"
        return reader.violated(Violation(Rule.MAX_LENGTH, node, value, place, detail))
    return value


def _enum(reader: ExactReader, node: inspect.LiteralType, value: Any, place: Place) -> Any:
    if type(value) is not str:
        return _mismatch(reader, node, value, place, "a string")
    if value not in node.values:
        return reader.violated(
            Violation(Rule.ENUM, node, value, place, f"{value[:50]!r} is not in the enumeration")
        )
    return value


def _boolean(reader: ExactReader, node: inspect.BoolType, value: Any, place: Place) -> Any:
    return value if type(value) is bool else _mismatch(reader, node, value, place, "a boolean")


def _integer(reader: ExactReader, node: inspect.IntType, value: Any, place: Place) -> Any:
    if reader.kind.integral_floats and is_integral(value):
        value = int(value)
    if type(value) is not int:
        return _mismatch(reader, node, value, place, "an integer")
    if (node.ge is not None and value < node.ge) or (node.le is not None and value > node.le):
        detail = f"not between {node.ge} and {node.le}"
        return reader.violated(Violation(Rule.RANGE, node, value, place, detail))
    return value


def is_integral(value: Any) -> bool:
    """Whether it is a number with a fraction or an exponent that is an integer all the same."""
    return (
        type(value) is Decimal and abs(value.adjusted()) < MAX_DIGITS and value == value.to_integral_value()
    )


def _anything(reader: ExactReader, node: inspect.AnyType, value: Any, place: Place) -> Any:
    return value


def _primitive(reader: ExactReader, node: inspect.CustomType, value: Any, place: Place) -> Any:
    return _PRIMITIVES[node.cls](reader, node, value, place)


def _number(reader: ExactReader, node: inspect.CustomType, value: Any, place: Place) -> Any:
    try:
        return number(value)
    except ValueError:
        return _mismatch(reader, node, value, place, f"a number of at most {MAX_DIGITS} digits")


def _tenths(reader: ExactReader, node: inspect.CustomType, value: Any, place: Place) -> Any:
    read = _number(reader, node, value, place)
    if type(read) is Decimal and not is_tenths(read):
        return reader.violated(Violation(Rule.MULTIPLE_OF, node, read, place, "not a multiple of 0.1"))
    return read


def _timestamp(reader: ExactReader, node: inspect.CustomType, value: Any, place: Place) -> Any:
    if type(value) is not str:
        return _mismatch(reader, node, value, place, "a date-time")
    try:
        return timestamp(value)
    except ValueError as error:
        detail = f"{value[:50]!r}: {error}"
        return reader.violated(Violation(Rule.DATE_TIME, node, value, place, detail))


_VENDOR_ID = inspect.StrType(max_length=255)


def _custom_data(reader: ExactReader, node: inspect.CustomType, value: Any, place: Place) -> Any:
    if type(value) is not dict:
        return _mismatch(reader, node, value, place, "an object")
    inside = place.at("vendorId")._replace(required=True)
    if "vendorId" not in value:
        return reader.violated(Violation(Rule.REQUIRED, _VENDOR_ID, UNSET, inside, "missing"))
    vendor_id = reader.read(_VENDOR_ID, value["vendorId"], inside)
    return vendor_id if vendor_id is UNSET else CustomData(value, vendorId=vendor_id)


_PRIMITIVES: Mapping[type, Callable[..., Any]] = {
    Number: _number,
    Tenths: _tenths,
    Timestamp: _timestamp,
    CustomData: _custom_data,
}
_READ: Mapping[type[inspect.Type], Callable[..., Any]] = {
    inspect.StructType: _object,
    inspect.VarTupleType: _array,
    inspect.StrType: _string,
    inspect.LiteralType: _enum,
    inspect.IntType: _integer,
    inspect.BoolType: _boolean,
    inspect.AnyType: _anything,
    inspect.CustomType: _primitive,
}
