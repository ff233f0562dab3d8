"""A real NATS server for tests: the one named, or one of our own on a free port with JetStream.

FORECOURT_TEST_NATS names a server that tests may use.
"""

import os
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.missing import MissingError, first_program, install

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
_START_SECONDS = 15.0


@dataclass
class NatsServer:
    """One nats-server process; `stop` and `start` again on the same port and store, to test reconnecting."""

    store: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.port = self.port or _free_port()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the server and returns when it greets; raises `MissingError` if there is none."""
        options = ["-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.store)]
        log = self.store / "nats-server.log"
        self.process = subprocess.Popen([str(_program()), *options, "-l", str(log)])
        deadline = time.monotonic() + _START_SECONDS
        while not _greets(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nats-server did not start: {log.read_text()[-500:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None


def named_server() -> str | None:
    return os.environ.get("FORECOURT_TEST_NATS") or None


def _program() -> Path:
    found = first_program(["nats-server"], _SYSTEM_FOLDERS)
    if found is None:
        install("nats-server")
        found = first_program(["nats-server"], _SYSTEM_FOLDERS)
    if found is None:
        raise MissingError("nats-server was installed but is not on PATH")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return connection.recv(4) == b"INFO"
    except OSError:
        return False
