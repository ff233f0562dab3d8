"""Sessions, prices, tariffs, quotes and CDRs over the API."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.api.conftest import NOW, SESSION, Api

from forecourt.domain.meter import POWER, REGISTER, MeterValue, Sample
from forecourt.domain.session import Flag, MeterEntry
from forecourt.services import billing

PLAIN = {"id": "t", "name": "T", "currency": "CNY", "elements": [{"service_per_kwh": "0.8"}]}


async def measured(api: Api, *registers_wh: int) -> None:
    """Give the session register readings, spread over its hour."""
    step = timedelta(hours=1) / (len(registers_wh) - 1)
    for n, register in enumerate(registers_wh):
        at = NOW + n * step
        values = (MeterValue(at, (Sample(REGISTER, register, "Wh"), Sample(POWER, 1000, "W"))),)
        entry = MeterEntry(
            session_id=SESSION.id, pile_id="PILE-1", key=n, evse_id=1, seq_no=n, kind="updated", at=at, pile_at=at,
            received_at=at, offline=False, trigger="", charging_state="", data=msgspec.msgpack.encode(values),
        )  # fmt: skip
        await api.sv.store.write(entry)


async def test_a_session_shows_its_price_step_by_step(filled: Api) -> None:
    await measured(filled, 0, 500, 1000)
    session = await filled.get("/sessions/4711", role="viewer")
    assert (session["priced_by"], session["price"]["total_incl_tax"]) == ("live", "1.50")
    assert session["explanation"][-1].startswith("Total: 1.50")
    assert session["cdrs"] == []
    assert session["token_uid"] == "****E680"


async def test_a_billed_session_shows_what_was_billed(filled: Api) -> None:
    await measured(filled, 0, 1000)
    await filled.sv.store.write(msgspec.structs.replace(SESSION, settle_at=NOW))
    await billing.settle(filled.sv)
    session = await filled.get("/sessions/4711")
    assert (session["priced_by"], session["cdrs"]) == ("cdr", ["4711-1"])
    [cdr] = (await filled.get("/cdrs?station_id=plaza"))["items"]
    assert cdr == await filled.get("/cdrs/4711-1", role="viewer")
    assert (cdr["price"], cdr["energy_wh"], cdr["token"]["uid"]) == (session["price"], 1000, "****E680")
    assert (await filled.get("/cdrs?station_id=other"))["items"] == []


async def test_a_session_without_a_tariff_has_no_price(filled: Api) -> None:
    await filled.sv.store.write(msgspec.structs.replace(SESSION, tariff_version=""))
    session = await filled.get("/sessions/4711")
    assert (session["priced_by"], session["price"], session["explanation"]) == (None, None, [])


async def test_the_meter_values_of_a_session(filled: Api) -> None:
    await measured(filled, 0, 500, 1000)
    points = (await filled.get("/sessions/4711/meter-values", role="viewer"))["items"]
    assert [(point["register_wh"], point["power_w"]) for point in points] == [
        (0, 1000),
        (500, 1000),
        (1000, 1000),
    ]
    assert points[0]["at"] == "2026-01-15T04:00:00Z"


async def test_a_session_that_was_held_back_is_released_once(filled: Api) -> None:
    held = msgspec.structs.replace(SESSION, flags=(Flag.METER_IMPLAUSIBLE.value,))
    await filled.sv.store.write(held)
    answer = await filled.call("POST", "/sessions/4711/release", role="operator")
    assert (answer.status_code, answer.json()["flags"]) == (200, ["released"])
    assert (await filled.call("POST", "/sessions/4711/release")).status_code == 409
    [entry] = (await filled.get("/audit?subject=4711"))["items"]
    assert entry["action"] == "session.release"


async def test_a_tariff_put_is_a_tariff_got(api: Api) -> None:
    for _ in range(2):
        put = await api.call("PUT", "/tariffs/t", PLAIN, role="operator")
        assert put.status_code == 200
    assert await api.get("/tariffs/t", role="viewer") == put.json()
    assert put.json() == PLAIN
    assert (await api.get("/tariffs"))["items"] == [PLAIN]
    assert (await api.call("GET", "/tariffs/none")).status_code == 404


async def test_a_price_is_taken_digit_by_digit(api: Api) -> None:
    # Through a float the last zero would be lost, and from 17 digits on more than that.
    text = b'{"id":"t","name":"T","currency":"CNY","elements":[{"service_per_kwh":1.10,"time_per_minute":"0.123456"}]}'
    answer = await api.call("PUT", "/tariffs/t", content=text, headers={"content-type": "application/json"})
    [element] = answer.json()["elements"]
    assert element == {"service_per_kwh": "1.10", "time_per_minute": "0.123456"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"elements": []}, "$.elements"),
        ({"elements": [{"service_per_kwh": "-1"}]}, "$.elements[0].service_per_kwh"),
        ({"elements": [{"service_per_kwh": "much"}]}, "$.elements[0].service_per_kwh"),
        (
            {"elements": [{"service_per_kwh": "1", "restrictions": {"start_time": "25:00"}}]},
            "$.elements[0].restrictions.start_time",
        ),
        ({"currency": "XXX"}, "$.currency"),
        ({"valid_from": "2026-01-01T00:00:00"}, "$.valid_from"),
    ],
)  # fmt: skip
async def test_what_is_wrong_in_a_tariff_is_named(api: Api, change: dict[str, Any], path: str) -> None:
    answer = await api.call("PUT", "/tariffs/t", {**PLAIN, **change})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)


async def test_every_problem_of_a_tariff_is_named_with_its_remedy(api: Api) -> None:
    answer = await api.call("PUT", "/tariffs/t", {**PLAIN, "currency": "XXX", "elements": []})
    errors = answer.json()["errors"]
    assert [error["path"] for error in errors] == ["$.currency", "$.elements"]
    assert all(error["remedy"] for error in errors)


async def test_a_tariff_under_another_id(api: Api) -> None:
    assert (await api.call("PUT", "/tariffs/other", PLAIN)).status_code == 400


def quoted(**change: Any) -> dict[str, Any]:
    return {
        "station_id": "plaza",
        "energy_wh": 60_000,
        "power_w": 60_000,
        "start": "2026-01-15T12:00:00+08:00",
        **change,
    }


async def test_a_quote_is_a_price_with_its_explanation(filled: Api) -> None:
    answer = await filled.call("POST", "/tariffs/flat/quote", quoted(), role="viewer")
    price = answer.json()["price"]
    assert (answer.status_code, price["total_incl_tax"], price["currency"], price["zone"]) == (
        200, "90.00", "CNY", "Asia/Shanghai",
    )  # fmt: skip
    assert price["charging_seconds"] == 3600
    assert answer.json()["explanation"][-1].startswith("Total: 90.00")
    assert (await filled.call("POST", "/tariffs/flat/quote", quoted(start=None))).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"station_id": "none"}, 404, None),
        ({"power_w": 0}, 422, "$.power_w"),
        ({"power_w": 1}, 422, "$.energy_wh"),
        ({"energy_wh": -1}, 422, "$.energy_wh"),
        ({"start": "2026-01-15T12:00:00"}, 422, "$.start"),
        ({"start": "9999-12-31T23:59:59Z"}, 422, "$"),
    ],
)
async def test_quotes_that_can_not_be_given(
    filled: Api, change: dict[str, Any], status: int, path: str | None
) -> None:
    answer = await filled.call("POST", "/tariffs/flat/quote", quoted(**change))
    assert answer.status_code == status, answer.text
    assert [error["path"] for error in answer.json().get("errors", [])] == ([path] if path else [])


async def test_a_tariff_that_is_not_in_force_yet(filled: Api) -> None:
    await filled.call("PUT", "/tariffs/t", {**PLAIN, "valid_from": "2030-01-01T00:00:00Z"})
    answer = await filled.call("POST", "/tariffs/t/quote", quoted())
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "$.start")


async def test_the_overview(filled: Api) -> None:
    found = await filled.get("/overview?time_zone=Asia/Shanghai", role="viewer")
    assert (found["stations"], found["piles"], found["piles_online"]) == (1, 3, 0)
    assert found["evses"] == {"UNKNOWN": 1}
