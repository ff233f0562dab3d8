"""A pile that does whatever it likes: what holds after every message, in whatever order and with whatever content."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from tests.domain.world import BOOT_1970, T0, World, again, event201, flipped, meter16, start16, stop16

from forecourt.domain import energy
from forecourt.domain.billing import usage_of
from forecourt.domain.price import price
from forecourt.domain.session import IN_MEMORY, Session, SessionState
from forecourt.domain.session_fold import counted
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.token import TokenRef, TokenStatus
from forecourt.domain.transaction_event import Kind, TransactionEvent

CLOCKS = st.sampled_from(
    [timedelta()] * 6
    + [timedelta(hours=8), timedelta(hours=-8), timedelta(days=-300), timedelta(seconds=-90), BOOT_1970 - T0]
)
DELAYS = st.sampled_from([timedelta()] * 3 + [timedelta(seconds=20), timedelta(hours=3)])
REGISTERS = st.one_of(st.just(None), st.just(None), st.sampled_from([0, -5, 10**16, 5_000_000]))
EVSES = st.sampled_from([1, 2, None, 0])
STATES = st.sampled_from(["", "Charging", "SuspendedEV", "SuspendedEVSE", "EVConnected", "Idle"])
STATUSES = [
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Faulted",
    "Occupied",
]
NEVER_UNDONE = {SessionState.CLOSED, SessionState.STOPPED}


class AnyPile(RuleBasedStateMachine):
    """What both versions have in common."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(CHINA_TIME_OF_USE)
        self.now = T0
        self.meter = 1000
        self.sent: list[TransactionEvent] = []
        self.ended: dict[int, Session] = {}

    def deliver(self, event: TransactionEvent) -> None:
        self.sent.append(event)
        known = {session.id: session.keys for session in self.world.sessions}
        reply = self.world.send(event, self.now)
        traces = {key for _, key in self.world.tail} | set(self.world.evidence)
        repeated_start = event.kind is Kind.STARTED and reply.session_id in known
        assert event.key in traces or repeated_start, "a message without a trace"

    def register(self, odd: int | None) -> int:
        return self.meter if odd is None else odd

    @rule(minutes=st.integers(0, 60), wh=st.integers(0, 9000))
    def time_passes(self, minutes: int, wh: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.meter += wh

    @rule(status=st.sampled_from(STATUSES), evse_id=st.sampled_from([0, 1, 2]), clock=CLOCKS)
    def status(self, status: str, evse_id: int, clock: timedelta) -> None:
        self.world.status(status, self.now, evse_id, pile_at=self.now + clock)

    @rule()
    def reconnect(self) -> None:
        self.world.reload()
        self.world.state = replace(self.world.state, connected_at=self.now)

    @rule(hours=st.sampled_from([1, 100]))
    def cap(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.world.expire(self.now)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), offline=st.booleans())
    def send_again(self, data: st.DataObject, offline: bool) -> None:
        event = data.draw(st.sampled_from(self.sent))
        self.deliver(flipped(event) if offline and event.seq_no is not None else again(event))

    @invariant()
    def memory_is_what_the_database_has(self) -> None:
        rows = {row.id: row for row in self.world.rows.values() if row.state is not SessionState.CLOSED}
        held = {session.id: session for session in self.world.state.sessions}
        assert {i: replace(s, **dict.fromkeys(IN_MEMORY, ())) for i, s in held.items()} == rows
        assert all(session == self.world.whole(session.id) for session in held.values())

    @invariant()
    def an_ended_session_stays_ended(self) -> None:
        for session in self.world.sessions:
            before = self.ended.get(session.id)
            if before is not None:
                assert session.state is SessionState.CLOSED or before.state is not SessionState.CLOSED
                assert session.state in NEVER_UNDONE
            if session.state in NEVER_UNDONE:
                self.ended[session.id] = session

    @invariant()
    def one_car_at_a_time(self) -> None:
        places = [s.evse_id for s in self.world.sessions if s.state is SessionState.OPEN and s.evse_id]
        assert len(places) == len(set(places))
        transactions = [session.transaction_id for session in self.world.sessions]
        assert len(transactions) == len(set(transactions))

    @invariant()
    def energy_is_what_its_readings_say(self) -> None:
        for session in self.world.sessions:
            assert session.energy_wh == energy.delivered_wh(counted(session), 600_000) >= 0

    @invariant()
    def times_are_in_order_and_the_price_engine_takes_them(self) -> None:
        for session in self.world.sessions:
            times = [at for at in (session.started_at, session.ended_at, session.closed_at) if at is not None]
            assert times == sorted(times)
            assert (session.closed_at is not None) == (session.state is SessionState.CLOSED)
            ends = [at for span in session.idle for at in span if at is not None]
            assert all(a <= b for a, b in pairwise(ends))
            assert session.closed_at is None or all(stop is not None for _, stop in session.idle)
            usage = usage_of(session, "Asia/Shanghai", 600_000, self.now)
            assert price(CHINA_TIME_OF_USE, usage).energy_wh == session.energy_wh

    @invariant()
    def what_is_over_is_billed_some_day(self) -> None:
        for session in self.world.sessions:
            over = session.state in NEVER_UNDONE
            assert (session.settle_at is not None) == over


class Pile201(AnyPile):
    """A pile that speaks 2.0.1, and numbers as it likes."""

    @rule(
        kind=st.sampled_from([Kind.STARTED, Kind.UPDATED, Kind.UPDATED, Kind.ENDED]),
        tx=st.sampled_from(["a", "b", "c"]),
        seq_no=st.integers(0, 6),
        odd=REGISTERS,
        with_register=st.booleans(),
        evse_id=EVSES,
        clock=CLOCKS,
        state=STATES,
        delay=DELAYS,
        token=st.sampled_from([None, TokenRef("T1"), TokenRef("T2")]),
    )
    def transaction_event(
        self,
        kind: Kind,
        tx: str,
        seq_no: int,
        odd: int | None,
        with_register: bool,
        evse_id: int | None,
        clock: timedelta,
        state: str,
        delay: timedelta,
        token: TokenRef | None,
    ) -> None:
        at = self.now + clock - delay
        registers = (self.register(odd),) if with_register else ()
        self.world.token_status = TokenStatus.BLOCKED if token == TokenRef("T2") else TokenStatus.ACCEPTED
        more = {
            "evse_id": evse_id,
            "charging_state": state,
            "token": token,
            "offline": delay > timedelta(hours=1),
        }
        self.deliver(event201(kind, at, seq_no, *registers, tx=tx, **more))


class Pile16(AnyPile):
    """A pile that speaks 1.6, and names transactions as it likes."""

    @rule(connector=st.sampled_from([1, 2]), clock=CLOCKS, delay=DELAYS, tag=st.sampled_from(["T1", "T2"]))
    def start(self, connector: int, clock: timedelta, delay: timedelta, tag: str) -> None:
        at: datetime = self.now + clock - delay
        self.deliver(start16(at, self.meter, connector, tag, message_id=f"m{len(self.sent)}"))

    @rule(
        tx=st.sampled_from([None, 0, -1, 1, 1, 2, 3, 999]),
        connector=EVSES,
        odd=REGISTERS,
        clock=CLOCKS,
        delay=DELAYS,
    )
    def meter_values(
        self, tx: int | None, connector: int | None, odd: int | None, clock: timedelta, delay: timedelta
    ) -> None:
        self.deliver(meter16(self.now + clock - delay, self.register(odd), tx, connector or 0))

    @rule(tx=st.sampled_from([0, -1, 1, 1, 2, 2, 3, 999]), odd=REGISTERS, clock=CLOCKS, delay=DELAYS)
    def stop(self, tx: int, odd: int | None, clock: timedelta, delay: timedelta) -> None:
        self.deliver(stop16(self.now + clock - delay, self.register(odd), tx))


_SETTINGS = settings(max_examples=60, stateful_step_count=30)
TestPile201 = Pile201.TestCase
TestPile16 = Pile16.TestCase
TestPile201.settings = TestPile16.settings = _SETTINGS
