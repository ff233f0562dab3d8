"""The primitive types, where msgspec alone would read something else than JSON Schema and RFC 3339 say."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.ocpp_schemas import is_date_time

from forecourt.ocpp.primitives import is_tenths, number, timestamp

digits = st.integers(0, 99).map("{:02}".format)
offsets = st.sampled_from(["Z", "z", "", "+0800", "+08", "Z "]) | st.builds(
    "{}{}:{}".format, st.sampled_from("+-"), digits, digits
)
date_times = st.builds(
    "{:04}-{}-{}{}{}:{}:{}{}{}".format,
    st.integers(0, 9999) | st.sampled_from([0, 1, 2016, 9999]),
    st.integers(0, 13).map("{:02}".format),
    st.integers(0, 32).map("{:02}".format),
    st.sampled_from("Tt T"),
    st.integers(0, 24).map("{:02}".format),
    st.integers(0, 60).map("{:02}".format) | st.just("59"),
    st.integers(0, 61).map("{:02}".format) | st.just("60"),
    st.sampled_from(["", ".", ".5", ".123456", ".1234567", ".9999999", ",5", "." + "9" * 40]),
    offsets,
)


@given(date_times)
def test_a_timestamp_is_what_rfc_3339_says(text: str) -> None:
    try:
        moment = timestamp(text)
    except ValueError:
        assert not is_date_time(text)
    else:
        assert is_date_time(text)
        assert moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_a_timestamp_is_the_instant_it_names(local: datetime, east: int) -> None:
    sign, minutes = "-" if east < 0 else "+", abs(east)
    text = f"{local.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    assert timestamp(text) == local.replace(tzinfo=UTC) - timedelta(minutes=east)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01T07:59:60.5+08:00", datetime(2017, 1, 1, 0, 0, 0, 500_000, UTC)),
        ("2026-01-02T03:04:05.1240977Z", datetime(2026, 1, 2, 3, 4, 5, 124_098, UTC)),
        ("2026-12-31T23:59:59.99999999Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("0000-02-29T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("0000-12-31T23:00:00-02:00", datetime(1, 1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999Z", datetime.max.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-01:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_rare_timestamps(text: str, moment: datetime) -> None:
    assert timestamp(text) == moment


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.decimals(allow_nan=False, allow_infinity=False)
)
def test_tenths_are_exact(value: Decimal) -> None:
    assert is_tenths(value) == ((Fraction(value) * 10).denominator == 1)


def test_tenths_know_no_precision() -> None:
    assert is_tenths(Decimal("1E+400"))
    assert is_tenths(Decimal("0.3"))
    assert is_tenths(Decimal("0.30"))
    assert not is_tenths(Decimal("0.3" + "0" * 60 + "1"))


@pytest.mark.parametrize("value", [True, "1", None, Decimal("1E+4300"), Decimal("1E-4300")])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match="not a number"):
        number(value)
