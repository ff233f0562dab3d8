"""The fleet as the demo runs it: a process of its own, ended by a signal."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import msgspec
import pytest
from tests.simulator.csms import Csms, running

from forecourt.simulator.network import build


async def start(csms: Csms, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forecourt.simulator", "--url", csms.url, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_two_stations_come_alive_and_go_down_in_good_order(tmp_path: Path) -> None:
    network = build(2, seed=4)
    (tmp_path / "network.json").write_bytes(msgspec.json.encode(network))
    passwords = {pile.id: f"secret of {pile.id}" for pile in network.piles}
    (tmp_path / "passwords.json").write_bytes(msgspec.json.encode(passwords))
    async with running(Csms()) as csms:
        process = await start(
            csms,
            *("--network", str(tmp_path / "network.json"), "--passwords", str(tmp_path / "passwords.json")),
            *("--speed", "120", "--busy-at-start", "1", "--ramp", "0.5"),
        )
        await csms.until(lambda: len(_charging(csms)) == 14, 30)
        process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (0, b"")
    counted = json.loads(out)
    assert counted["piles"] == 14
    assert counted["boot Accepted"] == 14
    assert csms.invalid == []
    assert {pile for pile, _, _ in csms.heard} == {pile.id for pile in network.piles}
    known = {token.uid for token in network.tokens}
    assert {payload["idTag"] for payload in csms.of("StartTransaction")} <= known
    assert all(header.startswith("Basic ") for header in csms.authorizations)


async def test_business_time_is_the_one_handed_over() -> None:
    async with running(Csms()) as csms:
        process = await start(
            csms, "--stations", "1", "--epoch", "2031-05-06T07:08:09Z", "--busy-at-start", "0", "--ramp", "0"
        )
        await csms.until(lambda: len(csms.statuses()) == 7, 30)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 20)
    assert all(p["timestamp"].startswith("2031-05-06T07:08:") for p in csms.of("StatusNotification"))


@pytest.mark.parametrize("bad", [("--speed", "0"), ("--epoch", "2031-05-06T07:08:09")])
async def test_a_wrong_argument_is_refused(bad: tuple[str, str]) -> None:
    process = await start(Csms(), *bad)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert bad[0].encode() in err


def _charging(csms: Csms) -> set[str]:
    """The piles that have told of a charge."""
    return {
        pile
        for pile, action, payload in csms.heard
        if action == "StartTransaction" or payload.get("triggerReason") == "ChargingStateChanged"
    }
