"""How a server starts, does not start, and ends: in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server on a data folder of the test's own, with these arguments."""
    started: list[subprocess.Popen[str]] = []

    def serve(*arguments: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", "from forecourt.cli import main; main()", "serve", *arguments],
            env={**os.environ, "FORECOURT_DATA_DIR": str(tmp_path / "data"), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield serve
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def occupied() -> Iterator[str]:
    """Yield a port on which somebody else listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize("option", ["--port", "--ocpp-port"])
def test_an_occupied_port_is_said_and_swallows_no_password(start: Start, option: str) -> None:
    with occupied() as port:
        _, err = start("--port", "0", "--ocpp-port", "0", option, port).communicate(timeout=60)
    assert f"can't listen on 127.0.0.1:{port}: Address already in use; choose another {option}" in err
    server = start("--port", "0", "--ocpp-port", "0")
    assert server.stdout is not None
    assert server.stdout.readline().startswith("first operator: admin")
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=60)
    assert server.returncode == 0


def test_a_certificate_that_cannot_be_read_is_named(start: Start, tmp_path: Path) -> None:
    absent = str(tmp_path / "server.crt")
    process = start("--ocpp-port", "0", FORECOURT_TLS_CERT=absent, FORECOURT_TLS_KEY=absent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"FORECOURT_TLS_CERT {absent}" in err
    assert "No such file" in err
    assert "Traceback" not in err


def test_a_signal_ends_a_server_that_still_waits_for_its_bus(start: Start, tmp_path: Path) -> None:
    with occupied() as port:
        process = start("--port", "0", "--ocpp-port", "0", FORECOURT_NATS_URL=f"nats://127.0.0.1:{port}")
        while not (tmp_path / "data" / "forecourt.sqlite3").exists():
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_bus_that_does_not_answer_is_said(start: Start) -> None:
    with occupied() as port:
        process = start("--port", "0", "--ocpp-port", "0", FORECOURT_NATS_URL=f"nats://127.0.0.1:{port}")
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "can't reach the bus of FORECOURT_NATS_URL" in err
    assert "Traceback" not in err


def test_a_misspelt_setting_is_pointed_out(start: Start) -> None:
    with occupied() as port:
        process = start("--port", port, "--ocpp-port", "0", FORECOURT_HTTP_PRT="1")
        _, err = process.communicate(timeout=60)
    assert "did you mean FORECOURT_HTTP_PORT?" in err
