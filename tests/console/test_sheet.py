"""CSV: numbers stay numbers, no text is a formula."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from forecourt.console.sheet import head, row, utc


def read(line: str) -> list[str]:
    return next(csv.reader(StringIO(line, newline="")))


def test_numbers_stay_numbers_and_nothing_stays_empty() -> None:
    assert row((1, -2.5, Decimal("-3.10"), None, "")) == "1,-2.5,-3.10,,\r\n"


def test_a_text_is_never_a_formula() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"):
        assert read(row((text,))) == [f"'{text}"]
    assert read(row(("PILE-1", "a=b"))) == ["PILE-1", "a=b"]


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")), min_size=2))
def test_every_text_comes_back(cells: list[str]) -> None:
    again = read(row(cells))
    assert [
        cell.removeprefix("'") if cell != original else cell
        for cell, original in zip(again, cells, strict=True)
    ] == cells


def test_spreadsheets_know_the_encoding_by_the_first_line() -> None:
    assert head(("a", "b")) == "\ufeffa,b\r\n"
    assert utc(datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
    assert utc(None) == ""
