from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from forecourt.domain.cdr import Billable, Cdr, CdrToken, credit, issue, mask, supersede
from forecourt.domain.price import Usage
from forecourt.domain.reading import Reading
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
NOW = START + timedelta(hours=2)
LATER = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)


def billable(last_wh: int = 61_000, session_id: int = 42, **changes: object) -> Billable:
    used = Usage(
        START, START + HOUR, (Reading(START, 1000), Reading(START + HOUR, last_wh)), (), "Asia/Shanghai"
    )
    facts = Billable(
        session_id=session_id,
        station_id="S1",
        pile_id="P1",
        evse_id=1,
        connector_id=2,
        token=CdrToken(mask("04A2B3C4D5E6"), "RFID", "CN-ABC-123"),
        usage=used,
        tariff=CHINA_TIME_OF_USE,
        flags=("clock_estimated",),
    )
    return msgspec.structs.replace(facts, **changes)


def test_a_cdr_keeps_what_it_was_made_of() -> None:
    cdr = issue(billable(), NOW)
    assert (cdr.id, cdr.revision, cdr.session_id, cdr.credits, cdr.issued_at) == ("42-1", 1, 42, None, NOW)
    assert (cdr.energy_wh, cdr.charging_seconds, cdr.idle_seconds, cdr.currency) == (60_000, 3600, 0, "CNY")
    assert (cdr.started_at, cdr.ended_at, cdr.flags) == (START, START + HOUR, ("clock_estimated",))
    assert cdr.token == CdrToken("****D5E6", "RFID", "CN-ABC-123")
    assert cdr.tariff == CHINA_TIME_OF_USE
    # 60 kWh of 峰 at 1.20 + 0.60
    assert str(cdr.price.total_incl_tax) == "108.00"
    assert (cdr.evidence.readings, cdr.evidence.first_register_wh, cdr.evidence.last_register_wh) == (
        2,
        1000,
        61_000,
    )


def test_issuing_twice_gives_the_same_bytes_also_from_json() -> None:
    first = msgspec.json.encode(issue(billable(), NOW))
    again = msgspec.json.decode(msgspec.json.encode(billable()), type=Billable)
    assert msgspec.json.encode(issue(again, NOW)) == first
    assert msgspec.json.encode(msgspec.json.decode(first, type=Cdr)) == first


def test_a_cdr_can_not_be_changed() -> None:
    cdr = issue(billable(), NOW)
    with pytest.raises(AttributeError):
        cdr.energy_wh = 1  # type: ignore[misc]


def test_a_credit_is_the_mirror_image() -> None:
    cdr = issue(billable(), NOW)
    back = credit(cdr, LATER)
    assert (back.id, back.credits, back.issued_at, back.revision) == ("42-1C", "42-1", LATER, 1)
    for name in ("energy_wh", "charging_seconds", "idle_seconds"):
        assert getattr(back, name) == -getattr(cdr, name)
        assert getattr(back.price, name) == -getattr(cdr.price, name)
    for name in ("total_excl_tax", "tax", "total_incl_tax"):
        assert getattr(back.price, name) + getattr(cdr.price, name) == 0
    for rows in ("lines", "steps"):
        for mirrored, row in zip(getattr(back.price, rows), getattr(cdr.price, rows), strict=True):
            assert (mirrored.quantity, mirrored.amount) == (-row.quantity, -row.amount)
            assert mirrored.unit_price == row.unit_price
    assert [(tax.base, tax.amount) for tax in back.price.taxes] == [
        (-t.base, -t.amount) for t in cdr.price.taxes
    ]
    assert (back.evidence, back.tariff, back.token) == (cdr.evidence, cdr.tariff, cdr.token)
    # A zero has no sign.
    assert [str(line.amount) for line in back.price.lines] == ["-72.00", "-36.00", "0.00"]


def test_a_credit_is_not_credited() -> None:
    with pytest.raises(ValueError, match="42-1C is a credit, of 42-1"):
        credit(credit(issue(billable(), NOW), LATER), LATER)


def test_late_energy_takes_the_old_cdr_back_and_issues_a_new_one() -> None:
    old = issue(billable(), NOW)
    changed = supersede(old, billable(71_000), LATER)
    assert changed is not None
    back, new = changed
    assert back == credit(old, LATER)
    assert (new.id, new.revision, new.credits, new.energy_wh) == ("42-2", 2, None, 70_000)
    assert sum(cdr.energy_wh for cdr in (old, back, new)) == 70_000
    assert sum((cdr.price.total_incl_tax for cdr in (old, back, new)), Decimal(0)) == new.price.total_incl_tax
    assert supersede(old, billable(71_000), LATER) == changed
    assert supersede(new, billable(71_000), LATER + HOUR) is None


def test_evidence_that_changes_neither_energy_nor_money_changes_nothing() -> None:
    old = issue(billable(), NOW)
    half = Reading(START + HOUR / 2, 31_000)
    usage = billable().usage
    finer = msgspec.structs.replace(usage, readings=(usage.readings[0], half, usage.readings[1]))
    assert supersede(old, billable(usage=finer, flags=("late",)), LATER) is None


def test_energy_that_costs_nothing_changes_the_cdr_too() -> None:
    free = msgspec.structs.replace(CHINA_TIME_OF_USE, max_price=Decimal(5))
    changed = supersede(issue(billable(tariff=free), NOW), billable(61_001, tariff=free), LATER)
    assert changed is not None
    assert changed[1].price.total_incl_tax == Decimal(5)


def test_another_session_supersedes_nothing() -> None:
    with pytest.raises(ValueError, match="42-1 is not of session 43"):
        supersede(issue(billable(), NOW), billable(session_id=43), LATER)


def test_a_cdr_without_readings() -> None:
    usage = msgspec.structs.replace(billable().usage, readings=())
    evidence = issue(billable(usage=usage), NOW).evidence
    assert (evidence.readings, evidence.first_register_wh, evidence.last_register_wh) == (0, None, None)


@pytest.mark.parametrize(("uid", "masked"), [("04A2B3C4D5E6", "****D5E6"), ("1234567", "****"), ("", "****")])
def test_mask(uid: str, masked: str) -> None:
    assert mask(uid) == masked
