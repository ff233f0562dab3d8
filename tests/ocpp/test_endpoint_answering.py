"""The peer's CALLs: new ones, repeated ones, too many."""

import json
import tracemalloc
from typing import Any

import pytest

from forecourt.ocpp.endpoint import Endpoint
from forecourt.ocpp.endpoint_events import CallReceived, CallRepeated, Overrun
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.version import Version

STOP = '[2,"s1","StopTransaction",{"transactionId":7,"meterStop":12345,"timestamp":"2026-01-02T03:04:05Z"}]'
HEARTBEAT = '[2,"h1","Heartbeat",{}]'


def endpoint(version: Version = Version.V16, **limits: Any) -> Endpoint:
    return Endpoint(version, id_prefix="g7-", limits=Limits(**limits))


def taken(end: Endpoint, text: str, now: float = 0.0) -> CallReceived:
    event = end.receive(text, now)
    assert isinstance(event, CallReceived)
    return event


def test_a_call_comes_out_as_it_was_written_and_its_answer_goes_back() -> None:
    end = endpoint()
    call = taken(end, '[2, "m1", "Authorize", {"idTag": "B4A63CDF"}]')
    assert (call.id, call.action, call.payload) == ("m1", "Authorize", b'{"idTag": "B4A63CDF"}')
    assert not call.null_payload
    assert end.take_outgoing() == []
    end.reply(call, b'{"idTagInfo":{"status":"Accepted"}}', 0.0)
    assert end.take_outgoing() == [b'[3,"m1",{"idTagInfo":{"status":"Accepted"}}]']
    assert end.take_outgoing() == []


def test_a_null_payload_is_an_empty_one_and_is_noted() -> None:
    """R08."""
    call = taken(endpoint(), '[2,"m3","Heartbeat",null]')
    assert (call.payload, call.null_payload) == (b"{}", True)


@pytest.mark.parametrize(
    ("version", "spelled"), [(Version.V16, "FormationViolation"), (Version.V201, "FormatViolation")]
)
def test_a_call_is_refused_in_the_versions_spelling(version: Version, spelled: str) -> None:
    end = endpoint(version)
    end.reply_error(taken(end, HEARTBEAT), ErrorCode.FORMAT_VIOLATION, "why", b'{"at":"$"}')
    [frame] = end.take_outgoing()
    assert json.loads(frame) == [4, "h1", spelled, "why", {"at": "$"}]


def test_a_call_is_answered_once() -> None:
    end = endpoint()
    call = taken(end, HEARTBEAT)
    end.reply(call, b"{}", 0.0)
    with pytest.raises(ValueError, match="h1"):
        end.reply(call, b"{}", 0.0)
    with pytest.raises(ValueError, match="h1"):
        end.reply_error(call, ErrorCode.INTERNAL_ERROR)
    assert len(end.take_outgoing()) == 1


def test_calls_may_be_answered_in_any_order() -> None:
    end = endpoint()
    first, second = taken(end, STOP), taken(end, HEARTBEAT)
    end.reply(second, b'{"n":2}', 0.0)
    end.reply(first, b'{"n":1}', 0.0)
    assert end.take_outgoing() == [b'[3,"h1",{"n":2}]', b'[3,"s1",{"n":1}]']


# --- repeated frames: field problem 2, R06


def test_a_repeated_frame_is_answered_as_the_first_time() -> None:
    end = endpoint()
    end.reply(taken(end, STOP), b'{"idTagInfo":{"status":"Accepted"}}', 0.0)
    [first] = end.take_outgoing()
    for _ in range(3):
        assert end.receive(STOP, 5.0) == CallRepeated("s1", "StopTransaction", answered=True)
        assert end.take_outgoing() == [first]


def test_while_the_first_is_being_decided_all_copies_wait_and_all_are_answered() -> None:
    end = endpoint()
    call = taken(end, STOP)
    for _ in range(3):
        assert end.receive(STOP, 1.0) == CallRepeated("s1", "StopTransaction", answered=False)
    assert end.take_outgoing() == []
    end.reply(call, b'{"n":1}', 2.0)
    assert end.take_outgoing() == [b'[3,"s1",{"n":1}]'] * 4


def test_all_copies_are_refused_with_the_first() -> None:
    end = endpoint()
    call = taken(end, STOP)
    end.receive(STOP, 1.0)
    end.reply_error(call, ErrorCode.INTERNAL_ERROR)
    frames = end.take_outgoing()
    assert len(frames) == 2
    assert len(set(frames)) == 1


def test_what_was_refused_is_tried_again() -> None:
    """1.6 §3.7.1: a pile repeats a transaction message after a CALLERROR; by then it may succeed."""
    end = endpoint()
    end.reply_error(taken(end, STOP), ErrorCode.INTERNAL_ERROR)
    end.reply(taken(end, STOP), b"{}", 1.0)
    assert [json.loads(frame)[0] for frame in end.take_outgoing()] == [4, 3]


@pytest.mark.parametrize("answered", [True, False])
def test_a_reused_id_with_other_content_is_a_new_message(answered: bool) -> None:
    end = endpoint()
    first = taken(end, '[2,"1","StartTransaction",{"meterStart":1}]')
    if answered:
        end.reply(first, b'{"transactionId":1}', 0.0)
    second = taken(end, '[2,"1","StartTransaction",{"meterStart":2}]')
    other_action = taken(end, '[2,"1","DataTransfer",{"meterStart":1}]')
    end.reply(second, b'{"transactionId":2}', 0.0)
    end.reply(other_action, b"{}", 0.0)
    if not answered:
        end.reply(first, b'{"transactionId":1}', 0.0)
    answers = [json.loads(frame)[2] for frame in end.take_outgoing()]
    assert sorted(answers, key=str) == [{"transactionId": 1}, {"transactionId": 2}, {}]


def test_an_answer_is_not_repeated_for_ever() -> None:
    """A pile that uses one message id for all its Heartbeats must not be told yesterday's time."""
    end = endpoint(answer_life=60.0)
    end.reply(taken(end, HEARTBEAT, 0.0), b'{"currentTime":"1"}', 10.0)
    assert isinstance(end.receive(HEARTBEAT, 69.9), CallRepeated)
    end.take_outgoing()
    end.reply(taken(end, HEARTBEAT, 70.0), b'{"currentTime":"2"}', 70.0)
    assert end.take_outgoing() == [b'[3,"h1",{"currentTime":"2"}]']
    assert isinstance(end.receive(HEARTBEAT, 80.0), CallRepeated)
    assert end.take_outgoing() == [b'[3,"h1",{"currentTime":"2"}]']


def test_only_the_newest_answers_are_remembered() -> None:
    end = endpoint(answer_memory=2)
    texts = [f'[2,"{n}","Heartbeat",{{}}]' for n in range(3)]
    for text in texts:
        end.reply(taken(end, text), b"{}", 0.0)
    assert isinstance(end.receive(texts[2], 1.0), CallRepeated)
    assert isinstance(end.receive(texts[1], 1.0), CallRepeated)
    assert isinstance(end.receive(texts[0], 1.0), CallReceived)


def test_remembered_answers_are_bounded_in_bytes_but_the_newest_is_always_kept() -> None:
    end = endpoint(answer_memory=10, answer_bytes=500)
    texts = [f'[2,"{n}","DataTransfer",{{}}]' for n in range(3)]
    for text, size in zip(texts, (10, 10, 10_000), strict=True):
        end.reply(taken(end, text), b'{"data":"%b"}' % (b"x" * size), 0.0)
    assert isinstance(end.receive(texts[2], 1.0), CallRepeated)
    assert isinstance(end.receive(texts[1], 1.0), CallReceived)
    small = [f'[2,"small{n}","DataTransfer",{{}}]' for n in range(3)]
    for text in small:
        end.reply(taken(end, text), b"{}", 1.0)
    assert isinstance(end.receive(texts[2], 1.0), CallReceived)
    for text in small:  # what was forgotten takes no room any more
        assert isinstance(end.receive(text, 1.0), CallRepeated)


def test_an_idle_connection_takes_about_two_kilobytes() -> None:
    def used() -> Endpoint:
        end = Endpoint(Version.V16, id_prefix="g7-")
        for n in range(20):
            call = taken(end, f'[2,"3a1b2c3d-4e5f-6071-8293-{n:012}","Heartbeat",{{"pad":"{"x" * 500}"}}]')
            end.reply(call, b'{"currentTime":"2026-01-02T03:04:05.678Z"}', 0.0)
            end.take_outgoing()
        return end

    used()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [used() for _ in range(100)]
    each = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    assert each < 2_500


# --- more than one CALL at a time


def test_a_peer_may_run_ahead_up_to_a_bound() -> None:
    end = endpoint(max_unanswered=3)
    calls = [taken(end, f'[2,"{n}","Heartbeat",{{}}]') for n in range(2)]
    saturated = [end.saturated]
    end.receive('[2,"1","Heartbeat",{}]', 0.0)  # a copy counts: it has to be answered too
    saturated.append(end.saturated)
    assert end.receive(HEARTBEAT, 0.0) == Overrun("h1", "Heartbeat")
    assert end.receive('[2,"1","Heartbeat",{}]', 0.0) == Overrun("1", "Heartbeat")
    assert end.take_outgoing() == []
    end.reply(calls[1], b"{}", 0.0)
    saturated.append(end.saturated)
    assert saturated == [False, True, False]
    assert len(end.take_outgoing()) == 2
    taken(end, HEARTBEAT)
    taken(end, STOP)
    assert isinstance(end.receive('[2,"9","Heartbeat",{}]', 0.0), Overrun)


def test_what_needs_no_decision_is_still_answered_when_saturated() -> None:
    end = endpoint(max_unanswered=1)
    end.reply(taken(end, STOP), b"{}", 0.0)
    end.take_outgoing()
    taken(end, HEARTBEAT)
    assert isinstance(end.receive(STOP, 1.0), CallRepeated)
    assert end.take_outgoing() == [b'[3,"s1",{}]']
