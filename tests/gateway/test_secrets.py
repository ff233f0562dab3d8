"""Passwords of piles: what a pile tells of them is written nowhere."""

import sqlite3
from typing import Any

from tests.gateway.conftest import House, until
from tests.gateway.giving import ended
from tests.gateway.messages import V16, V201, now

from forecourt.domain import command as ours


def in_database(house: House, text: str) -> list[str]:
    """The tables in which a text stands."""
    path: Any = house.sv.store._database.path  # type: ignore[union-attr]
    with sqlite3.connect(path) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        rows = {name: str(connection.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables}
    connection.close()
    return [name for name, held in rows.items() if text in held]


async def test_what_a_1_6_pile_gives_back(house: House) -> None:
    pile = await house.booted(V16)
    command = await house.command(ours.GetConfiguration())
    keys = [{"key": "authorizationkey", "readonly": False, "value": "s3cret"}]
    pile.reply(await pile.next_call(), {"configurationKey": keys})
    done = await ended(house, command)
    assert done.result == {
        "configurationKey": [{"key": "authorizationkey", "readonly": False, "value": "****"}]
    }
    await until(lambda: house.sv.store.pile_variables("CP1"))
    assert in_database(house, "s3cret") == []


async def test_what_a_2_0_1_pile_reports(house: House) -> None:
    pile = await house.booted(V201)
    row = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": "s3cret", "mutability": "WriteOnly"}],
    }
    report = {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": [row]}
    await pile.result("NotifyReport", report)
    [kept] = await house.sv.store.pile_variables("CP1")
    assert (kept.variable, kept.value) == ("BasicAuthPassword", None)
    assert in_database(house, "s3cret") == []
