"""The gateway on the other engine: what depends on it, once more."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.gateway.conftest import House, Open, until
from tests.gateway.messages import V16, V201, event, meter, register, rejected, sessions, start, stop

from forecourt.domain.command import CommandState, RawCall

pytestmark = pytest.mark.postgres


@pytest.fixture
async def house(open_house: Open, postgres_url: str) -> AsyncIterator[House]:
    house = await open_house(database=postgres_url)
    await house.add_pile()
    yield house
    await house.close()


async def test_a_charge_of_each_version(house: House) -> None:
    pile = await house.booted(V16)
    transaction = (await pile.result("StartTransaction", start()))["transactionId"]
    assert await pile.result("MeterValues", meter(transaction, 2000)) == {}
    assert await pile.result("StopTransaction", stop(transaction)) == {}
    pile = await house.booted(V201)
    await pile.result("TransactionEvent", event("Started", 0, meterValue=register(1000)))
    await pile.result("TransactionEvent", event("Ended", 1, meterValue=register(3000)))
    assert [session.energy_wh for session in await sessions(house)] == [2000, 2000]


async def test_evidence(house: House) -> None:
    pile = await house.booted(V16)
    assert await pile.result("StopTransaction", stop(424242)) == {}
    assert await pile.result("MeterValues", {"connectorId": 1}) == {}
    assert len(await rejected(house)) == 2


async def test_a_takeover_and_a_replay(house: House) -> None:
    payload = start()
    old = await house.booted(V16)
    first = await old.result("StartTransaction", payload)
    piles = await asyncio.gather(*(house.connect() for _ in range(5)))
    alive = [pile for pile in piles if pile.status == 101]
    await until(lambda: one_left(house))
    connection = house.gateway._hub.registry.get("CP1")
    assert connection is not None
    assert connection.generation == 6
    answers = await asyncio.gather(
        *(pile.result("StartTransaction", payload) for pile in alive), return_exceptions=True
    )
    assert [answer for answer in answers if not isinstance(answer, BaseException)] == [first]
    assert len(await sessions(house)) == 1


async def one_left(house: House) -> bool:
    return house.gateway.connected == 1


async def test_a_command(house: House) -> None:
    pile = await house.booted(V16)
    command = await house.command(RawCall("ClearCache", {}))
    call = await pile.next_call()
    assert (await house.command_state(command)).state is CommandState.SENT
    pile.reply(call, {"status": "Accepted"})

    async def accepted() -> bool:
        return (await house.command_state(command)).state is CommandState.ACCEPTED

    await until(accepted)
