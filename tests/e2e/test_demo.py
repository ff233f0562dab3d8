"""The demo as a newcomer starts it: cars charge before their eyes, it can be interrupted, and nothing is left behind."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from tests.e2e import console
from tests.e2e.network import every
from tests.e2e.server import PROGRAM, READY_WITHIN_S, STOP_WITHIN_S
from tests.e2e.until import until

from forecourt import instance
from forecourt.instance import Running

pytestmark = pytest.mark.slow


@contextmanager
def demo(data_dir: Path, output: Path) -> Iterator[tuple[subprocess.Popen[bytes], Running]]:
    """`forecourt demo` with two stations; its clock runs thirty times as fast."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FORECOURT_")}
    command = [str(PROGRAM), "demo", "--stations", "2", "--speed", "30", "--seed", "7"]
    command += ["--port", "0", "--ocpp-port", "0", "--data-dir", str(data_dir)]
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        yield process, announced(process, data_dir, output)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def announced(process: subprocess.Popen[bytes], data_dir: Path, output: Path) -> Running:
    give_up = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up and process.poll() is None:
        if running := instance.find(data_dir):
            return running
        time.sleep(0.05)
    raise AssertionError(output.read_text())


async def test_cars_charge_within_the_first_minute_and_nothing_is_left_behind(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with demo(tmp_path / "data", output) as (process, running):
        headers = {"Authorization": f"Bearer {running.token}"}
        async with httpx.AsyncClient(base_url=f"{running.url}/api/v1", headers=headers, timeout=30) as api:
            # The promise is half of it, on a machine of two cores that has nothing else to do.
            await until(lambda: charging(api), lambda count: count > 0)
            async with signed_in(running.url, output) as browser:
                await until(lambda: charging_on_page(browser), lambda count: count > 0)
            await until(lambda: every(api, "/cdrs"), lambda cdrs: any(cdr["energy_wh"] > 0 for cdr in cdrs))
            piles = await every(api, "/piles")
            assert len(piles) == 2 * 7
            assert {pile["connected_version"] for pile in piles} == {"ocpp1.6", "ocpp2.0.1"}
        children = psutil.Process(process.pid).children(recursive=True)
        assert children, "the piles live in a process of their own"
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_WITHIN_S) == 0, output.read_text()
        assert [child for child in children if child.is_running()] == []
    assert "Traceback" not in output.read_text()


async def charging(api: httpx.AsyncClient) -> int:
    """How many sessions draw power."""
    sessions = await every(api, "/sessions", state="open")
    return sum(1 for session in sessions if session["power_w"])


def signed_in(url: str, output: Path) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    shown = re.search(r"sign in +(\S+) +(\S+)", output.read_text())
    assert shown, output.read_text()
    return console.signed_in_as(url, shown[1], shown[2])


async def charging_on_page(browser: httpx.AsyncClient) -> int:
    """The number of the overview; what is beside it must be a power."""
    page = await console.text_of(browser, "/")
    figures = re.search(r"Charging now (\d+) of (\d+) EVSEs .*Power now \S+ [kM]W", page)
    assert figures, page
    return int(figures[1])
