"""Charge detail records: what a session is billed from, never changed once issued.

A correction is a credit, the mirror image of the CDR that it takes back (every quantity and amount negated, so that
sums over CDRs are net), followed by a new CDR. Ids are made of the session's id and the revision: issuing the same
thing twice gives the same id, and the second insert is ignored.
"""

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from forecourt.domain.price import Price, price
from forecourt.domain.price_types import Line, Step, TaxLine
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Tariff, Usage

MASK = "****"
Row = TypeVar("Row", Step, Line)


class CdrToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who charged: the masked uid, the type of the token, and the contract if there is one."""

    uid: str
    type: str
    contract_id: str | None = None


class Billable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The facts of a settled session from which its CDR is made."""

    session_id: int
    station_id: str
    pile_id: str
    evse_id: int
    connector_id: int
    token: CdrToken
    usage: Usage
    tariff: Tariff
    flags: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the energy was computed from: the readings' number, SHA-256 and both ends (Wh)."""

    readings: int
    sha256: str
    first_register_wh: int | None
    last_register_wh: int | None


class Cdr(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The record. `credits` is the id of the CDR that it takes back. Energy in Wh, negative in a credit."""

    id: str
    revision: int
    session_id: int
    station_id: str
    pile_id: str
    evse_id: int
    connector_id: int
    token: CdrToken
    started_at: datetime
    ended_at: datetime
    energy_wh: int
    charging_seconds: int
    idle_seconds: int
    currency: str
    price: Price
    tariff: Tariff
    evidence: Evidence
    flags: tuple[str, ...]
    credits: str | None
    issued_at: datetime


def mask(uid: str) -> str:
    """The uid as it may be shown: its last four characters, of a short one none."""
    return MASK + (uid[-4:] if len(uid) >= 8 else "")


def issue(billable: Billable, now: datetime, revision: int = 1) -> Cdr:
    """The CDR of a session. TariffError, ValueError: as `price`."""
    usage, found = billable.usage, price(billable.tariff, billable.usage)
    return Cdr(
        id=f"{billable.session_id}-{revision}",
        revision=revision,
        session_id=billable.session_id,
        station_id=billable.station_id,
        pile_id=billable.pile_id,
        evse_id=billable.evse_id,
        connector_id=billable.connector_id,
        token=billable.token,
        started_at=usage.start,
        ended_at=usage.end,
        energy_wh=found.energy_wh,
        charging_seconds=found.charging_seconds,
        idle_seconds=found.idle_seconds,
        currency=found.currency,
        price=found,
        tariff=billable.tariff,
        evidence=evidence(usage.readings),
        flags=billable.flags,
        credits=None,
        issued_at=now,
    )


def credit(cdr: Cdr, now: datetime) -> Cdr:
    """The CDR that takes `cdr` back. ValueError: it is a credit itself."""
    if cdr.credits is not None:
        raise ValueError(f"CDR {cdr.id} is a credit, of {cdr.credits}: a credit is not credited")
    return msgspec.structs.replace(
        cdr,
        id=f"{cdr.id}C",
        energy_wh=-cdr.energy_wh,
        charging_seconds=-cdr.charging_seconds,
        idle_seconds=-cdr.idle_seconds,
        price=negated(cdr.price),
        credits=cdr.id,
        issued_at=now,
    )


def supersede(old: Cdr, new: Billable, now: datetime) -> tuple[Cdr, Cdr] | None:
    """The credit of `old` and the CDR that replaces it; None if neither energy nor money change.

    ValueError: another session's facts, or `old` is a credit.
    """
    if old.session_id != new.session_id:
        raise ValueError(f"CDR {old.id} is not of session {new.session_id}")
    taken_back, replacement = credit(old, now), issue(new, now, old.revision + 1)
    return None if _billed(old) == _billed(replacement) else (taken_back, replacement)


def evidence(readings: tuple[Reading, ...]) -> Evidence:
    """The fingerprint of the readings."""
    digest = hashlib.sha256(msgspec.json.encode(readings)).hexdigest()
    ends = (readings[0].register_wh, readings[-1].register_wh) if readings else (None, None)
    return Evidence(len(readings), digest, *ends)


def negated(of: Price) -> Price:
    """The price taken back: all quantities and amounts negative, unit prices and explanation as they were."""
    return msgspec.structs.replace(
        of,
        total_excl_tax=_minus(of.total_excl_tax),
        tax=_minus(of.tax),
        total_incl_tax=_minus(of.total_incl_tax),
        energy_wh=-of.energy_wh,
        charging_seconds=-of.charging_seconds,
        idle_seconds=-of.idle_seconds,
        lines=tuple(map(_negated_row, of.lines)),
        taxes=tuple(map(_negated_tax, of.taxes)),
        steps=tuple(map(_negated_row, of.steps)),
    )


def _billed(cdr: Cdr) -> tuple[object, ...]:
    price = cdr.price
    return cdr.energy_wh, price.currency, price.total_excl_tax, price.tax, price.total_incl_tax


def _negated_row(row: Row) -> Row:
    return msgspec.structs.replace(row, quantity=-row.quantity, amount=_minus(row.amount))


def _negated_tax(tax: TaxLine) -> TaxLine:
    return msgspec.structs.replace(tax, base=_minus(tax.base), amount=_minus(tax.amount))


def _minus(amount: Decimal) -> Decimal:
    """Exactly, whatever the context's precision; zero stays without a sign."""
    return amount.copy_negate() if amount else amount
