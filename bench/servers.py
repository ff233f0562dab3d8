"""The servers that are compared, each a process of its own that piles connect to."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import network
from forecourt import config, instance

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0


class Server(msgspec.Struct, frozen=True):
    """Where piles connect, which processes are measured, and the file with the piles' passwords, if it asks for them."""

    url: str
    pids: tuple[int, ...]
    passwords: Path | None = None


@contextmanager
def bare(module: str) -> Iterator[Server]:
    """Run a module whose first line of output is its URL."""
    command = [sys.executable, "-m", module]
    with _running(command, {}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        if not url:
            raise SystemExit(f"{module} did not start")
        yield Server(url, (process.pid,))


@contextmanager
def forecourt(piles: int, database_url: str = "", database_pid: int | None = None) -> Iterator[Server]:
    """Run `forecourt serve` on new data, every pile with a password; in a database of its own if a URL is given."""
    with tempfile.TemporaryDirectory(prefix="forecourt-bench-") as folder:
        data_dir = Path(folder)
        passwords = data_dir / "passwords.json"
        settings = config.load({}, data_dir=data_dir, database_url=database_url)
        network.save(asyncio.run(network.register(settings, piles)), passwords)
        command = [
            str(Path(sys.executable).with_name("forecourt")),
            "serve",
            "--port",
            "0",
            "--ocpp-port",
            "0",
        ]
        variables = {
            "FORECOURT_DATA_DIR": folder,
            "FORECOURT_DATABASE_URL": database_url,
            "FORECOURT_LOG_LEVEL": "warning",
        }
        with _running(command, variables, stdout=subprocess.DEVNULL) as process:
            url = _announced(process, data_dir)
            yield Server(url, (process.pid, *([database_pid] if database_pid else [])), passwords)


def _announced(process: subprocess.Popen[bytes], data_dir: Path) -> str:
    give_up = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < give_up and process.poll() is None:
        running = instance.find(data_dir)
        if running is not None:
            return running.ocpp_url
        time.sleep(0.05)
    raise SystemExit("forecourt serve did not start")


@contextmanager
def _running(
    command: list[str], variables: Mapping[str, str], stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=os.environ | variables, stdout=stdout)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
