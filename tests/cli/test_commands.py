"""The commands as a stranger types them, in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

FLAT = {"id": "flat", "name": "Flat", "currency": "CNY", "elements": [{"electricity_per_kwh": "0.8"}]}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on a data folder of its own; no server is running."""

    def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from forecourt.cli import main; main()", *arguments],
            env={**os.environ, "FORECOURT_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return command


def shown(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_network_is_built_by_commands_without_a_server(run: Run) -> None:
    shown(run("tariff", "set", "-", "--json", stdin=json.dumps(FLAT)))
    station = (
        "station",
        "add",
        "S1",
        "One [1]",
        "--lat",
        "39.9",
        "--lon",
        "116.4",
        "--tariff",
        "flat",
        "--json",
    )
    assert shown(run(*station))["tariff_id"] == "flat"
    pile = shown(
        run("pile", "add", "CP1", "--station", "S1", "--version", "1.6", "--power-kw", "600", "--json")
    )
    assert pile["max_power_w"] == 600_000
    assert len(bytes.fromhex(pile["password"])) * 8 >= 128
    assert [one["id"] for one in shown(run("tariff", "list", "--json"))] == ["flat"]
    shown(run("token", "add", "CARD1", "--driver", "Ms Li", "--json"))
    assert [one["id"] for one in shown(run("pile", "list", "--json"))] == ["CP1"]
    table = run("station", "list").stdout
    assert "One [1]" in table
    assert shown(run("session", "list", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("pile", "show", "NOPE"), 1, "NOPE"),
        (("pile", "add", "CP1", "--station", "S9"), 1, "S9"),
        (("station", "add", "S1", "One", "--lat", "99", "--lon", "0"), 1, "lat"),
        (("tariff", "set", "-"), 1, "JSON"),
        (("session", "show", "12"), 1, "12"),
        (("serve", "--ocpp-port", "70000"), 2, "70000"),
        (("nonsense",), 2, "nonsense"),
        (("pile", "add", "CP1", "--station", "S1", "--version", "3.0"), 2, "2.0.1"),
        (("pile", "add", "CP1", "--station", "S1", "--power-kw", "-5"), 2, "--power-kw"),
        (("operator", "add", "bob", "--role", "king"), 2, "viewer"),
        (("session", "list", "--state", "weird"), 2, "problem"),
        (("session", "show", "99999999999999999999"), 2, "session_id"),
        (("token", "add", ""), 1, "empty"),
        (("station", "list", "--data-dir", "/dev/null"), 2, "--data-dir"),
        (("serve", "--database-url", "mysql://me@db/x"), 2, "postgresql://"),
        (("demo", "--stations", "1", "--data-dir", "/dev/null"), 2, "--data-dir"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run(*arguments, stdin="{}")
    assert result.returncode == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_setting_is_named_before_anything_is_done(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECOURT_UNKNOWN_PILES", "perhaps")
    result = run("pile", "list")
    assert result.returncode == 2
    assert "FORECOURT_UNKNOWN_PILES" in result.stderr


def test_times_are_short_for_people_and_whole_for_programs(run: Run) -> None:
    made = shown(run("token", "add", "CARD1", "--json"))["created_at"]
    assert f"{made[:19]}Z" in run("token", "add", "CARD1").stdout
    assert len(made) > 20


def test_migrate_says_what_it_did(run: Run) -> None:
    assert "made at" in run("migrate").stdout
    assert "up to date" in run("migrate").stdout
