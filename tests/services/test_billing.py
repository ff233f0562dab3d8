"""The billing job: one CDR for each settled session; a credit and a new one for later evidence; nobody waits for a bad one."""

from datetime import timedelta

from msgspec.structs import replace
from tests.domain.world import T0, ended, minutes, started, updated
from tests.services.conftest import Connected, HandClock

from forecourt.domain.session import Flag
from forecourt.services import billing
from forecourt.services.context import Services


async def charged(pile: Connected, tx: str, at: float, register: int = 11_000) -> None:
    """Ten minutes from the start to the unplugging."""
    await pile.send(started(minutes(at), 0, 1000, tx=tx))
    await pile.send(ended(minutes(at + 10), 2, register, tx=tx, charging_state="Idle"))


async def test_a_session_is_billed_once_and_later_evidence_corrects_it(
    sv: Services, pile: Connected, clock: HandClock
) -> None:
    await charged(pile, "a", 0)
    clock.at = minutes(11)
    assert await billing.settle(sv) == 0  # number 1 is missing: it waits
    clock.at = T0 + timedelta(days=2)
    assert await billing.settle(sv) == 1
    first = (await sv.store.last_cdrs([1]))[1]
    assert (first.energy_wh, first.flags) == (10_000, (Flag.EVENTS_MISSING,))
    assert await billing.settle(sv) == 0

    await pile.send(updated(minutes(5), 1, 6000, tx="a", offline=True), clock.at)
    assert await billing.settle(sv) == 1  # nothing of the amount has changed
    assert (await sv.store.last_cdrs([1]))[1].id == first.id

    await pile.send(ended(minutes(12), 3, 13_000, tx="a", charging_state="Idle"), clock.at)
    assert await billing.settle(sv) == 1
    new = (await sv.store.last_cdrs([1]))[1]
    assert (new.revision, new.energy_wh) == (2, 12_000)
    assert await billing.settle(sv) == 0


async def test_a_session_that_no_engine_can_price_stands_in_nobodys_way(
    sv: Services, pile: Connected, clock: HandClock
) -> None:
    for years in range(3):
        at = T0 + timedelta(days=300 * years)
        await pile.send((updated if years else started)(at, years, 1000, tx="long", evse_id=2))
    await pile.send(ended(T0 + timedelta(days=900), 3, 2000, tx="long", charging_state="Idle"))
    await charged(pile, "short", 900 * 1440 + 1)
    clock.at += timedelta(days=3)
    assert await billing.settle(sv) == 2
    assert set(await sv.store.last_cdrs([1, 2])) == {2}
    assert await billing.settle(sv) == 0


async def test_what_needs_review_is_billed_when_it_is_released_and_the_release_overwrites_nothing(
    sv: Services, pile: Connected, clock: HandClock
) -> None:
    await charged(pile, "a", 0, register=9_000_000)
    clock.at += timedelta(days=2)
    assert await billing.settle(sv) == 1
    assert await sv.store.last_cdrs([1]) == {}
    held = await sv.store.session(1)
    assert held is not None
    assert await billing.release(sv, 1, "an operator")
    released = await sv.store.session(1)
    assert released == replace(held, flags=(Flag.RELEASED,), settle_at=clock.at)
    assert await billing.settle(sv) == 1
    assert (await sv.store.last_cdrs([1]))[1].energy_wh == 8_999_000
    assert not await billing.release(sv, 1, "an operator")
