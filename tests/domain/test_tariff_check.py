"""What is refused in a tariff, and what is said about it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from forecourt.domain.price import Usage, price
from forecourt.domain.tariff import Element, Tariff, Tax, in_force
from forecourt.domain.tariff_check import TariffError, parse_tariff, validate
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE

GOOD: dict[str, Any] = {
    "id": "T-1",
    "name": "Test",
    "currency": "CNY",
    "elements": [
        {"electricity_per_kwh": "1.20", "restrictions": {"start_time": "22:00", "end_time": "06:00"}}
    ],
}


def parse(given: dict[str, Any]) -> Tariff:
    return parse_tariff(json.dumps(given))


def element(**given: object) -> dict[str, Any]:
    return {**GOOD, "elements": [{"electricity_per_kwh": 1, **given}]}


def restricted(**given: object) -> dict[str, Any]:
    return element(restrictions=given)


def test_prices_are_decimals_whether_written_as_number_or_text() -> None:
    for written in ("1.20", 1.20, 1.2):
        tariff = parse(element(electricity_per_kwh=written))
        assert tariff.elements[0].electricity_per_kwh == Decimal("1.2")


def test_a_tariff_goes_to_json_and_back() -> None:
    for tariff in (parse(GOOD), CHINA_TIME_OF_USE):
        assert parse_tariff(msgspec.json.encode(tariff)) == tariff


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({**GOOD, "id": ""}, "$.id: 0 characters; give 1 to 36"),
        ({**GOOD, "id": "x" * 37}, "$.id: 37 characters; give 1 to 36"),
        ({**GOOD, "currency": "RMB"}, "$.currency: unknown currency 'RMB'; use one of AED, AUD"),
        ({**GOOD, "elements": []}, "$.elements: no element; give one"),
        (
            {**GOOD, "elements": [{"name": "x"}]},
            "$.elements[0]: prices nothing; give one of electricity_per_kwh",
        ),
        (element(service_per_kwh=-0.1), "$.elements[0].service_per_kwh: negative price -0.1; give 0 or more"),
        (element(per_session="NaN"), "$.elements[0].per_session: NaN is not an amount"),
        (element(per_session="Infinity"), "$.elements[0].per_session: Infinity is not an amount"),
        (element(per_session="1e30"), "is above 1000000"),
        (element(per_session="0.1234567"), "has more than 6 decimals; round it to 6"),
        (element(idle_grace_s=60), "$.elements[0].idle_grace_s: grace without a price"),
        (element(idle_grace_s=-1, idle_per_minute=1), "$.elements[0].idle_grace_s: negative"),
        (
            restricted(start_time="7:00"),
            "$.elements[0].restrictions.start_time: '7:00' is not a time of day; write",
        ),
        (restricted(start_time="24:00"), "'24:00' is not a time of day"),
        (restricted(end_time="24:01"), "'24:01' is not a time of day"),
        (restricted(end_time="07:60"), "'07:60' is not a time of day"),
        (restricted(end_time="07:0x"), "'07:0x' is not a time of day"),
        (restricted(end_time="٠٧:٠٠"), "'٠٧:٠٠' is not a time of day"),
        (restricted(end_time="07.00"), "'07.00' is not a time of day"),
        (
            restricted(start_time="07:00", end_time="07:00"),
            "equal to start_time; for the whole day leave both out",
        ),
        (restricted(end_time="00:00"), "equal to start_time"),
        (restricted(min_wh=-1), "$.elements[0].restrictions.min_wh: negative"),
        (
            restricted(min_wh=5, max_wh=5),
            "restrictions.max_wh: 5 is not above min_wh 5; the end is not included",
        ),
        (restricted(min_power_w=9, max_power_w=5), "max_power_w: 5 is not above min_power_w 9"),
        (
            restricted(start_date="2026-02-01", end_date="2026-01-01"),
            "end_date: 2026-01-01 is not above start_date",
        ),
        (restricted(days=["MONDAY", "MONDAY"]), "restrictions.days[1]: unknown or repeated day 'MONDAY'"),
        (restricted(days=["MONTAG"]), "$.elements[0].restrictions.days[0]: Invalid enum value 'MONTAG'"),
        (restricted(min_kwh=1), "$.elements[0].restrictions: Object contains unknown field `min_kwh`"),
        ({**GOOD, "min_price": 1.234}, "$.min_price: 1.234 has more than 2 decimals"),
        ({**GOOD, "max_price": -1}, "$.max_price: negative price -1"),
        ({**GOOD, "min_price": 5, "max_price": 4}, "$.max_price: 4 is below min_price 5; raise it or drop"),
        ({**GOOD, "taxes": [{"name": "", "percent": 6}]}, "$.taxes[0].name: empty or repeated name ''"),
        ({**GOOD, "taxes": [{"name": "a", "percent": 106}]}, "$.taxes[0].percent: 106 is above 100"),
        (
            {**GOOD, "taxes": [{"name": "a", "percent": 6, "components": ["MAX_PRICE"]}]},
            "'MAX_PRICE' has no tax of",
        ),
        ({**GOOD, "valid_from": "2026-01-01T00:00:00"}, "$.valid_from: no UTC offset; write it as"),
        (
            {**GOOD, "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-01-01T01:00:00+01:00"},
            "$.valid_until: not after valid_from",
        ),
        ({"id": "x"}, "$: Object missing required field `name`; correct the JSON text"),
    ],
)
def test_what_is_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(TariffError) as raised:
        parse(given)
    assert text in str(raised.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"id": "\xff"}'])
def test_what_is_no_tariff_at_all(text: bytes) -> None:
    with pytest.raises(TariffError, match="correct the JSON text"):
        parse_tariff(text)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(TariffError) as raised:
        parse({**restricted(end_time="x", min_wh=-1), "currency": "?"})
    assert [problem.path for problem in raised.value.problems] == [
        "$.currency",
        "$.elements[0].restrictions.end_time",
        "$.elements[0].restrictions.min_wh",
    ]


def test_an_invalid_tariff_prices_nothing() -> None:
    tariff = Tariff(id="T", name="t", currency="EUR", elements=(Element(per_session=Decimal(-1)),))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(TariffError, match="negative price"):
        price(tariff, Usage(at, at, (), (), "UTC"))


def test_an_unknown_day_made_in_code_is_found_too() -> None:
    tariff = parse(GOOD)
    rule = msgspec.structs.replace(tariff.elements[0].restrictions, days=("FUNDAY",))
    with pytest.raises(TariffError, match="FUNDAY"):
        validate(
            msgspec.structs.replace(
                tariff, elements=(msgspec.structs.replace(tariff.elements[0], restrictions=rule),)
            )
        )


def test_taxes_of_one_name() -> None:
    with pytest.raises(TariffError, match="repeated name 'VAT'"):
        validate(msgspec.structs.replace(parse(GOOD), taxes=(Tax(name="VAT", percent=Decimal(6)),) * 2))


def test_in_force_from_and_until() -> None:
    tariff = parse({**GOOD, "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"})
    days = [datetime(2025, 12, 31, tzinfo=UTC), *(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2))]
    assert [in_force(tariff, day) for day in days] == [False, True, False]
    assert in_force(parse(GOOD), days[0])
