"""Numbers, money and times as people read them: every number with its unit, every time in a stated zone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_currency, format_decimal, get_currency_precision

NBSP = "\u00a0"
NONE = "–"


class Formats(msgspec.Struct, frozen=True):
    """How one language writes things. What is not known is written as a dash."""

    locale: Locale

    def number(self, value: float | Decimal | None, digits: int = 0) -> str:
        """A number with exactly so many decimals."""
        if value is None:
            return NONE
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(value, pattern, locale=self.locale))

    def exact(self, value: Decimal | int, least: int = 0) -> str:
        """A number with all its digits, at least ``least`` after the point."""
        pattern = "#,##0." + "0" * least + "#" * 12
        return str(format_decimal(value, pattern, locale=self.locale, decimal_quantization=False))

    def power(self, watts: float | None) -> str:
        """W as kW, or MW from 1 MW on."""
        if watts is None:
            return NONE
        if abs(watts) >= 999_500:
            return self._with_unit(watts / 1_000_000, 2, "MW")
        return self._with_unit(watts / 1_000, 0 if abs(watts) >= 99_950 or watts == 0 else 1, "kW")

    def energy(self, wh: float | None) -> str:
        """Wh as kWh, or MWh from 1 MWh on."""
        if wh is None:
            return NONE
        if abs(wh) >= 999_500:
            return self._with_unit(wh / 1_000_000, 2, "MWh")
        return self._with_unit(wh / 1_000, 1 if wh else 0, "kWh")

    def wh(self, wh: int | Decimal | None) -> str:
        """Whole Wh, as a register shows them."""
        return NONE if wh is None else f"{self.exact(wh)}{NBSP}Wh"

    def quantity(self, quantity: int, unit: str) -> str:
        """The quantity of a price step: Wh, seconds, or how often."""
        return (
            f"{self.exact(quantity)}{NBSP}{unit}" if unit in ("Wh", "s") else f"{self.exact(quantity)}{NBSP}×"
        )

    def percent(self, value: float | None, digits: int = 0) -> str:
        """A percentage: 80 is 80 %."""
        return NONE if value is None else f"{self.number(value, digits)}{NBSP}%"

    def unit(self, value: float | None, unit: str, digits: int = 0) -> str:
        """Any other number and its unit."""
        return NONE if value is None else self._with_unit(value, digits, unit)

    def _with_unit(self, value: float, digits: int, unit: str) -> str:
        return f"{self.number(value, digits)}{NBSP}{unit}"

    def money(self, amount: Decimal | None, currency: str) -> str:
        """An amount in its currency's minor unit."""
        if amount is None or not currency:
            return NONE
        return str(format_currency(amount, currency, locale=self.locale))

    def money_exact(self, amount: Decimal, currency: str) -> str:
        """An amount with all its digits, at least those of the minor unit."""
        digits = "0" * get_currency_precision(currency)
        pattern = f"¤#,##0.{digits}{'#' * (12 - len(digits))}"
        return str(
            format_currency(
                amount,
                currency,
                pattern,
                locale=self.locale,
                currency_digits=False,
                decimal_quantization=False,
            )
        )

    def day(self, at: datetime | date | None, zone: str = "UTC") -> str:
        """The date, with its year."""
        if at is None:
            return NONE
        local = at.astimezone(ZoneInfo(zone)) if isinstance(at, datetime) else at
        return str(format_skeleton("yMMMd", local, locale=self.locale))

    def time(self, at: datetime | None, zone: str) -> str:
        """Hours and minutes, 24 h."""
        return NONE if at is None else f"{at.astimezone(ZoneInfo(zone)):%H:%M}"

    def seconds(self, at: datetime | None, zone: str) -> str:
        """Hours, minutes and seconds, 24 h."""
        return NONE if at is None else f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"

    def moment(self, at: datetime | None, zone: str) -> str:
        """Day, month, hours and minutes, 24 h."""
        if at is None:
            return NONE
        local = at.astimezone(ZoneInfo(zone))
        return f"{format_skeleton('MMMd', local, locale=self.locale)} {local:%H:%M}"

    def day_and_seconds(self, at: datetime, zone: str) -> str:
        """Day, month, hours, minutes and seconds, 24 h."""
        local = at.astimezone(ZoneInfo(zone))
        return f"{format_skeleton('MMMd', local, locale=self.locale)} {local:%H:%M:%S}"

    def full(self, at: datetime | None, zone: str) -> str:
        """All of it, to the second, with the offset of the zone."""
        if at is None:
            return NONE
        local = at.astimezone(ZoneInfo(zone))
        return f"{self.day(at, zone)} {local:%H:%M:%S} {utc_offset(local)}"

    def duration(self, span: timedelta | None) -> str:
        """Hours and minutes, or minutes and seconds: 1:05 h, 12:30 min."""
        if span is None:
            return NONE
        seconds = max(0, round(span.total_seconds()))
        if seconds >= 3600:
            return f"{seconds // 3600}:{seconds % 3600 // 60:02d}{NBSP}h"
        return f"{seconds // 60}:{seconds % 60:02d}{NBSP}min"

    def ago(self, span: timedelta) -> str:
        """How long ago something was: "2 min. ago"."""
        past = -max(span, timedelta(seconds=1))
        return str(
            format_timedelta(past, add_direction=True, threshold=1, format="short", locale=self.locale)
        )

    def weekday(self, at: datetime, zone: str) -> str:
        """The day of the week."""
        return str(format_datetime(at.astimezone(ZoneInfo(zone)), "EEE", locale=self.locale))


def utc_offset(local: datetime) -> str:
    """Return the offset of an aware time as people write it: UTC+8, UTC+5:30."""
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")


def zone_label(zone: str, at: datetime) -> str:
    """Return a zone's name with its offset at an instant: Asia/Shanghai, UTC+8."""
    offset = utc_offset(at.astimezone(ZoneInfo(zone)))
    return zone if zone == offset else f"{zone}, {offset}"


def iso(at: datetime) -> str:
    """Return the machine's form for ``<time datetime>``: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
