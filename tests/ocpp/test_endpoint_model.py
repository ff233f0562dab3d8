"""Random interleavings of both directions against a small model of what must hold."""

import json
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from forecourt.ocpp.endpoint import Endpoint
from forecourt.ocpp.endpoint_calling import Placed
from forecourt.ocpp.endpoint_events import (
    CallNeverSent,
    CallReceived,
    CallRepeated,
    CallUnanswered,
    ErrorReceived,
    Garbage,
    LateAnswer,
    Overrun,
    ResultReceived,
    StrayAnswer,
)
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.version import Version

LIMITS = Limits(
    call_timeout=10.0,
    max_queue=3,
    late_memory=2,
    max_unanswered=4,
    answer_memory=2,
    answer_bytes=60,
    answer_life=20.0,
)


class Conversation(RuleBasedStateMachine):
    """The pile and the owner of the endpoint, both at random."""

    frames: Bundle[str] = Bundle("frames")  # CALLs that the pile has sent
    open_calls: Bundle[CallReceived] = Bundle("open_calls")
    sent_ids: Bundle[str] = Bundle("sent_ids")  # message ids of ours that the pile has seen

    def __init__(self) -> None:
        super().__init__()
        self.end = Endpoint(Version.V16, id_prefix="s-", limits=LIMITS)
        self.now = 0.0
        self.serial = 0
        self.owed: Counter[str] = Counter()  # CALL frames of the pile that have seen no answer, by id
        self.undecided: Counter[str] = Counter()  # those of them that wait for our decision
        self.answers: dict[str, set[bytes]] = {}  # every answer that a frame may rightly get, by id
        self.wire: list[str] = []  # our calls that the pile may still answer: outstanding one last
        self.fates: dict[str, list[str]] = {}  # what we have been told about each of our calls, by key

    def next(self) -> int:
        self.serial += 1
        return self.serial

    # --- the pile calls

    @rule(target=frames)
    def new_call(self) -> str:
        return f'[2,"p{self.next()}","MeterValues",{{}}]'

    @rule(target=open_calls, text=frames)
    def send_or_repeat(self, text: str) -> Any:
        event = self.end.receive(text, self.now)
        if isinstance(event, Overrun):
            assert sum(self.undecided.values()) == LIMITS.max_unanswered
            return multiple()
        assert isinstance(event, CallReceived | CallRepeated)
        self.owed[event.id] += 1
        if isinstance(event, CallRepeated):
            assert event.answered == (event.id not in self.undecided)
            self.undecided[event.id] += not event.answered
            self.undecided += Counter()  # drops the zeros
            return multiple()
        assert event.id not in self.undecided  # a copy of what is being decided is never a new call
        self.undecided[event.id] = 1
        return event

    @rule(call=consumes(open_calls))
    def reply(self, call: CallReceived) -> None:
        payload = b'{"n":%d}' % self.next()
        self.answers.setdefault(call.id, set()).add(b'[3,"%b",%b]' % (call.id.encode(), payload))
        self.end.reply(call, payload, self.now)
        del self.undecided[call.id]

    @rule(call=consumes(open_calls))
    def refuse(self, call: CallReceived) -> None:
        text = f"{self.next()}"
        frame = f'[4,"{call.id}","InternalError","{text}",{{}}]'.encode()
        self.answers.setdefault(call.id, set()).add(frame)
        self.end.reply_error(call, ErrorCode.INTERNAL_ERROR, text)
        del self.undecided[call.id]

    # --- we call

    @rule(timeout=st.none() | st.sampled_from([0.0, 5.0]))
    def call(self, timeout: float | None) -> None:
        key = f"k{self.next()}"
        placed = self.end.call(key, key, b"{}", self.now, timeout=timeout)
        if placed is Placed.QUEUE_FULL:
            assert sum(not fate for fate in self.fates.values()) == LIMITS.max_queue + 1
        else:
            self.fates[key] = []

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.fates) or ["none"]))
        if self.end.cancel(key):
            self.fates[key].append("cancelled")

    @rule(message_id=sent_ids, kind=st.sampled_from([3, 4]))
    def pile_answers(self, message_id: str, kind: int) -> None:
        """The outstanding call, one that has timed out, or one that was answered long ago."""
        key = self.key_of[message_id]
        rest = f'{{"of":"{key}"}}' if kind == 3 else f'"GenericError","{key}",{{}}'
        event = self.end.receive(f'[{kind},"{message_id}",{rest}]', self.now)
        late = isinstance(event, LateAnswer)
        answer = event.answer if isinstance(event, LateAnswer) else event
        if isinstance(answer, StrayAnswer):
            assert self.fates[key]
            return
        assert isinstance(answer, ResultReceived if kind == 3 else ErrorReceived)
        assert (answer.call.key, answer.call.id) == (key, message_id)
        assert self.fates[key] == (["timed out"] if late else [])
        self.fates[key].append("answered")

    @rule(message_id=st.sampled_from(["", "-1", "s-", "s-0", "s-99999", "p1"]))
    def pile_answers_nothing(self, message_id: str) -> None:
        assert isinstance(self.end.receive(f'[3,"{message_id}",{{}}]', self.now), StrayAnswer)

    @rule(text=st.sampled_from(["", "{}", "[2]", "[9]", '[2,"m1"', "\ud800"]))
    def pile_sends_garbage(self, text: str) -> None:
        assert isinstance(self.end.receive(text, self.now), Garbage)

    @rule(seconds=st.sampled_from([0.0, 1.0, 6.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        timed_out = self.end.expire(self.now)
        if timed_out is not None:
            assert self.fates[timed_out.call.key] == []
            self.fates[timed_out.call.key].append("timed out")

    # --- the wire

    @property
    def key_of(self) -> dict[str, str]:
        return dict(pair.split("=") for pair in self.wire)

    @rule(target=sent_ids)
    def write(self) -> Any:
        seen = len(self.wire)
        for frame in self.end.take_outgoing():
            self.on_the_wire(frame)
        return multiple(*(pair.split("=")[0] for pair in self.wire[seen:]))

    def on_the_wire(self, frame: bytes) -> None:
        kind, message_id, *rest = json.loads(frame)
        if kind == 2:
            assert message_id not in self.key_of
            self.wire.append(f"{message_id}={rest[0]}")
        elif message_id in self.answers:
            assert frame in self.answers[message_id]
            self.owed[message_id] -= 1
            assert self.owed[message_id] >= 0
        else:
            assert (kind, message_id) == (4, "m1")  # the garbage above that has an id

    @invariant()
    def at_most_one_call_of_ours_is_outstanding(self) -> None:
        waiting = [key for key, fate in self.fates.items() if not fate]
        assert (self.end.next_timeout() is None) == (not waiting)

    def teardown(self) -> None:
        for frame in self.end.take_outgoing():
            self.on_the_wire(frame)
        assert +self.owed == self.undecided  # every frame has one answer, or will have it
        on_wire = set(self.key_of.values())
        assert sum(not self.fates[key] for key in on_wire) <= 1
        for fate in self.end.close():
            assert self.fates[fate.call.key] == []
            assert isinstance(fate, CallUnanswered if fate.call.key in on_wire else CallNeverSent)
            self.fates[fate.call.key].append("closed")
        assert all(self.fates.values())  # no call is forgotten


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
