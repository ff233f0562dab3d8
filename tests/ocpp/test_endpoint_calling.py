"""Our CALLs: one at a time, in order, each with one fate, and every answer with its own call."""

import json
from typing import Any

import pytest

from forecourt.ocpp.endpoint import Endpoint
from forecourt.ocpp.endpoint_calling import Placed
from forecourt.ocpp.endpoint_events import (
    AnswerUnreadable,
    CallNeverSent,
    CallTimedOut,
    CallUnanswered,
    ErrorReceived,
    LateAnswer,
    OurCall,
    ResultReceived,
    StrayAnswer,
)
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.ocpp.version import Version

FIRST = OurCall("k1", "g7-1", "Reset")
SECOND = OurCall("k2", "g7-2", "GetLog")


def endpoint(version: Version = Version.V16, **limits: Any) -> Endpoint:
    return Endpoint(version, id_prefix="g7-", limits=Limits(**limits))


def with_two_calls(version: Version = Version.V16, **limits: Any) -> Endpoint:
    end = endpoint(version, **limits)
    assert end.call("k1", "Reset", b'{"type":"Hard"}', 0.0) is Placed.SENT
    assert end.call("k2", "GetLog", b"{}", 1.0) is Placed.QUEUED
    end.take_outgoing()
    return end


def test_one_call_is_outstanding_and_the_next_follows_its_answer() -> None:
    end = endpoint()
    assert end.call("k1", "Reset", b'{"type":"Hard"}', 0.0) is Placed.SENT
    assert end.call("k2", "GetLog", b"{}", 0.0) is Placed.QUEUED
    assert end.call("k3", "ClearCache", b"{}", 0.0) is Placed.QUEUED
    assert end.take_outgoing() == [b'[2,"g7-1","Reset",{"type":"Hard"}]']
    assert end.receive('[3,"g7-1",{"status":"Accepted"}]', 1.0) == ResultReceived(
        FIRST, b'{"status":"Accepted"}'
    )
    assert end.take_outgoing() == [b'[2,"g7-2","GetLog",{}]']
    refusal = end.receive('[4,"g7-2","NotSupported","no log",{"a":1}]', 2.0)
    assert refusal == ErrorReceived(SECOND, "NotSupported", "no log", b'{"a":1}')
    assert end.take_outgoing() == [b'[2,"g7-3","ClearCache",{}]']
    end.receive('[3,"g7-3",{}]', 3.0)
    assert end.take_outgoing() == []


def test_it_is_idle_when_a_call_would_be_sent_at_once() -> None:
    end = endpoint()
    seen = [end.idle]
    end.call("k1", "Reset", b"{}", 0.0)
    seen.append(end.idle)
    end.receive('[3,"g7-1",{}]', 1.0)
    seen.append(end.idle)
    end.close()
    seen.append(end.idle)
    assert seen == [True, False, True, False]


def test_the_queue_is_bounded_and_says_so() -> None:
    end = with_two_calls(max_queue=1)
    assert end.call("k3", "Reset", b"{}", 0.0) is Placed.QUEUE_FULL
    end.receive('[3,"g7-1",{}]', 0.0)
    assert end.call("k3", "Reset", b"{}", 0.0) is Placed.QUEUED


def test_no_queue_still_lets_one_call_through() -> None:
    end = endpoint(max_queue=0)
    assert end.call("k1", "Reset", b"{}", 0.0) is Placed.SENT
    assert end.call("k2", "Reset", b"{}", 0.0) is Placed.QUEUE_FULL


def test_a_queued_call_can_be_taken_back_a_sent_one_cannot() -> None:
    end = with_two_calls()
    assert not end.cancel("k1")
    assert end.cancel("k2")
    assert not end.cancel("k2")
    end.receive('[3,"g7-1",{}]', 0.0)
    assert end.take_outgoing() == []
    assert end.idle


# --- time


def test_the_time_out_runs_from_the_sending_not_from_the_queueing() -> None:
    end = endpoint(call_timeout=30.0)
    assert end.next_timeout() is None
    end.call("k1", "Reset", b"{}", 100.0)
    end.call("k2", "GetLog", b"{}", 100.0, timeout=5.0)
    assert end.next_timeout() == 130.0
    assert end.expire(129.9) is None
    assert end.expire(130.0) == CallTimedOut(FIRST)
    assert end.next_timeout() == 135.0
    assert end.expire(135.0) == CallTimedOut(SECOND)
    assert end.next_timeout() is None
    assert end.expire(1000.0) is None


def test_a_time_out_lets_the_next_call_go() -> None:
    end = with_two_calls()
    end.expire(30.0)
    assert end.take_outgoing() == [b'[2,"g7-2","GetLog",{}]']


def test_an_answer_after_the_deadline_but_before_its_expiry_counts() -> None:
    end = with_two_calls(call_timeout=30.0)
    assert isinstance(end.receive('[3,"g7-1",{}]', 31.0), ResultReceived)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('[3,"g7-1",{"status":"Accepted"}]', ResultReceived(FIRST, b'{"status":"Accepted"}')),
        ('[4,"g7-1","InternalError","",{}]', ErrorReceived(FIRST, "InternalError", "", b"{}")),
    ],
)
def test_a_late_answer_belongs_to_the_call_that_timed_out_and_to_no_other(
    text: str, answer: ResultReceived | ErrorReceived
) -> None:
    end = with_two_calls()
    end.expire(30.0)
    assert end.receive(text, 31.0) == LateAnswer(answer)
    assert isinstance(end.receive(text, 32.0), StrayAnswer)
    assert end.receive('[3,"g7-2",{}]', 33.0) == ResultReceived(SECOND, b"{}")


def test_the_memory_of_timed_out_calls_is_bounded() -> None:
    end = endpoint(late_memory=2)
    for n in range(3):
        end.call(f"k{n}", "Reset", b"{}", float(n), timeout=1.0)
        assert isinstance(end.expire(n + 1.0), CallTimedOut)
    assert end.receive('[3,"g7-1",{}]', 9.0) == StrayAnswer(3, "g7-1")
    assert isinstance(end.receive('[3,"g7-2",{}]', 9.0), LateAnswer)
    assert isinstance(end.receive('[3,"g7-3",{}]', 9.0), LateAnswer)


# --- which answer is whose


@pytest.mark.parametrize(
    "message_id", ["", "-1", "g7-0", "g7-2", "g7-3", "g7-10", "G7-1", " g7-1", "g7-1 ", "g7-01", "1", "k1"]
)
@pytest.mark.parametrize("version", Version)
def test_no_other_id_matches_by_accident(version: Version, message_id: str) -> None:
    """R04; "-1" answers nothing that can be named; "g7-2" is still queued."""
    end = with_two_calls(version)
    for text in (f'[3,"{message_id}",{{}}]', f'[4,"{message_id}","GenericError","",{{}}]'):
        event = end.receive(text, 1.0)
        assert isinstance(event, StrayAnswer)
        assert event.id == message_id
    assert end.take_outgoing() == []
    assert isinstance(end.receive('[3,"g7-1",{}]', 2.0), ResultReceived)


@pytest.mark.parametrize("text", ["[3]", "[3,1,{}]", "[3,null,{}]", "[4]", '[4,["g7-1"],"X","",{}]', "[3,"])
def test_an_answer_without_an_id_is_only_noted(text: str) -> None:
    end = with_two_calls()
    event = end.receive(text, 1.0)
    assert isinstance(event, StrayAnswer)
    assert event.id is None
    assert end.take_outgoing() == []


def test_an_answer_is_counted_once() -> None:
    end = with_two_calls()
    end.receive('[3,"g7-1",{}]', 1.0)
    assert end.receive('[3,"g7-1",{}]', 1.0) == StrayAnswer(3, "g7-1")
    assert end.receive('[4,"g7-1","GenericError","",{}]', 1.0) == StrayAnswer(4, "g7-1")


@pytest.mark.parametrize("text", ['[3,"g7-1",null]', '[3,"g7-1"]', '[3,"g7-1",{},{}]', '[3, "g7-1" ,\n{}]'])
def test_an_answer_is_read_leniently(text: str) -> None:
    assert with_two_calls().receive(text, 1.0) == ResultReceived(FIRST, b"{}")


def test_an_error_is_read_leniently() -> None:
    for text in ('[4,"g7-1"]', '[4,"g7-1",null,null,null]', '[4,"g7-1","","",{},7]'):
        assert with_two_calls().receive(text, 1.0) == ErrorReceived(FIRST, "", "", b"{}")


@pytest.mark.parametrize("text", ['[3,"g7-1",{"status":"Acc', '[4,"g7-1",7,"",{}]'])
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
def test_an_unreadable_answer_ends_the_call_and_is_not_answered(version: Version, text: str) -> None:
    end = with_two_calls(version)
    event = end.receive(text, 1.0)
    assert isinstance(event, AnswerUnreadable)
    assert event.call == FIRST
    assert [json.loads(frame)[1] for frame in end.take_outgoing()] == ["g7-2"]


def test_a_late_answer_can_be_unreadable_too() -> None:
    end = with_two_calls()
    end.expire(30.0)
    event = end.receive('[3,"g7-1",{', 31.0)
    assert isinstance(event, LateAnswer)
    assert isinstance(event.answer, AnswerUnreadable)


# --- the end


def test_closing_tells_the_fate_of_every_call() -> None:
    end = with_two_calls()
    end.call("k3", "Reset", b"{}", 1.0)
    assert end.close() == [
        CallUnanswered(FIRST),
        CallNeverSent(SECOND),
        CallNeverSent(OurCall("k3", "g7-3", "Reset")),
    ]
    assert end.close() == []
    assert end.next_timeout() is None
    assert not end.idle
    assert end.call("k4", "Reset", b"{}", 2.0) is Placed.CLOSED
    assert end.take_outgoing() == []


def test_what_has_been_reported_is_not_reported_again() -> None:
    end = with_two_calls()
    end.receive('[3,"g7-1",{}]', 1.0)
    end.expire(31.0)
    assert end.close() == []


def test_message_ids_never_grow_over_36_characters() -> None:
    with pytest.raises(ValueError, match="26"):
        Endpoint(Version.V16, id_prefix="x" * 27)
    Endpoint(Version.V16, id_prefix="x" * 26)
