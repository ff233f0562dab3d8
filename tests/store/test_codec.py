"""DESIGN §3, "Storage types": what is stored comes back as it was, the same on both engines."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.domain.command import CommandState, RemoteStart, Request
from forecourt.store import codec

FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  (zones are added)
times = st.datetimes(FIRST, LAST, timezones=st.timezones())
amounts = st.decimals(min_value=Decimal(-9_000_000_000_000), max_value=Decimal(9_000_000_000_000), places=6)


@given(times)
def test_time_keeps_every_microsecond_whatever_its_zone(at: datetime) -> None:
    micros = codec.encode_time(at)
    assert -(2**63) <= micros < 2**63
    assert codec.decode_time(micros) == at.astimezone(
        UTC
    )  # as such, times of an hour that comes twice equal no other
    assert codec.decode_time(micros).tzinfo is UTC


def test_time_before_1970_and_of_a_zone_east_of_greenwich() -> None:
    assert codec.encode_time(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    assert codec.encode_time(datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))) == 0


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.encode_time(datetime(2026, 1, 1))  # noqa: DTZ001


@given(amounts)
def test_money_is_exact(amount: Decimal) -> None:
    millionths = codec.encode_money(amount)
    assert -(2**63) <= millionths < 2**63
    assert codec.decode_money(millionths) == amount


@pytest.mark.parametrize(
    ("amount", "shown"), [("12.3", "12.30"), ("0", "0.00"), ("-0.000001", "-0.000001"), ("1E+3", "1000.00")]
)
def test_money_comes_back_with_two_decimals_if_they_are_enough(amount: str, shown: str) -> None:
    assert str(codec.decode_money(codec.encode_money(Decimal(amount)))) == shown


@pytest.mark.parametrize("amount", ["0.0000001", "NaN", "Infinity", "1." + "0" * 40 + "1"])
def test_money_that_would_be_rounded_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="money"):
        codec.encode_money(Decimal(amount))


# RFC 3339 knows offsets of whole minutes, as do the time stamps of piles.
offsets = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
stamps = st.datetimes(FIRST, LAST, timezones=offsets)
spans = st.tuples(stamps, st.none() | stamps)


@given(st.lists(spans).map(tuple))
def test_json_keeps_times(value: tuple[tuple[datetime, datetime | None], ...]) -> None:
    found = codec.codec_of(tuple[tuple[datetime, datetime | None], ...])
    assert found.encode is not None
    assert found.decode is not None
    assert found.decode(found.encode(value)) == value


@pytest.mark.parametrize(
    ("annotation", "value", "stored"),
    [
        (CommandState, CommandState.TIMED_OUT, "timed_out"),
        (CommandState | None, CommandState.TIMED_OUT, "timed_out"),
        (dict[int, str], {1: "Available"}, '{"1":"Available"}'),
        (tuple[tuple[int, int], ...], ((0, 4), (6, 6)), "[[0,4],[6,6]]"),
        (dict[str, Any] | None, {"a": [1, None]}, '{"a":[1,null]}'),
    ],
)
def test_codec_follows_from_the_annotation(annotation: Any, value: Any, stored: str) -> None:
    found = codec.codec_of(annotation)
    assert found.encode is not None
    assert found.decode is not None
    assert found.encode(value) == stored
    assert type(found.encode(value)) is str
    assert found.decode(stored) == value


def test_a_tagged_union_is_json() -> None:
    found = codec.codec_of(Request)
    request = RemoteStart(token_uid="令牌")
    assert found.encode is not None
    assert found.decode is not None
    assert found.decode(found.encode(request)) == request


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_plain_text_is_taken_by_every_engine_and_loses_nothing_it_can_keep(text: str) -> None:
    plain = codec.plain_text(text)
    plain.encode("utf-8")
    assert "\0" not in plain
    if "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert plain == text
