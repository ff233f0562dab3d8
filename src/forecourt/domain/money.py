"""Currencies, and the two roundings that amounts of money know.

Amounts are computed as exact fractions and become a `Decimal` once: by `rounded` (to the currency's minor unit, half
up: what is paid) or by `plain` (as many digits as it takes: what is shown in an explanation). Neither depends on the
decimal context of the thread, so that the same input gives the same bytes everywhere.
"""

from decimal import Decimal
from fractions import Fraction

# ISO 4217, "minor unit": the number of decimals of the currency's smallest amount.
MINOR_DIGITS = {
    "AED": 2, "AUD": 2, "BGN": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "CZK": 2, "DKK": 2,
    "EGP": 2, "EUR": 2, "GBP": 2, "GEL": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0, "JOD": 3,
    "JPY": 0, "KRW": 0, "KWD": 3, "KZT": 2, "MAD": 2, "MOP": 2, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3,
    "PEN": 2, "PHP": 2, "PLN": 2, "QAR": 2, "RON": 2, "RSD": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3,
    "TRY": 2, "TWD": 2, "UAH": 2, "USD": 2, "UZS": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip

PLAIN_DIGITS = 12
ZERO = Decimal(0)


def rounded(value: Fraction, currency: str) -> Decimal:
    """The amount in the currency's minor unit, half away from zero (ROUND_HALF_UP). KeyError: unknown currency."""
    digits = MINOR_DIGITS[currency]
    return scaled(half_up(value * 10**digits), digits)


def plain(value: Fraction, digits: int = PLAIN_DIGITS) -> Decimal:
    """The value without trailing zeros; one that does not end after `digits` decimals is rounded half up there."""
    return shortest(half_up(value * 10**digits), digits)


def half_up(value: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    return nearest(value.numerator, value.denominator)


def nearest(numerator: int, denominator: int) -> int:
    """The whole number nearest to a quotient, halves away from zero. The denominator is above 0."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -whole if numerator < 0 else whole


def scaled(number: int, digits: int) -> Decimal:
    """`number` × 10^-digits with all its digits, exactly: unlike `scaleb`, the constructor knows no context."""
    return Decimal(f"{number}e-{digits}")


def shortest(number: int, digits: int) -> Decimal:
    """`number` × 10^-digits, exactly, without trailing zeros behind the point."""
    if not number:
        return ZERO
    text = str(number)
    kept = text.rstrip("0")
    zeros = min(digits, len(text) - len(kept))
    return Decimal(f"{text[: len(text) - zeros]}e-{digits - zeros}")
