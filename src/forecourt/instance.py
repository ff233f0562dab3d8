"""One server per data folder: its lock, and the note by which commands find the running server (DESIGN §4)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec


class InstanceError(Exception):
    """The data folder can't be used: says which, why, and what to do."""


class Running(msgspec.Struct, frozen=True):
    """Where the running server of a data folder answers, and the token that its own commands present."""

    url: str
    ocpp_url: str
    token: str
    pid: int


def _note(data_dir: Path) -> Path:
    return data_dir / "server.json"


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises InstanceError when the folder can't be written or another process holds it."""
    descriptor = _open_lock(data_dir)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        running = find(data_dir)
        where = f" at {running.url} (process {running.pid})" if running else ""
        raise InstanceError(
            f"{data_dir} is in use by another forecourt{where}: stop it, or choose another --data-dir"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


def _open_lock(data_dir: Path) -> int:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InstanceError(
            f"can't write to the data folder {data_dir}: {error.strerror}; choose another --data-dir"
        ) from None


def announce(data_dir: Path, running: Running) -> None:
    """Write the note (mode 0600) beside the database."""
    path = _note(data_dir)
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(running))
    partial.replace(path)


def withdraw(data_dir: Path) -> None:
    """Remove the note when the server stops."""
    _note(data_dir).unlink(missing_ok=True)


def find(data_dir: Path) -> Running | None:
    """Return the server that has announced itself and still holds the lock; None when there is none."""
    try:
        running = msgspec.json.decode(_note(data_dir).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    return running if _is_locked(data_dir) else None


def _is_locked(data_dir: Path) -> bool:
    try:
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
