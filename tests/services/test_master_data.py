"""Master data and accounts: a put changes what it names, and nothing else."""

import pytest
from msgspec.structs import replace
from tests.services.conftest import PILE, STATION

from forecourt.domain.pile import Registration
from forecourt.domain.records import Role
from forecourt.services import accounts, network, provisioning
from forecourt.services.context import Services
from forecourt.services.network import InvalidError


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "Asia/Shanghai\0"])
async def test_a_station_needs_a_zone_that_exists(sv: Services, zone: str) -> None:
    with pytest.raises(InvalidError, match="time_zone"):
        await network.put_station(sv, replace(STATION, time_zone=zone), "test")
    assert (await network.put_station(sv, replace(STATION, time_zone="Europe/Paris"), "test")).id == "S1"


@pytest.mark.parametrize("pile_id", ["", "x" * 49, "a/b", "a\\b", "a:b", "a\nb", "a\u200bb"])
async def test_an_id_that_could_never_connect_is_refused(sv: Services, pile_id: str) -> None:
    with pytest.raises(InvalidError, match="id: 1 to 48"):
        await network.put_pile(sv, replace(PILE, id=pile_id), "test")
    assert (await network.put_pile(sv, replace(PILE, id="快充 #1*.%"), "test")).id == "快充 #1*.%"


async def test_an_unknown_pile_waits_at_a_station_that_the_operator_may_rename(sv: Services) -> None:
    await provisioning.admit_unknown(sv, "NEW-1", "1.6")
    renamed = replace(provisioning.UNASSIGNED, name="Waiting room", lat=31.0)
    await network.put_station(sv, renamed, "test")
    await provisioning.admit_unknown(sv, "NEW-2", "1.6")
    assert await sv.store.station("unassigned") == renamed
    pile = await sv.store.pile("NEW-2")
    assert pile is not None
    assert pile.admission is Registration.PENDING


async def test_a_new_password_keeps_what_else_is_known_of_an_operator(sv: Services) -> None:
    await accounts.add_operator(sv, "li", Role.VIEWER, "test", "first-password")
    known = await sv.store.operator("li")
    assert known is not None
    await sv.store.write(replace(known, name="Li Wei", locale="zh"))
    await accounts.add_operator(sv, "li", Role.ADMIN, "test", "second-password")
    changed = await sv.store.operator("li")
    assert changed is not None
    assert (changed.name, changed.locale, changed.role) == ("Li Wei", "zh", Role.ADMIN)
    assert await accounts.sign_in(sv, "li", "first-password") is None
    assert await accounts.sign_in(sv, "li", "second-password") is not None
