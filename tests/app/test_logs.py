"""The log: one shape for our records and those of libraries."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from forecourt.config import Config
from forecourt.logs import configure


@pytest.fixture
def log_as_before() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("log_as_before")
def test_libraries_log_like_us(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Config(log_format="json"))
    structlog.get_logger().warning("ours", pile="CP1")
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("a.library").exception("theirs: %s", "text")
    logging.getLogger("a.library").info("chatter")
    ours, theirs = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (ours["event"], ours["level"], ours["pile"]) == ("ours", "warning", "CP1")
    assert (theirs["event"], theirs["level"]) == ("theirs: text", "error")
    assert "ValueError: why" in theirs["exception"]
    assert ours["timestamp"] <= theirs["timestamp"]


@pytest.mark.usefixtures("log_as_before")
def test_a_terminal_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Config(log_format="console"))
    logging.getLogger("a.library").warning("theirs")
    [line] = capsys.readouterr().err.splitlines()
    assert "theirs" in line
    assert "warning" in line
