"""A price explained in plain English, line by line, for logs, CLI and API; the console words it from the struct."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from forecourt.domain.price_slots import time_zone
from forecourt.domain.price_types import UNITS, Line, Price, Step, Unit

PER: dict[Unit, str] = {"Wh": "/kWh", "s": "/min", "1": ""}
LIMITS = {"MIN_PRICE": "up to the minimum price", "MAX_PRICE": "down to the maximum price"}


def explain(price: Price) -> list[str]:
    """Every amount of the price and how it comes about: the steps, the sums, the taxes, the total."""
    return [
        *(_step(price, step) for step in price.steps),
        *(_line(line, price.currency) for line in price.lines),
        *_taxes(price),
        f"Total: {price.total_excl_tax} + {price.tax} tax = {price.total_incl_tax} {price.currency}",
    ]


def _step(price: Price, step: Step) -> str:
    if step.component in LIMITS:
        return f"{step.component}: {step.amount} {price.currency}, {LIMITS[step.component]}"
    label = f"{step.component} {step.period}".rstrip()
    unit = UNITS[step.component]
    quantity = str(step.quantity) if unit == "1" else f"{step.quantity} {unit}"
    rate = f"{_digits(step.unit_price)} {price.currency}{PER[unit]}"
    product = f"{quantity} × {rate} = {_digits(step.amount)} {price.currency}"
    return f"{label} {_when(price, step)}: {product} ({', '.join(_reasons(price, step))})"


def _when(price: Price, step: Step) -> str:
    start, end = _local(price, step.start), _local(price, step.end)
    return f"at {start}" if step.start == step.end else f"{start} to {end}"


def _reasons(price: Price, step: Step) -> Iterator[str]:
    yield "free: no element applies" if step.element is None else f"elements[{step.element}]"
    if step.grace:
        yield "grace period"
    if step.readings:
        yield f"meter {step.register_from} to {step.register_to} Wh"
        first, last = (
            f"{reading.register_wh} Wh at {_local(price, reading.at)}" for reading in step.readings
        )
        yield f"readings {first} and {last}"


def _line(line: Line, currency: str) -> str:
    return f"Sum {line.component}: {line.amount} {currency}, rounded half up"


def _taxes(price: Price) -> Iterator[str]:
    contained = "contained in" if price.tax_included else "added to"
    for tax in price.taxes:
        amount = f"{_digits(tax.percent)} % of {tax.base} = {tax.amount} {price.currency}"
        yield f"Tax {tax.name}: {amount}, {contained} the prices"


def _local(price: Price, at: datetime) -> str:
    return at.astimezone(time_zone(price.zone)).isoformat(" ", "seconds")


def _digits(value: Decimal) -> str:
    """Never in powers of ten: 10, not 1E+1."""
    return f"{value:f}"
