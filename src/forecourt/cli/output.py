"""What commands print: tables for people, JSON for programs, errors in one line on standard error."""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

# What the API says of an instant; people need no fractions of a second.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class FailedError(Exception):
    """A command that could not be carried out: the message says why and what to do."""


Json = typer.Option(False, "--json", help="Print JSON.")


def fail(message: str, code: int) -> NoReturn:
    """Print an error and end with an exit code."""
    print(f"forecourt: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    print(text.decode())  # noqa: T201


def show_list(items: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool, empty: str) -> None:
    """Print rows as JSON or as a table; ``empty`` says what to do where there are none."""
    if as_json:
        show_json(items)
    elif not items:
        Console(stderr=True).print(Text(empty))
    else:
        Console().print(_table(items, columns))


def _table(items: Iterable[dict[str, Any]], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column.endswith("_at"))
    for item in items:
        # Text, not markup: an id may contain square brackets.
        table.add_row(*(Text(_cell(item.get(column))) for column in columns))
    return table


def show_one(item: dict[str, Any], as_json: bool) -> None:
    """Print one object: for people a line for each field that says something."""
    if as_json:
        show_json(item)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in item.items():
        if value in ("", None, [], {}):
            continue
        table.add_row(Text(key.replace("_", " "), style="bold"), Text(_cell(value)))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return f"{value[:19]}Z"
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)
