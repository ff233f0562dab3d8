"""Payloads as real piles send them: read although they break their schema, where what is meant is certain.

`repair` is for what the strict decoder refused. It reads the payload beside its type, as `exact` does, and asks the
table in `quirks` wherever a rule is broken. What no row mends is refused, except that

- in messages that a pile can't send better (`SALVAGED`), an optional property that can't be read is left out;
- a meter value or a sample that can't be read is left out, in any message.

What is kept although the schema forbids it (an over-long string, an unknown unit) stands in the message as the pile
wrote it, so an enumeration may hold a value that its `Literal` does not list.

`as_meant` is for what the schema allows and no pile means: reservation 0, blanks around a value, a sample of nothing.
It is for every message, repaired or not (a repaired one has been through it).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, inspect
from msgspec.structs import replace

from forecourt.ocpp import v16, v201
from forecourt.ocpp.codec import action_of
from forecourt.ocpp.exact import ExactReader, PayloadError, Place, Violation, node_of, parse, pointer
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.quirks import BLANKS, INDIVISIBLE, METER_VALUES, REPAIRS, SAMPLES, Again, Keep
from forecourt.ocpp.version import Version

__all__ = ["SALVAGED", "Repaired", "as_meant", "repair", "repair_result"]


class Repaired(msgspec.Struct, frozen=True):
    """A message; the names of the repairs that made it one; and their places (JSON pointers), one for one."""

    message: Payload
    applied: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


# What a pile reports once and can't word better when it is refused (field problems 4, 17 and 18).
SALVAGED: frozenset[type] = frozenset(
    {
        v16.BootNotificationRequest,
        v16.MeterValuesRequest,
        v16.StartTransactionRequest,
        v16.StatusNotificationRequest,
        v16.StopTransactionRequest,
        v201.BootNotificationRequest,
        v201.MeterValuesRequest,
        v201.StatusNotificationRequest,
        v201.TransactionEventRequest,
    }
)


def repair(
    version: Version, action: str, payload: bytes | msgspec.Raw, *, zone: tzinfo | None = None
) -> Repaired:
    """A CALL's payload that the strict decoder refused. Raises PayloadError when it can't be repaired.

    `zone` is the station's, for times without one; UTC where it is not known.
    """
    return _repaired(action_of(version, action).request, payload, zone or UTC)


def repair_result(
    version: Version, action: str, payload: bytes | msgspec.Raw, *, zone: tzinfo | None = None
) -> Repaired:
    """The same for the CALLRESULT that answers a CALL of ours with this action."""
    return _repaired(action_of(version, action).response, payload, zone or UTC)


def _repaired(kind: type[Payload], payload: bytes | msgspec.Raw, zone: tzinfo) -> Repaired:
    repairer = _Repairer(kind, zone)
    message: Payload = repairer.read(node_of(kind), parse(payload), Place())
    meant = as_meant(message)
    done = repairer.done + [_Done(*row) for row in zip(meant.applied, meant.places, strict=True)]
    return Repaired(meant.message, tuple(row.name for row in done), tuple(row.place for row in done))


class _Done(NamedTuple):
    name: str
    place: str


class _Repairer(ExactReader):
    def __init__(self, kind: type[Payload], zone: tzinfo) -> None:
        super().__init__(kind)
        self.zone = zone
        self.done: list[_Done] = []

    def violated(self, violation: Violation) -> Any:
        for row in REPAIRS:
            if row.rule is violation.rule:
                mended = row.mend(violation, self.zone)
                if mended is not None:
                    self.done.append(_Done(row.name, violation.pointer))
                    return self._taken(mended, violation)
        raise self.error(violation)

    def _taken(self, mended: Any, violation: Violation) -> Any:
        if isinstance(mended, Again):
            return self.read(violation.node, mended.value, violation.place)
        return mended.value if isinstance(mended, Keep) else UNSET

    def item(self, node: inspect.Type, value: Any, place: Place) -> Any:
        cls = node.cls if isinstance(node, inspect.StructType) else None
        name = "unreadable sample left out" if cls in SAMPLES else "unreadable meter value left out"
        may_go = cls in SAMPLES or cls in METER_VALUES
        return self._or_absent(super().item, node, value, place, name if may_go else None)

    def member(self, field: inspect.Field, value: Any, place: Place) -> Any:
        name = "unreadable property left out" if self._may_go(field, place) else None
        return self._or_absent(super().member, field, value, place, name)

    def _may_go(self, field: inspect.Field, place: Place) -> bool:
        if field.required:
            return False
        if place.owner in INDIVISIBLE:
            return field.encode_name in ("customData", "signedMeterValue")
        return self.kind in SALVAGED or field.encode_name == "customData"

    def _or_absent(
        self, read: Callable[..., Any], node: Any, value: Any, place: Place, name: str | None
    ) -> Any:
        if name is None:
            return read(node, value, place)
        before = len(self.done)
        try:
            return read(node, value, place)
        except PayloadError:
            self.done[before:] = [_Done(name, pointer(place.path))]
            return UNSET


def as_meant(message: Payload) -> Repaired:
    """The message without what no pile means; the message itself where there is nothing of the kind."""
    tidied = _TIDIED.get(type(message))
    return Repaired(message) if tidied is None else tidied(message)


def _without_reservation_0(message: Any) -> Repaired:
    if message.reservation_id != 0:
        return Repaired(message)
    return Repaired(replace(message, reservation_id=None), ("reservation 0 is none",), ("/reservationId",))


def _tidy_values(message: Any, attribute: str) -> Repaired:
    values = getattr(message, attribute) or ()
    if not any(_is_untidy(sample.value) for value in values for sample in value.sampled_value):
        return Repaired(message)
    done: list[_Done] = []
    name = "/" + ("meterValue" if attribute == "meter_value" else "transactionData")
    kept = tuple(
        _tidy_value(value, f"{name}/{index}/sampledValue", done) for index, value in enumerate(values)
    )
    kept = tuple(value for value in kept if value.sampled_value)
    message = replace(message, **{attribute: kept})
    return Repaired(message, tuple(row.name for row in done), tuple(row.place for row in done))


def _is_untidy(text: str) -> bool:
    return not text or text[0] in BLANKS or text[-1] in BLANKS


def _tidy_value(value: Any, place: str, done: list[_Done]) -> Any:
    samples = []
    for index, sample in enumerate(value.sampled_value):
        text = sample.value.strip(BLANKS)
        if text != sample.value or not text:
            done.append(
                _Done("blanks trimmed" if text else "empty sample left out", f"{place}/{index}/value")
            )
        if text:
            samples.append(sample if text == sample.value else replace(sample, value=text))
    return replace(value, sampled_value=tuple(samples))


_TIDIED: Mapping[type, Callable[[Payload], Repaired]] = {
    v16.MeterValuesRequest: lambda message: _tidy_values(message, "meter_value"),
    v16.StartTransactionRequest: _without_reservation_0,
    v16.StopTransactionRequest: lambda message: _tidy_values(message, "transaction_data"),
    v201.TransactionEventRequest: _without_reservation_0,
}
