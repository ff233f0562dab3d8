"""The benchmark runs: every server answers the same load, and the table has a line for each."""

import re

import pytest
from bench.__main__ import main

pytestmark = pytest.mark.slow

QUICK = ["--piles", "3", "--windows", "1", "--seconds", "1", "--warmup", "0.2"]


def test_every_server_is_measured_in_one_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(QUICK) == 0
    printed = capfd.readouterr().out
    assert f"python -m bench {' '.join(QUICK)}" in printed
    lines = re.findall(r"^\| ([\d.]+) \| 3 \| ([^|]+) \| ([\d,]+) \| (.+) \|$", printed, re.MULTILINE)
    servers = ["bare server", "ocpp library", "Forecourt, SQLite"]
    assert [(version, server) for version, server, _, _ in lines] == [
        (version, server) for version in ("1.6", "2.0.1") for server in servers
    ]
    for _, _, calls_per_s, rest in lines:
        numbers = [float(cell.replace(",", "")) for cell in rest.split(" | ")]
        assert int(calls_per_s.replace(",", "")) > 0
        assert all(number > 0 for number in numbers), rest
    assert re.search(
        r"^- 2\.0\.1, 3 piles: a durable call costs [\d.]+ × the bare server", printed, re.MULTILINE
    )
