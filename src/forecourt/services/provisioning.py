"""Boot, heartbeat, and piles that nobody registered."""

from datetime import datetime

from forecourt.domain import provisioning
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.pile import Pile, Registration
from forecourt.domain.provisioning import BootReply, BootReport
from forecourt.domain.station import Station
from forecourt.services.context import Services

# Where piles wait that connected without being registered, when the configuration lets them in.
UNASSIGNED = Station(id="unassigned", name="Unassigned piles", name_zh="未分配的充电桩", lat=0.0, lon=0.0)


def boot(sv: Services, state: PileState, report: BootReport, now: datetime) -> Outcome[BootReply]:
    """Decide on a BootNotification."""
    config = sv.config
    return provisioning.decide_boot(state, report, now, config.heartbeat_interval, config.boot_retry_interval)


def heartbeat(sv: Services, state: PileState, now: datetime) -> Outcome[None]:
    """A heartbeat writes nothing; the answer carries our time."""
    return Outcome(state, None)


async def admit_unknown(sv: Services, pile_id: str, version: str) -> None:
    """Register a pile that nobody knows as pending, so that an operator can accept it on its page."""
    pile = Pile(
        id=pile_id,
        station_id=UNASSIGNED.id,
        ocpp_version=version,
        admission=Registration.PENDING,
        created_at=sv.clock.now(),
    )
    # An operator may have changed the station where they wait.
    station = await sv.store.station(UNASSIGNED.id) or UNASSIGNED
    await sv.store.write(station, pile)
