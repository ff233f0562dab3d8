"""Boot, and what may be sent to a pile in each registration state."""

import pytest
from msgspec.structs import replace
from tests.domain.world import PILE, STATION, T0, World, minutes, started

from forecourt.domain.command import (
    ChangeAvailability,
    ChangeConfiguration,
    DataTransfer,
    GetBaseReport,
    GetConfiguration,
    RawCall,
    RemoteStart,
    RemoteStop,
    Request,
    Reset,
    TriggerMessage,
    UnlockConnector,
)
from forecourt.domain.outcome import PileState
from forecourt.domain.pile import PileBoot, Registration
from forecourt.domain.provisioning import BootReport, decide_boot, may_send

ASKING: list[Request] = [
    GetConfiguration(),
    ChangeConfiguration("a", "b"),
    GetBaseReport(),
    TriggerMessage("Heartbeat"),
]
DOING: list[Request] = [
    RemoteStart("T"),
    RemoteStop(1),
    Reset(),
    UnlockConnector(1),
    ChangeAvailability(True),
    DataTransfer("v"),
    RawCall("RemoteStartTransaction", {}),
]
REPORT = BootReport(vendor="V", model="M", serial="S", firmware="1", reason="PowerUp")


@pytest.mark.parametrize(
    ("registration", "asking", "doing"),
    [
        (Registration.NEW, False, False),
        (Registration.PENDING, True, False),
        (Registration.REJECTED, False, False),
        (Registration.ACCEPTED, True, True),
    ],
)
def test_what_may_be_sent_is_a_table(registration: Registration, asking: bool, doing: bool) -> None:
    assert {may_send(registration, request) for request in ASKING} == {asking}
    assert {may_send(registration, request) for request in DOING} == {doing}


@pytest.mark.parametrize("admission", [Registration.PENDING, Registration.ACCEPTED, Registration.REJECTED])
def test_a_boot_is_answered_as_the_operator_wishes_and_its_answer_is_kept(admission: Registration) -> None:
    pile = replace(PILE, admission=admission, registration=Registration.NEW)
    outcome = decide_boot(PileState(pile=pile, station=STATION), REPORT, T0, 300, 30)
    accepted = admission is Registration.ACCEPTED
    assert (outcome.reply.status, outcome.reply.interval_s) == (admission, 300 if accepted else 30)
    assert outcome.writes == (
        PileBoot(
            id="P1",
            registration=admission,
            vendor="V",
            model="M",
            serial="S",
            firmware="1",
            booted_at=T0,
            boot_reason="PowerUp",
        ),
    )
    assert outcome.state.pile.registration is admission
    assert outcome.state.pile.max_power_w == PILE.max_power_w


def test_a_boot_voids_what_was_known_of_the_clock_and_what_was_triggered_and_ends_no_session() -> None:
    world = World()
    world.send(started(minutes(480)), minutes(0))
    assert world.state.clock_offset_s == 480 * 60
    state = replace(world.state, triggered=frozenset({"StatusNotification"}))
    after = decide_boot(state, REPORT, minutes(1), 300, 30).state
    assert (after.clock_offset_s, after.triggered) == (0.0, frozenset())
    assert after.sessions == state.sessions
