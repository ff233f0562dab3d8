"""CSV (RFC 4180) that spreadsheets open: UTF-8 with a byte order mark at the first line, no cell a formula."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO

CONTENT_TYPE = "text/csv; charset=utf-8"
BOM = "\ufeff"
# What spreadsheets take for a formula at the beginning of a text (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row(cells: Iterable[object]) -> str:
    """Return one line. Numbers stay numbers; a text that could be read as a formula gets an apostrophe before it."""
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def head(names: Iterable[str]) -> str:
    """Return the first line."""
    return BOM + row(names)


def _cell(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def utc(at: datetime | None) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
