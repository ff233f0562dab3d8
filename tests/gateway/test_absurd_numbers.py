"""Numbers that no meter shows: the message counts all the same, and what else it says (field problem 17)."""

from typing import Any

import pytest
from tests.gateway.conftest import House

AT = "2026-01-02T03:04:05Z"


async def charging(house: House) -> tuple[Any, int]:
    pile = await house.booted()
    start = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": AT}
    return pile, (await pile.result("StartTransaction", start))["transactionId"]


def sample(value: str) -> dict[str, Any]:
    return {"timestamp": AT, "sampledValue": [{"value": value}]}


@pytest.mark.parametrize(
    "absurd",
    [
        {"meterStop": 2**70, "transactionData": [sample("3000")]},
        {"meterStop": 3000, "transactionData": [sample("1e30"), sample("2000")]},
    ],
)
async def test_a_stop_ends_its_session(house: House, absurd: dict[str, Any]) -> None:
    pile, transaction = await charging(house)
    stop = {"transactionId": transaction, "timestamp": "2026-01-02T04:04:05Z", **absurd}
    assert await pile.result("StopTransaction", stop) == {}
    [session] = (await house.sv.store.sessions()).items
    assert session.ended_at is not None
    assert session.energy_wh == 2000


async def test_a_start_gets_its_transaction(house: House) -> None:
    pile = await house.booted()
    start = {"connectorId": 1, "idTag": "TAG1", "meterStart": -(2**70), "timestamp": AT}
    answer = await pile.result("StartTransaction", start)
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert answer["transactionId"] > 0
