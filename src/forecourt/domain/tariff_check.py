"""Validation of tariffs: what is wrong (an error, with the remedy), and what is odd (a warning)."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec

from forecourt.domain.money import MINOR_DIGITS
from forecourt.domain.tariff import (
    COMPONENTS,
    DAYS,
    PRICE_FIELDS,
    Element,
    Restrictions,
    Tariff,
    Tax,
    minute_of_day,
    unit_price,
)

PRICE_DIGITS = 6  # as many as the store keeps
RANGES = (
    ("start_date", "end_date"),
    ("min_wh", "max_wh"),
    ("min_duration_s", "max_duration_s"),
    ("min_power_w", "max_power_w"),
)
TIME_REMEDY = 'write "HH:MM", from "00:00" to "23:59" ("24:00" as an end)'


# Times a megawatt-hour, still an amount that every part of the system can keep.
MAX_PRICE = 1_000_000


class Problem(NamedTuple):
    """What is wrong in a tariff: where (a JSON path), what, and how to put it right."""

    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


class TariffError(ValueError):
    """A tariff that can't be used, with every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def parse_tariff(text: bytes | str) -> Tariff:
    """The tariff that a JSON text holds, validated. TariffError: malformed or not usable."""
    try:
        tariff = msgspec.json.decode(text, type=Tariff)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem, _, path = str(error).partition(" - at `")
        raise TariffError([Problem(path.rstrip("`") or "$", problem, "correct the JSON text")]) from error
    validate(tariff)
    return tariff


def validate(tariff: Tariff) -> None:
    """Raise TariffError if the tariff can't be used."""
    found = tuple(problems(tariff))
    if found:
        raise TariffError(found)


def problems(tariff: Tariff) -> Iterator[Problem]:
    """Every problem of the tariff."""
    if not 0 < len(tariff.id) <= 36:
        yield Problem("$.id", f"{len(tariff.id)} characters", "give 1 to 36 (OCPI CiString(36))")
    if tariff.currency not in MINOR_DIGITS:
        yield Problem("$.currency", f"unknown currency {tariff.currency!r}", _currencies())
    if not tariff.elements:
        yield Problem("$.elements", "no element", "give one; a free charge has an element with price 0")
    for i, element in enumerate(tariff.elements):
        yield from _element(f"$.elements[{i}]", element)
    yield from _limits(tariff)
    yield from _taxes(tariff.taxes)
    yield from _validity(tariff)


def _currencies() -> str:
    return "use one of " + ", ".join(sorted(MINOR_DIGITS))


def _element(path: str, element: Element) -> Iterator[Problem]:
    prices = [(field, unit_price(element, c)) for c, field in PRICE_FIELDS.items()]
    if all(price is None for _, price in prices):
        yield Problem(
            path, "prices nothing", "give one of " + ", ".join(PRICE_FIELDS.values()) + " or drop it"
        )
    for field, price in prices:
        if price is not None:
            yield from _price(f"{path}.{field}", price, PRICE_DIGITS)
    if element.idle_grace_s < 0:
        yield Problem(f"{path}.idle_grace_s", "negative", "give seconds, 0 for no grace")
    if element.idle_grace_s and element.idle_per_minute is None:
        yield Problem(
            f"{path}.idle_grace_s", "grace without a price", "give idle_per_minute in the same element"
        )
    yield from _restrictions(f"{path}.restrictions", element.restrictions)


def _price(path: str, price: Decimal, digits: int) -> Iterator[Problem]:
    if not price.is_finite():
        yield Problem(path, f"{price} is not an amount", "give a decimal number")
    elif price < 0:
        yield Problem(path, f"negative price {price}", "give 0 or more; money goes back by a credit CDR")
    elif price > MAX_PRICE:
        yield Problem(
            path, f"{price} is above {MAX_PRICE}", "give a smaller price; is the currency the right one?"
        )
    elif _decimals(price) > digits:
        yield Problem(path, f"{price} has more than {digits} decimals", f"round it to {digits}")


def _decimals(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _restrictions(path: str, rule: Restrictions) -> Iterator[Problem]:
    yield from _times(path, rule)
    for low, high in RANGES:
        start, end = getattr(rule, low), getattr(rule, high)
        for name, value in ((low, start), (high, end)):
            if isinstance(value, int) and value < 0:
                yield Problem(f"{path}.{name}", "negative", "give 0 or more")
        if start is not None and end is not None and start >= end:
            yield Problem(
                f"{path}.{high}",
                f"{end} is not above {low} {start}",
                "the end is not included; give a later one",
            )
    for i, day in enumerate(rule.days):
        if day not in DAYS or day in rule.days[:i]:
            yield Problem(
                f"{path}.days[{i}]",
                f"unknown or repeated day {day!r}",
                "use each of " + ", ".join(DAYS) + " once",
            )


def _times(path: str, rule: Restrictions) -> Iterator[Problem]:
    bad = False
    for name, last in (("start_time", 1439), ("end_time", 1440)):
        text: str | None = getattr(rule, name)
        if text is not None and not _is_time(text, last):
            bad = True
            yield Problem(f"{path}.{name}", f"{text!r} is not a time of day", TIME_REMEDY)
    if not bad and minute_of_day(rule.start_time or "00:00") == minute_of_day(rule.end_time or "24:00"):
        yield Problem(f"{path}.end_time", "equal to start_time", "for the whole day leave both out")


def _is_time(text: str, last: int) -> bool:
    try:
        return minute_of_day(text) <= last
    except ValueError:
        return False


def _limits(tariff: Tariff) -> Iterator[Problem]:
    digits = MINOR_DIGITS.get(tariff.currency, PRICE_DIGITS)
    given = [
        (n, p) for n, p in (("min_price", tariff.min_price), ("max_price", tariff.max_price)) if p is not None
    ]
    bad = [problem for name, price in given for problem in _price(f"$.{name}", price, digits)]
    yield from bad
    for (_, low), (_, high) in pairwise(given if not bad else ()):
        if low > high:
            yield Problem(
                "$.max_price", f"{high} is below min_price {low}", "raise it or drop one of the two"
            )


def _taxes(taxes: tuple[Tax, ...]) -> Iterator[Problem]:
    for i, tax in enumerate(taxes):
        path = f"$.taxes[{i}]"
        if not tax.name or tax.name in [other.name for other in taxes[:i]]:
            yield Problem(
                f"{path}.name", f"empty or repeated name {tax.name!r}", "give each tax a name of its own"
            )
        yield from _price(f"{path}.percent", tax.percent, PRICE_DIGITS)
        if tax.percent.is_finite() and tax.percent > 100:
            yield Problem(f"{path}.percent", f"{tax.percent} is above 100", "give percent, such as 6 for 6 %")
        for component in tax.components:
            if component not in PRICE_FIELDS:
                remedy = "use some of " + ", ".join(c for c in COMPONENTS if c in PRICE_FIELDS)
                yield Problem(f"{path}.components", f"{component!r} has no tax of its own", remedy)


def _validity(tariff: Tariff) -> Iterator[Problem]:
    naive = False
    for name, at in (("valid_from", tariff.valid_from), ("valid_until", tariff.valid_until)):
        if at is not None and at.tzinfo is None:
            naive = True
            yield Problem(f"$.{name}", "no UTC offset", "write it as 2026-01-01T00:00:00+08:00")
    if not naive and tariff.valid_from and tariff.valid_until and tariff.valid_from >= tariff.valid_until:
        yield Problem("$.valid_until", "not after valid_from", "give a later one")
