"""One server per data folder."""

from pathlib import Path

import pytest

from forecourt.instance import InstanceError, Running, announce, find, locked, withdraw

RUNNING = Running("http://127.0.0.1:1", "ws://127.0.0.1:2/ocpp", "secret", 42)


def test_a_second_server_on_the_same_folder_is_told_who_is_there(tmp_path: Path) -> None:
    with locked(tmp_path):
        announce(tmp_path, RUNNING)
        with (
            pytest.raises(InstanceError, match=r"in use.*http://127.0.0.1:1 \(process 42\)"),
            locked(tmp_path),
        ):
            pass


def test_the_note_counts_only_while_the_lock_is_held(tmp_path: Path) -> None:
    with locked(tmp_path):
        announce(tmp_path, RUNNING)
        assert find(tmp_path) == RUNNING
    assert find(tmp_path) is None


def test_the_note_is_for_the_owner_only_and_goes_with_the_server(tmp_path: Path) -> None:
    with locked(tmp_path):
        announce(tmp_path, RUNNING)
        assert (tmp_path / "server.json").stat().st_mode & 0o777 == 0o600
        withdraw(tmp_path)
        assert find(tmp_path) is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InstanceError, match="file/data"), locked(tmp_path / "file" / "data"):
        pass


def test_a_damaged_note_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{")
    assert find(tmp_path) is None
