"""What real piles send instead of what the schema says, and what they mean: one row for each known quirk.

The rows are asked by `repairs`, each for the rule that it names. No row invents a number: an energy that is missing,
or whose unit can't be read, is left out or refuses the message.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType, inspect

from forecourt.ocpp import v16, v201
from forecourt.ocpp.exact import Rule, Violation, is_integral
from forecourt.ocpp.primitives import Number, Tenths, timestamp


class Again(NamedTuple):
    """Read this instead."""

    value: Any


class Keep(NamedTuple):
    """Take this as it is, though the schema forbids it."""

    value: Any


Mended = Again | Keep | UnsetType | None  # UNSET: it is absent; None: this row does not apply


class Repair(NamedTuple):
    """One known quirk: its name, as it is counted and shown, the rule that it breaks, and what is meant."""

    name: str
    rule: Rule
    mend: Callable[[Violation, tzinfo], Mended]


BLANKS = " \t\r\n\0"
SAMPLES: frozenset[type] = frozenset({v16.SampledValue, v16.TransactionDataSampledValue, v201.SampledValue})
METER_VALUES: frozenset[type] = frozenset({v16.MeterValue, v16.TransactionData, v201.MeterValue})
# In these, the absence of a property would change what a number means.
INDIVISIBLE: frozenset[type] = SAMPLES | {v201.UnitOfMeasure}


def _null_payload(broken: Violation, zone: tzinfo) -> Mended:
    return Again({}) if broken.value is None and not broken.place.path else None


def _null(broken: Violation, zone: tzinfo) -> Mended:
    return UNSET if broken.value is None else None


def _wrapped(broken: Violation, zone: tzinfo) -> Mended:
    return Again([broken.value]) if isinstance(broken.node, inspect.VarTupleType) else None


_NUMERAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?")


def _number_from_text(broken: Violation, zone: tzinfo) -> Mended:
    if not _is_numeric(broken.node) or type(broken.value) is not str:
        return None
    text = broken.value.strip(BLANKS)
    if not _NUMERAL.fullmatch(text):
        return None
    read = Decimal(text)
    return Again(int(read) if isinstance(broken.node, inspect.IntType) and is_integral(read) else read)


def _is_numeric(node: inspect.Type) -> bool:
    if isinstance(node, inspect.CustomType):
        return node.cls in (Number, Tenths)
    return isinstance(node, inspect.IntType)


def _integral(broken: Violation, zone: tzinfo) -> Mended:
    wanted = isinstance(broken.node, inspect.IntType)
    return Again(int(broken.value)) if wanted and is_integral(broken.value) else None


# Measured quantities. A fraction of an id, an index or a count means nothing that could be rounded to.
_MEASURED = frozenset(
    (
        *("meterStart", "meterStop", "duration", "startPeriod", "timeSpentCharging", "cableMaxCurrent"),
        *("energyAmount", "evMinCurrent", "evMaxCurrent", "evMaxVoltage", "evMaxPower", "evEnergyCapacity"),
        *("stateOfCharge", "fullSoC", "bulkSoC"),
    )
)


def _rounded(broken: Violation, zone: tzinfo) -> Mended:
    measured = isinstance(broken.node, inspect.IntType) and broken.place.field() in _MEASURED
    if not measured or type(broken.value) is not Decimal or broken.value.adjusted() > 30:
        return None
    return Again(int(broken.value.to_integral_value(ROUND_HALF_UP)))


_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def _boolean_from_text(broken: Violation, zone: tzinfo) -> Mended:
    if not isinstance(broken.node, inspect.BoolType) or type(broken.value) not in (str, int):
        return None
    read = _BOOLEANS.get(str(broken.value).strip(BLANKS).lower())
    return None if read is None else Again(read)


def _text_from_number(broken: Violation, zone: tzinfo) -> Mended:
    if not isinstance(broken.node, inspect.StrType):
        return None
    if type(broken.value) is bool:
        return Again(str(broken.value).lower())
    if type(broken.value) is Decimal and abs(broken.value.adjusted()) < 30:
        return Again(f"{broken.value:f}")
    return Again(str(broken.value)) if type(broken.value) is int else None


def _unit_wrapped(broken: Violation, zone: tzinfo) -> Mended:
    unit = isinstance(broken.node, inspect.StructType) and broken.node.cls is v201.UnitOfMeasure
    return Again({"unit": broken.value}) if unit and type(broken.value) is str else None


def _unit_moved(broken: Violation, zone: tzinfo) -> Mended:
    assert isinstance(broken.node, inspect.StructType)
    if broken.node.cls is not v201.SampledValue or "unit" not in broken.value:
        return None
    if broken.value.get("unitOfMeasure") is not None:
        return None  # two units
    given = dict(broken.value)
    return Again({"unitOfMeasure": {"unit": given.pop("unit")}} | given)


def _property_respelled(broken: Violation, zone: tzinfo) -> Mended:
    assert isinstance(broken.node, inspect.StructType)
    known, wrong = [field.encode_name for field in broken.node.fields], broken.name
    meant = [name for name in known if _letters(name) == _letters(wrong) and name not in broken.value]
    if not meant:
        return None
    return Again({meant[0] if name == wrong else name: value for name, value in broken.value.items()})


def _unknown_dropped(broken: Violation, zone: tzinfo) -> Mended:
    assert isinstance(broken.node, inspect.StructType)
    known = {field.encode_name for field in broken.node.fields}
    unknown = broken.value.keys() - known
    if broken.node.cls in INDIVISIBLE and any(_scales(name) for name in unknown):
        return None
    return Again({name: value for name, value in broken.value.items() if name in known})


def _scales(name: str) -> bool:
    """Whether a number may mean something else without this property."""
    return any(word in name.lower() for word in ("unit", "multiplier", "scale", "exponent"))


def _empty_list(broken: Violation, zone: tzinfo) -> Mended:
    assert isinstance(broken.node, inspect.VarTupleType)
    if broken.value:
        return None
    if not broken.place.required:
        return UNSET
    item = broken.node.item_type
    return Keep(()) if isinstance(item, inspect.StructType) and item.cls in METER_VALUES else None


def _trimmed_to_length(broken: Violation, zone: tzinfo) -> Mended:
    assert isinstance(broken.node, inspect.StrType)
    text = broken.value.strip(BLANKS)
    return Again(text) if len(text) <= (broken.node.max_length or 0) else None


def _kept(broken: Violation, zone: tzinfo) -> Mended:
    return Keep(broken.value)


def _trimmed_enum(broken: Violation, zone: tzinfo) -> Mended:
    return _among(broken, broken.value.strip(BLANKS))


def _among(broken: Violation, value: str | None) -> Mended:
    assert isinstance(broken.node, inspect.LiteralType)
    return Again(value) if value in broken.node.values else None


def _respelled_enum(broken: Violation, zone: tzinfo) -> Mended:
    assert isinstance(broken.node, inspect.LiteralType)
    wanted = _letters(broken.value)
    meant = [value for value in broken.node.values if _letters(str(value)) == wanted]
    return Again(meant[0]) if wanted and len(meant) == 1 else None


def _letters(text: str) -> str:
    """What is left of a name without case, blanks and punctuation."""
    return "".join(filter(str.isalnum, text.casefold()))


_UNITS = {"hz": "Hertz", "%": "Percent", "°c": "Celsius", "c": "Celsius", "°f": "Fahrenheit"}


def _unit_named(broken: Violation, zone: tzinfo) -> Mended:
    symbol = broken.value.strip(BLANKS).lower()
    return _among(broken, _UNITS.get(symbol)) if broken.place.field() == "unit" else None


# Enumerations with a value for whatever they do not list.
_OTHERS: Mapping[tuple[type, str], str] = {
    (v16.StatusNotificationRequest, "errorCode"): "OtherError",
    (v16.StopTransactionRequest, "reason"): "Other",
    (v201.BootNotificationRequest, "reason"): "Unknown",
    (v201.Transaction, "stoppedReason"): "Other",
}


def _other(broken: Violation, zone: tzinfo) -> Mended:
    owner, name = broken.place.owner, broken.place.field()
    return _among(broken, _OTHERS.get((owner, name))) if owner else None


def _kept_enum(broken: Violation, zone: tzinfo) -> Mended:
    trigger = broken.place.owner is v201.TransactionEventRequest and broken.place.field() == "triggerReason"
    return Keep(broken.value.strip(BLANKS)) if trigger or broken.place.owner in SAMPLES else None


def _empty_time(broken: Violation, zone: tzinfo) -> Mended:
    return None if broken.value.strip(BLANKS) else UNSET


_LENIENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]*))? ?"
    r"([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def _time_respelled(broken: Violation, zone: tzinfo) -> Mended:
    text, offset = _respelled_time(broken.value)
    return Again(text + offset) if text and offset and text + offset != broken.value else None


def _respelled_time(value: str) -> tuple[str, str]:
    match = _LENIENT.fullmatch(value.strip(BLANKS))
    if match is None:
        return "", ""
    date, minute, second, fraction, offset = match.groups(default="")
    if offset[1:]:
        offset = f"{offset[:3]}:{offset[3:].removeprefix(':') or '00'}"
    return f"{date}T{minute}{second or ':00'}{'.' + fraction if fraction else ''}", offset


def _zone_assumed(broken: Violation, zone: tzinfo) -> Mended:
    text, offset = _respelled_time(broken.value)
    if not text or offset:
        return None
    try:
        local = timestamp(text + "Z")
        return Keep(_in_zone(local, zone))
    except ValueError:
        return None


def _in_zone(local: datetime, zone: tzinfo) -> datetime:
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return local


# Of the rows for one rule, the first that applies is taken.
REPAIRS: tuple[Repair, ...] = (
    Repair("null payload is {}", Rule.TYPE, _null_payload),
    Repair("null is absent", Rule.TYPE, _null),
    Repair("single item put in a list", Rule.TYPE, _wrapped),
    Repair("number written as text", Rule.TYPE, _number_from_text),
    Repair("integer written with a fraction of zero", Rule.TYPE, _integral),
    Repair("measured fraction rounded", Rule.TYPE, _rounded),
    Repair("boolean written as text or number", Rule.TYPE, _boolean_from_text),
    Repair("text written as a number", Rule.TYPE, _text_from_number),
    Repair("unit put in unitOfMeasure", Rule.TYPE, _unit_wrapped),
    Repair("unit put in unitOfMeasure", Rule.UNKNOWN, _unit_moved),
    Repair("property respelled", Rule.UNKNOWN, _property_respelled),
    Repair("unknown property dropped", Rule.UNKNOWN, _unknown_dropped),
    Repair("empty list", Rule.MIN_ITEMS, _empty_list),
    Repair("blanks trimmed", Rule.MAX_LENGTH, _trimmed_to_length),
    Repair("over-long text kept", Rule.MAX_LENGTH, _kept),
    Repair("number that is no multiple of 0.1 kept", Rule.MULTIPLE_OF, _kept),
    Repair("blanks trimmed", Rule.ENUM, _trimmed_enum),
    Repair("enumeration respelled", Rule.ENUM, _respelled_enum),
    Repair("unit's symbol read as its name", Rule.ENUM, _unit_named),
    Repair("unknown value read as other", Rule.ENUM, _other),
    Repair("unknown value kept as reported", Rule.ENUM, _kept_enum),
    Repair("empty time is absent", Rule.DATE_TIME, _empty_time),
    Repair("time respelled", Rule.DATE_TIME, _time_respelled),
    Repair("time zone assumed", Rule.DATE_TIME, _zone_assumed),
)
