"""Every message type against its official schema: the same payloads accepted, the same refused, nothing lost."""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from tests.support.ocpp_payloads import Maker, write
from tests.support.ocpp_schemas import accepts, is_date_time, names_in, parse, schema_of

from forecourt.ocpp.codec import ACTIONS, PayloadError, decode, encode_payload
from forecourt.ocpp.exact import read_exactly
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.version import Version

VERSIONS = {"v16": Version.V16, "v201": Version.V201}
MESSAGES = [(package, name) for package in VERSIONS for name in names_in(package)]


def kind_of(package: str, name: str) -> type[Payload]:
    if name.endswith("Request"):
        return ACTIONS[VERSIONS[package]][name.removesuffix("Request")].request
    return ACTIONS[VERSIONS[package]][name.removesuffix("Response")].response


def payloads(package: str, name: str) -> list[bytes]:
    maker = Maker(schema_of(package, name), seed=name)
    made = [maker.valid(share) for share in (0, 0.3, 0.6, 1)]
    return [write(payload) for payload in (*made, *maker.variants(made[-1]))]


def attempt(read: Any, kind: type[Payload], text: bytes) -> Payload | None:
    try:
        message: Payload = read(kind, text)
    except PayloadError:
        return None
    return message


def test_every_schema_has_its_type() -> None:
    assert len(ACTIONS[Version.V16]) == 39
    assert len(ACTIONS[Version.V201]) == 64
    assert {kind_of(*message).__name__ for message in MESSAGES} == {name for _, name in MESSAGES}
    assert len(MESSAGES) == 2 * (39 + 64)


@pytest.mark.parametrize(("package", "name"), MESSAGES, ids=[f"{p}-{n}" for p, n in MESSAGES])
def test_accepts_what_the_schema_accepts(package: str, name: str) -> None:
    kind = kind_of(package, name)
    accepted = 0
    for text in payloads(package, name):
        message = attempt(decode, kind, text)
        assert (message is not None) == accepts(package, name, text), text
        assert attempt(read_exactly, kind, text) == message, text
        if message is not None:
            assert_round_trip(package, name, text, message)
            accepted += 1
    assert accepted >= 4


def assert_round_trip(package: str, name: str, text: bytes, message: Payload) -> None:
    written = encode_payload(message)
    assert accepts(package, name, written), written
    assert normal(parse(written)) == normal(parse(text))
    # 2.0.1 Part 2, Time Format Requirements: at most three decimals; and we always write UTC.
    assert not re.search(rb"T\d\d:\d\d:\d\d(\.\d{4,}Z|[^Z]*[+-]\d\d:\d\d\")", written)
    assert type(decode(type(message), written)) is type(message)


def normal(value: Any) -> Any:
    """JSON with every date-time as its instant, to the millisecond; 1.0 and 1 are equal as they are."""
    if isinstance(value, dict):
        return {key: normal(member) for key, member in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return instant(value) if isinstance(value, str) and len(value) >= 20 and is_date_time(value) else value


def instant(text: str) -> object:
    """What a datetime can hold of it: rounded to the microsecond, at most up to the ends of the years 1 and 9999."""
    text = text.upper()
    whole, zone = text[:19].replace(":60", ":59"), text[19:].lstrip(".0123456789").replace("Z", "+00:00")
    fraction = Decimal("0" + text[19 : len(text) - len(text[19:].lstrip(".0123456789"))])
    microseconds = int((fraction * 1_000_000).to_integral_value(ROUND_HALF_UP)) + 1_000_000 * (
        text[17:19] == "60"
    )
    try:
        moment = datetime.fromisoformat(whole + zone).astimezone(UTC) + timedelta(microseconds=microseconds)
    except (ValueError, OverflowError):
        moment = (
            datetime(1, 1, 1, tzinfo=UTC) if text < "1" else datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)
        )
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_the_payloads_try_both_sides_of_every_rule() -> None:
    """A generator that only made valid payloads would prove nothing."""
    for package, name in (("v16", "SetChargingProfileRequest"), ("v201", "TransactionEventRequest")):
        verdicts = [accepts(package, name, text) for text in payloads(package, name)]
        assert verdicts.count(True) > 50
        assert verdicts.count(False) > 50
