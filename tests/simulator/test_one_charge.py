"""One pile, one charge, as the quickstart types it: a process of its own."""

import asyncio
import base64
import json
import sys
from typing import Any

import pytest
from tests.simulator.csms import Csms, Payload, running

Ended = tuple[int | None, bytes, bytes]


async def charge(url: str, *arguments: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forecourt.simulator", "--url", url, "--pile", "CP 1", "--speed", "20"),
        *("--password", "secret", "--token", "CARD1", "--seconds", "1", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out, err


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_car_comes_charges_and_goes(version: str) -> None:
    async with running(Csms()) as csms:
        code, out, err = await charge(csms.url, "--version", version)
    assert code == 0, err
    assert csms.invalid == []
    assert base64.b64decode(csms.authorizations[0].removeprefix("Basic ")) == b"CP 1:secret"
    ended = csms.of("StopTransaction") or csms.ended()
    assert len(ended) == 1
    assert csms.statuses()[-1] == "Available"
    counted = json.loads(out)
    assert counted["charges"] == 1
    assert counted["energy_wh"] > 1000
    if version == "1.6":
        [started] = csms.of("StartTransaction")
        assert started["idTag"] == "CARD1"
        assert ended[0]["meterStop"] - started["meterStart"] == counted["energy_wh"]


async def test_a_wrong_password_is_said_at_once() -> None:
    async with running(Csms()) as csms:
        csms.refuse_with = 401
        code, out, err = await charge(csms.url)
    assert (code, out) == (1, b"")
    assert err == b"simulator: CP 1 can't connect: 401, the pile's id or password is wrong\n"


async def test_a_refused_token_is_said() -> None:
    async with running(Csms()) as csms:
        csms.answer = refusing(csms)
        code, out, err = await charge(csms.url)
    assert (code, out) == (1, b"")
    assert b"the token CARD1 is refused" in err
    assert csms.of("StartTransaction") == []


async def test_where_nobody_listens_is_said() -> None:
    code, _, err = await charge("ws://127.0.0.1:1/ocpp")
    assert code == 1
    assert err.count(b"\n") == 1
    assert b"nobody listens there" in err


def refusing(csms: Csms) -> Any:
    def answer(action: str, payload: Payload) -> Payload | list[Any] | None:
        if action == "Authorize":
            return {"idTagInfo": {"status": "Invalid"}}
        return csms.accept(action, payload)

    return answer
