"""Both directions together, malformed frames, and the messages of 2.1."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecourt.ocpp.endpoint import Endpoint
from forecourt.ocpp.endpoint_calling import Placed
from forecourt.ocpp.endpoint_events import (
    AnswerUnreadable,
    CallReceived,
    Garbage,
    OurCall,
    ResultReceived,
    ResultRefused,
    SendReceived,
    StrayAnswer,
)
from forecourt.ocpp.errors import ErrorCode, Fault
from forecourt.ocpp.version import Version

AUTHORIZE = '[2,"a1","Authorize",{"idTag":"B4A63CDF"}]'


def endpoint(version: Version) -> Endpoint:
    return Endpoint(version, id_prefix="g7-")


def written(end: Endpoint) -> list[object]:
    return [json.loads(frame) for frame in end.take_outgoing()]


# --- field problem 6: the two directions are independent


@pytest.mark.parametrize("version", Version)
def test_a_call_of_the_pile_passes_while_ours_waits_and_the_other_way_round(version: Version) -> None:
    end = endpoint(version)
    end.call("k1", "RemoteStartTransaction", b"{}", 0.0)
    authorize = end.receive(AUTHORIZE, 1.0)
    assert isinstance(authorize, CallReceived)
    assert isinstance(end.receive('[3,"g7-1",{"status":"Accepted"}]', 2.0), ResultReceived)
    assert end.call("k2", "Reset", b"{}", 3.0) is Placed.SENT
    end.reply(authorize, b"{}", 4.0)
    assert written(end) == [
        [2, "g7-1", "RemoteStartTransaction", {}],
        [2, "g7-2", "Reset", {}],
        [3, "a1", {}],
    ]


def test_the_same_id_in_both_directions_is_two_messages() -> None:
    end = endpoint(Version.V16)
    end.call("k1", "Reset", b"{}", 0.0)
    call = end.receive('[2,"g7-1","Heartbeat",{}]', 1.0)
    assert isinstance(call, CallReceived)
    assert isinstance(end.receive('[3,"g7-1",{"status":"Accepted"}]', 2.0), ResultReceived)
    end.reply(call, b'{"currentTime":"now"}', 3.0)
    assert written(end) == [[2, "g7-1", "Reset", {}], [3, "g7-1", {"currentTime": "now"}]]


def test_a_full_queue_of_ours_and_a_saturated_peer_do_not_touch_each_other() -> None:
    end = endpoint(Version.V201)
    while end.call("k", "Reset", b"{}", 0.0) is not Placed.QUEUE_FULL:
        pass
    calls = [end.receive(f'[2,"{n}","Heartbeat",{{}}]', 0.0) for n in range(32)]
    assert end.saturated
    assert isinstance(end.receive('[3,"g7-1",{}]', 1.0), ResultReceived)
    assert isinstance(calls[0], CallReceived)
    end.reply(calls[0], b"{}", 1.0)
    assert end.call("k", "Reset", b"{}", 1.0) is Placed.QUEUED


def test_two_endpoints_talk_to_each_other() -> None:
    """An endpoint serves the pile as well."""
    csms, pile = endpoint(Version.V201), Endpoint(Version.V201, id_prefix="p-")
    pile.call("boot", "BootNotification", b'{"reason":"PowerUp"}', 0.0)
    [frame] = pile.take_outgoing()
    call = csms.receive(frame, 0.0)
    assert isinstance(call, CallReceived)
    csms.reply(call, b'{"status":"Accepted"}', 0.0)
    [answer] = csms.take_outgoing()
    assert pile.receive(answer, 0.1) == ResultReceived(
        OurCall("boot", "p-1", "BootNotification"), b'{"status":"Accepted"}'
    )


# --- malformed frames: which answer belongs to which shape is test_malformed's matter


def test_a_malformed_call_is_answered_at_once() -> None:
    end = endpoint(Version.V201)
    event = end.receive('[2,"m1","Heartbeat",[]]', 0.0)
    reason = "the payload is not a JSON object"
    assert event == Garbage(Fault.NOT_AN_OBJECT, reason, "m1", ErrorCode.PROTOCOL_ERROR)
    assert written(end) == [[4, "m1", "ProtocolError", reason, {}]]


def test_what_has_no_id_is_answered_with_minus_one_on_201_and_not_at_all_on_16() -> None:
    for version, answers in ((Version.V16, []), (Version.V201, [4]), (Version.V21, [4])):
        end = endpoint(version)
        assert isinstance(end.receive("hello", 0.0), Garbage)
        frames = [json.loads(frame) for frame in end.take_outgoing()]
        assert [frame[0] for frame in frames] == answers
        assert all(frame[1:3] == ["-1", "RpcFrameworkError"] for frame in frames)


def test_an_empty_id_is_answered_with_an_empty_id_on_16() -> None:
    end = endpoint(Version.V16)
    end.receive('[2,"","Heartbeat",{}]', 0.0)
    assert written(end) == [[4, "", "GenericError", Fault.BAD_ID.value, {}]]


def test_a_malformed_frame_is_evaluated_anew_each_time_and_disturbs_nothing() -> None:
    end = endpoint(Version.V16)
    call = end.receive(AUTHORIZE, 0.0)
    assert isinstance(call, CallReceived)
    for _ in range(100):
        end.receive('[2,"m1","MeterValues",{"a":[,]}]', 0.0)
    assert len(end.take_outgoing()) == 100
    assert not end.saturated
    end.reply(call, b"{}", 1.0)
    assert written(end) == [[3, "a1", {}]]


# --- 2.1


def test_a_send_is_handed_out_and_never_answered() -> None:
    end = endpoint(Version.V21)
    event = end.receive('[6,"m1","NotifyPeriodicEventStream",{"id":1}]', 0.0)
    assert event == SendReceived("m1", "NotifyPeriodicEventStream", b'{"id":1}')
    assert isinstance(end.receive('[6,"m1"]', 0.0), Garbage)
    assert end.take_outgoing() == []


def test_a_send_goes_out_while_a_call_waits() -> None:
    end = endpoint(Version.V21)
    end.call("k1", "Reset", b"{}", 0.0)
    end.send("NotifyPeriodicEventStream", b'{"id":1}')
    assert written(end) == [[2, "g7-1", "Reset", {}], [6, "g7-2", "NotifyPeriodicEventStream", {"id": 1}]]
    for version in (Version.V16, Version.V201):
        with pytest.raises(ValueError, match="SEND"):
            endpoint(version).send("NotifyPeriodicEventStream", b"{}")


def test_the_peer_can_refuse_our_result() -> None:
    end = endpoint(Version.V21)
    end.call("k1", "Reset", b"{}", 0.0)
    event = end.receive('[5,"g7-1","FormatViolation","why",{"a":1}]', 1.0)
    assert event == ResultRefused("g7-1", "FormatViolation", "why", b'{"a":1}')
    assert end.receive('[5,"g7-1",7]', 1.0) == StrayAnswer(5, "g7-1")
    # the id is one of the pile's: our call with the same id goes on
    assert isinstance(end.receive('[3,"g7-1",{}]', 2.0), ResultReceived)


def test_we_can_refuse_a_result_where_the_version_has_a_word_for_it() -> None:
    call = OurCall("k1", "g7-1", "GetLog")
    for version, frames in (
        (Version.V16, []),
        (Version.V201, []),
        (Version.V21, [[5, "g7-1", "TypeConstraintViolation", "status", {}]]),
    ):
        end = endpoint(version)
        end.refuse_result(call, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "status")
        assert written(end) == frames


def test_a_result_that_is_no_json_is_refused_on_21_an_error_is_not() -> None:
    for text, kinds in (('[3,"g7-1",{]', [5]), ('[4,"g7-1",{]', [])):
        end = endpoint(Version.V21)
        end.call("k1", "Reset", b"{}", 0.0)
        end.take_outgoing()
        assert isinstance(end.receive(text, 1.0), AnswerUnreadable)
        assert [json.loads(frame)[0] for frame in end.take_outgoing()] == kinds
    assert isinstance(endpoint(Version.V21).receive('[3,"g7-1",{]', 1.0), StrayAnswer)


# --- nothing that comes in may raise, or be answered more than once


@settings(deadline=None)
@given(
    texts=st.lists(
        st.text(st.characters(codec=None), max_size=40)
        | st.sampled_from(["[2", "[3", "[4", "[5", "[6", "[7"]).flatmap(
            lambda head: st.lists(
                st.sampled_from(['"g7-1"', '"a"', '""', "5", "null", "{}", "[]", '"Reset"', "{", '"x', "]"]),
                max_size=5,
            ).map(lambda rest: ",".join([head, *rest]) + "]")
        ),
        max_size=8,
    ),
    version=st.sampled_from(Version),
)
def test_any_text_gives_one_event_and_at_most_one_answer(texts: list[str], version: Version) -> None:
    end = endpoint(version)
    end.call("k1", "Reset", b"{}", 0.0)
    end.take_outgoing()
    for text in texts:
        assert end.receive(text, 1.0) is not None
        frames = [json.loads(frame) for frame in end.take_outgoing()]
        assert len(frames) <= 1
        assert not frames or not text.lstrip().startswith(("[3,", "[4,")) or frames[0][0] == 5
