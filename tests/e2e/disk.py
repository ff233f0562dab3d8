"""A disk that is full, and is not: a small file system of its own where we may mount one, else a limit on file sizes."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.e2e.server import Server

SIZE = "32m"
# Below what the write-ahead log has when a database has just been made.
FILE_LIMIT = 65_536


class Disk(Protocol):
    """The disk under a server's data folder."""

    def fill(self, server: Server) -> None:
        """Nothing more can be written."""

    def free(self, server: Server) -> None:
        """Now it can."""


@contextmanager
def disk_under(data_dir: Path) -> Iterator[Disk]:
    """The disk that a new data folder is made on."""
    data_dir.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", data_dir], capture_output=True, check=False
    )
    if mounted.returncode:
        yield _Limit()
        return
    try:
        yield _Mount()
    finally:
        subprocess.run(["umount", data_dir], check=True)


class _Mount:
    def fill(self, server: Server) -> None:
        with suppress(OSError), (server.data_dir / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def free(self, server: Server) -> None:
        (server.data_dir / "ballast").unlink()


class _Limit:
    def fill(self, server: Server) -> None:
        log = server.data_dir / "forecourt.sqlite3-wal"
        assert log.stat().st_size > FILE_LIMIT, "what is written next would lie below the limit"
        self._set(server, FILE_LIMIT)

    def free(self, server: Server) -> None:
        self._set(server, resource.RLIM_INFINITY)

    def _set(self, server: Server, size: int) -> None:
        pid = server.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size if hard == -1 else min(size, hard), hard))
