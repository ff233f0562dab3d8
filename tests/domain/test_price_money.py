from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.domain.money import MINOR_DIGITS, half_up, nearest, plain, rounded, scaled, shortest


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("0.005", "CNY", "0.01"),
        ("0.0049999", "CNY", "0.00"),
        ("-0.005", "CNY", "-0.01"),
        ("-0.001", "CNY", "0.00"),
        ("1234.5", "JPY", "1235"),
        ("1", "KWD", "1.000"),
        ("123456789012345678901234567890.125", "EUR", "123456789012345678901234567890.13"),
    ],
)
def test_rounded(value: str, currency: str, text: str) -> None:
    assert str(rounded(Fraction(value), currency)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("10", "10"), ("0.0500", "0.05"), ("0", "0"), ("-2.50", "-2.5"), ("2/3", "0.666666666667")],
)
def test_plain(value: str, text: str) -> None:
    assert str(plain(Fraction(value))) == text


@given(st.decimals(-1000, 1000, places=4), st.sampled_from(sorted(MINOR_DIGITS)))
def test_rounded_is_the_decimal_modules_half_up_in_any_context(value: Decimal, currency: str) -> None:
    expected = value.quantize(Decimal(1).scaleb(-MINOR_DIGITS[currency]), ROUND_HALF_UP)
    with localcontext() as context:
        context.prec = 2
        assert rounded(Fraction(value), currency) == expected


@given(st.fractions())
def test_half_up_is_the_nearest(value: Fraction) -> None:
    assert abs(half_up(value) - value) <= Fraction(1, 2)
    assert half_up(-value) == -half_up(value)


@given(st.integers(), st.integers(1, 10**9))
def test_nearest_is_half_up_of_the_quotient(numerator: int, denominator: int) -> None:
    assert nearest(numerator, denominator) == half_up(Fraction(numerator, denominator))


@given(st.integers(-(10**40), 10**40), st.integers(0, 12))
def test_scaled_keeps_its_digits_and_shortest_drops_zeros_behind_the_point(number: int, digits: int) -> None:
    with localcontext() as context:
        context.prec = 2
        exact, short = scaled(number, digits), shortest(number, digits)
    assert Fraction(exact) == Fraction(short) == Fraction(number, 10**digits)
    assert exact.as_tuple().exponent == -digits
    text = f"{short:f}"
    assert not ("." in text and text.endswith("0"))


def test_an_unknown_currency_is_no_money() -> None:
    with pytest.raises(KeyError):
        rounded(Fraction(1), "XXX")
