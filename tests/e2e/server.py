"""A real server: `forecourt serve` in a process of its own, on free ports and a data folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from forecourt import instance
from forecourt.instance import Running

PROGRAM = Path(sys.executable).with_name("forecourt")
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0


class Server:
    """Start it, stop it, kill it, start it again on the same data and the same ports."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`settings`: names and values of `Config`."""
        self.data_dir = folder / "data"
        self.log_path = folder / "server.log"
        self.output_path = folder / "server.out"
        self._settings = {"data_dir": str(self.data_dir), "log_format": "json"} | settings
        self._ports = ["--port", "0", "--ocpp-port", "0"]
        self._process: subprocess.Popen[bytes] | None = None
        self._running: Running | None = None

    def start(self) -> Running:
        """Start it and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FORECOURT_")}
        environment |= {f"FORECOURT_{name.upper()}": value for name, value in self._settings.items()}
        with self.log_path.open("ab") as log, self.output_path.open("ab") as output:
            command = [str(PROGRAM), "serve", *self._ports]
            self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=log)
        self._running = self._ready()
        ports = [str(httpx.URL(url).port) for url in (self._running.url, self._running.ocpp_url)]
        self._ports = ["--port", ports[0], "--ocpp-port", ports[1]]
        return self._running

    def _ready(self) -> Running:
        give_up = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < give_up and self.process.poll() is None:
            running = instance.find(self.data_dir)
            if running is not None and running.pid == self.process.pid:
                return running
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log_text()}")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def running(self) -> Running:
        assert self._running is not None, "not started"
        return self._running

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM; it must end by itself, without an error."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop on SIGTERM:\n{self.log_text()}") from None
        assert code == 0, self.log_text()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_text(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """The records of its log so far; those of one event if it is named. What is no record is an error of its own."""
        return [
            record for record in map(_record, self.log_text().splitlines()) if event in ("", record["event"])
        ]

    def errors(self) -> list[dict[str, Any]]:
        """What nobody may see in the log of a healthy server."""
        return [record for record in self.log() if record.get("level") in ("error", "critical")]

    def operator(self) -> tuple[str, str]:
        """Name and password of the first operator, as the first start shows them."""
        shown = re.search(r"first operator: (\S+) +password: (\S+)", self.output_path.read_text())
        assert shown, self.output_path.read_text()
        return shown[1], shown[2]

    def api(self) -> httpx.AsyncClient:
        """A client of its API with an administrator's rights."""
        headers = {"Authorization": f"Bearer {self.running.token}"}
        return httpx.AsyncClient(base_url=f"{self.running.url}/api/v1", headers=headers, timeout=30)


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {"event": line, "level": "error"}
    return record if isinstance(record, dict) else {"event": line, "level": "error"}


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """A running server, which at the end must stop by itself, without an error."""
    server = Server(folder, **settings)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        if server.alive:
            server.kill()
