import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    Send,
    call_error,
    call_result_error,
    encode,
    parse,
)
from forecourt.ocpp.malformed import Malformed
from forecourt.ocpp.version import Version

V16, V201, V21 = Version
LONG = "i" * 37

# --- what is read


def fields(frame: Frame | Malformed) -> list[Any]:
    return [
        type(frame).__name__,
        *(bytes(x) if isinstance(x, Raw) else x for x in msgspec.structs.astuple(frame)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[2,"m1","Heartbeat",{}]', ["Call", "m1", "Heartbeat", b"{}"]),
        ('[2,"m3","Heartbeat",null]', ["Call", "m3", "Heartbeat", b"null"]),  # R08
        ('[2,"m1","",{}]', ["Call", "m1", "", b"{}"]),  # an unknown action: NotImplemented, by the router
        (f'[2,"{LONG[1:]}","A",{{}}]', ["Call", LONG[1:], "A", b"{}"]),
        (f'[2,"{"充" * 36}","A",{{}}]', ["Call", "充" * 36, "A", b"{}"]),  # characters, not bytes
        (r'[2,"a\"]\u0041","A",{}]', ["Call", 'a"]A', "A", b"{}"]),
        ('\r\n[ 2 ,\t"m1" , "A" , { "a" : 1 } ]\n', ["Call", "m1", "A", b'{ "a" : 1 }']),
        # R12
        (
            '[3, "SRV-1" ,\n{\n"status": "Accepted"\n}]',
            ["CallResult", "SRV-1", b'{\n"status": "Accepted"\n}'],
        ),
        ('[3,"",{"fileName":"d.log"}]', ["CallResult", "", b'{"fileName":"d.log"}']),  # R04
        ('[3,"SRV-1",null]', ["CallResult", "SRV-1", b"null"]),
        # answers are read as leniently as can be
        ('[3,"SRV-1"]', ["CallResult", "SRV-1", b"{}"]),
        ('[3,"SRV-1",{},1,2]', ["CallResult", "SRV-1", b"{}"]),
        (
            '[4,"SRV-1","FormationViolation","",{}]',
            ["CallError", "SRV-1", "FormationViolation", "", b"{}"],
        ),  # R10
        ('[4,"SRV-1"]', ["CallError", "SRV-1", None, None, b"{}"]),
        ('[4,"SRV-1","X",null,null]', ["CallError", "SRV-1", "X", None, b"null"]),
        ('[4,"SRV-1","X","y",{},0]', ["CallError", "SRV-1", "X", "y", b"{}"]),
    ],
)
@pytest.mark.parametrize("version", Version)
def test_what_is_read(version: Version, text: str, expected: list[Any]) -> None:
    assert fields(parse(text, version)) == expected
    assert fields(parse(text.encode(), version)) == expected


# --- what is written


def test_a_call_error_is_spelled_as_its_version_wants() -> None:
    spelled = [
        json.loads(call_error(version, "m1", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "why", b'{"a":1}'))
        for version in Version
    ]
    assert spelled == [
        [4, "m1", "OccurenceConstraintViolation", "why", {"a": 1}],
        [4, "m1", "OccurrenceConstraintViolation", "why", {"a": 1}],
        [4, "m1", "OccurrenceConstraintViolation", "why", {"a": 1}],
    ]


def test_an_error_always_has_five_elements_and_at_most_255_characters_of_description() -> None:
    assert json.loads(call_error(V16, "m1", ErrorCode.NOT_IMPLEMENTED)) == [4, "m1", "NotImplemented", "", {}]
    refusal = json.loads(call_result_error(V21, "m1", ErrorCode.FORMAT_VIOLATION, "充" * 300))
    assert refusal == [5, "m1", "FormatViolation", "充" * 255, {}]


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (Call("m1", "Reset", Raw(b'{"type":"Hard"}')), [2, "m1", "Reset", {"type": "Hard"}]),
        (CallResult('a"b', Raw(b"{}")), [3, 'a"b', {}]),
        (CallError("m1", "X", "y", Raw(b"{}")), [4, "m1", "X", "y", {}]),
        (CallResultError("m1", "X", "y", Raw(b"{}")), [5, "m1", "X", "y", {}]),
        (Send("m1", "A", Raw(b"{}")), [6, "m1", "A", {}]),
    ],
)
def test_what_is_written_is_read_back(frame: Frame, text: list[Any]) -> None:
    assert json.loads(encode(frame)) == text
    assert fields(parse(encode(frame), V21)) == fields(frame)


# --- nothing that comes in may raise

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
NEARLY = st.tuples(st.integers(-1, 8), JSON, JSON, JSON, JSON).flatmap(
    lambda all_: st.integers(0, 5).map(lambda n: json.dumps(list(all_)[:n]))
)
CUT = st.builds(lambda text, at: text[:at], NEARLY, st.integers(0, 60))
ANY_TEXT = st.text(st.characters(codec=None), max_size=80) | NEARLY | CUT | JSON.map(json.dumps)


@settings(deadline=None)
@given(text=ANY_TEXT, version=st.sampled_from(Version))
def test_any_text_is_a_frame_or_malformed(text: str, version: Version) -> None:
    read = parse(text, version)
    if isinstance(read, Malformed) and read.code is not None:
        assert read.id is not None
        assert json.loads(call_error(version, read.id, read.code, read.reason))[1] == read.id


@settings(deadline=None)
@given(data=st.binary(max_size=60), version=st.sampled_from(Version))
def test_any_bytes_are_a_frame_or_malformed(data: bytes, version: Version) -> None:
    for text in (data, b'[2,"' + data, b'[2,"m1","A",' + data):
        read = parse(text, version)
        if isinstance(read, Malformed) and read.code is not None:
            assert read.id is not None
            json.loads(call_error(version, read.id, read.code, read.reason))


@settings(deadline=None)
@given(
    message_id=st.text(min_size=1, max_size=36), action=st.text(), payload=st.dictionaries(st.text(), JSON)
)
def test_every_well_formed_call_is_read_however_it_is_laid_out(
    message_id: str, action: str, payload: dict[str, Any]
) -> None:
    laid_out = [json.dumps([2, message_id, action, payload], indent=indent) for indent in (None, 3)]
    for text in laid_out:
        read = parse(text, V201)
        assert isinstance(read, Call)
        assert (read.id, read.action) == (message_id, action)
        assert json.loads(bytes(read.payload)) == payload
