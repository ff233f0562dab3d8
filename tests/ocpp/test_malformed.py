"""Every malformed shape against the answer that the specification of each version wants."""

import tracemalloc
from typing import NamedTuple

import pytest

from forecourt.ocpp.errors import SPELLINGS, ErrorCode, Fault
from forecourt.ocpp.frames import CallResultError, Send, parse
from forecourt.ocpp.malformed import Malformed
from forecourt.ocpp.version import Version

V16, V201, V21 = Version
LONG = "i" * 37
DEEP = '[2,"m1","Heartbeat",' + "[" * 100_000


class Answer(NamedTuple):
    """A CALLERROR, in the version's spelling."""

    id: str
    code: str


class Shape(NamedTuple):
    """Frames with the same fault; an answer of None means that the specification wants silence."""

    fault: Fault
    v16: Answer | None
    v201: Answer | None
    v21: Answer | None
    texts: list[str]


NO_ID = Answer("-1", "RpcFrameworkError")  # 2.0.1 Part 4 §4.2.3; 1.6 has no such id
RPC = Answer("m1", "RpcFrameworkError")
FORMATION = Answer("m1", "FormationViolation")
FORMAT = Answer("m1", "FormatViolation")
PROTOCOL = Answer("m1", "ProtocolError")

SHAPES = [
    # --- not a message at all
    Shape(
        Fault.UNREADABLE,
        None,
        NO_ID,
        NO_ID,
        [
            "",
            " ",
            "hello",
            "{}",
            "[]",
            "null",
            "2",
            '"[2]"',
            "[",
            "[{}]",
            "[null]",
            "[true]",
            "[[2]]",
            "{",
            "\ufeff[",
            "\x00",
            "[٢,",
            "[9999999999999999999999999]",
        ],
    ),
    Shape(
        Fault.UNREADABLE,
        None,
        RPC,
        RPC,
        [f'[{kind},"m1","Heartbeat",{{}}]' for kind in ('"2"', "2.0", "2e0", "null", "true", "{}")],
    ),
    # --- message type numbers: 1.6 §4.1.3 ignores, 2.0.1 Part 4 §4.4 answers, 2.1 Part 4 §4.4 ignores
    Shape(
        Fault.UNKNOWN_TYPE,
        None,
        Answer("m1", "MessageTypeNotSupported"),
        None,
        [f'[{kind},"m1","Heartbeat",{{}}]' for kind in (0, 1, -2, 7, 22)]
        + ['[7,"m1"]', '[7,"m1",{"a":[,]}]'],
    ),
    Shape(Fault.UNKNOWN_TYPE, None, Answer("-1", "MessageTypeNotSupported"), None, ["[7]", "[22,{}]", "[8,"]),
    # --- ids
    Shape(
        Fault.NO_ID,
        None,
        NO_ID,
        NO_ID,
        ["[2]", "[2", "[2,", '[2,"m1', '[2,12abc,"A",{}]']
        + [f'[2,{token},"A",{{}}]' for token in ("null", "true", "1.5", "{}", "[]", r'"\ud800"', r'"\q"')],
    ),
    Shape(Fault.BAD_ID, Answer("17", "GenericError"), NO_ID, NO_ID, ['[2,17,"Heartbeat",{}]', '[2,17,"H",{']),
    Shape(Fault.BAD_ID, Answer("-3", "GenericError"), NO_ID, NO_ID, ['[2,-3,"Heartbeat",{}]']),
    Shape(Fault.BAD_ID, Answer("", "GenericError"), NO_ID, NO_ID, ['[2,"","Heartbeat",{}]', '[2,"","H",{]']),
    # 1.6 §4.2.3: "unique identifier too long"
    Shape(
        Fault.LONG_ID,
        Answer(LONG, "GenericError"),
        Answer(LONG, "RpcFrameworkError"),
        Answer(LONG, "RpcFrameworkError"),
        [f'[2,"{LONG}","Heartbeat",{{}}]', f'[2,"{LONG}","Heartbeat",{{'],
    ),
    # --- not a CALL of four elements
    Shape(Fault.BROKEN_HEAD, FORMATION, RPC, RPC, ['[2,"m1"', '[2,"m1",Heartbeat,{}]', '[2,"m1","Heart']),
    Shape(
        Fault.NO_ACTION,
        FORMATION,
        RPC,
        RPC,
        ['[2,"m1"]', '[2,"m1",{}]', '[2,"m1",null,{}]', '[2,"m1",5,{}]', '[2,"m1",{},{},{}]'],
    ),
    Shape(Fault.NO_PAYLOAD, PROTOCOL, RPC, RPC, ['[2,"m1","Heartbeat"]']),
    Shape(Fault.EXTRA_ELEMENTS, FORMATION, RPC, RPC, ['[2,"m1","H",{},{}]', '[2,"m1","H",{},null]']),
    # --- the payload
    Shape(
        Fault.NOT_AN_OBJECT,
        FORMATION,
        PROTOCOL,
        PROTOCOL,
        [f'[2,"m1","H",{payload}]' for payload in ("[]", '""', '"{}"', "0", "true", "false", " [ ]")],
    ),
    Shape(
        Fault.BROKEN_PAYLOAD,
        FORMATION,
        FORMAT,
        FORMAT,
        [
            # R02, and the invalid JSON of field problem 17: an empty transactionId
            '[2,"m1","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[,{"value":"1"}]}]}]',
            '[2,"m1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]',
            '[2,"m1","MeterValues",{"connectorId":1',
            '[2,"m1","MeterValues",',
            ' [\t2 ,\r\n"m1" , "MeterValues" , nope]',
            '[2,"m1","A\\"]",{"a":NaN}]',
            '[2,"m1","A",{a:1}]',
            '[2,"m1","A",{"a":1,}]',
            '[2,"m1","A",{"a":01}]',
            '[2,"m1","A",{"a":"\n"}]',
            '[2,"m1","A",{"a":"\\q"}]',
            '[2,"m1","A",{"a":"\ud800"}]',
            '[2,"m1","A",{}]\x00',
            '[2,"m1","A",{}][2,"m2","A",{}]',
            DEEP,
            '[2,"m1","A",{"a":"' + "x" * 100_000,
        ],
    ),
    # --- answers: an error would be answered by an error, and so on
    Shape(
        Fault.BAD_ANSWER,
        None,
        None,
        None,
        [
            "[3]",
            "[3,null,{}]",
            "[3,5,{}]",
            '[3,"s1",{"status":"Acc',
            "[4]",
            '[4,"s1",{]',
            '[4,"s1",5,"",{}]',
            '[4,"s1","GenericError",["x"],{}]',
        ],
    ),
]
ROWS = [
    pytest.param(version, text, shape.fault, answer, id=f"{version.value}-{text[:40]!r}")
    for shape in SHAPES
    for text in shape.texts
    for version, answer in ((V16, shape.v16), (V201, shape.v201), (V21, shape.v21))
]


@pytest.mark.parametrize(("version", "text", "fault", "answer"), ROWS)
def test_malformed(version: Version, text: str, fault: Fault, answer: Answer | None) -> None:
    read = parse(text, version)
    assert isinstance(read, Malformed)
    assert read.fault is fault
    assert read.reason.startswith(fault.value)
    if answer is None:
        assert read.code is None
    else:
        assert read.code is not None
        assert (read.id, SPELLINGS[version][read.code]) == answer


@pytest.mark.parametrize(
    "text", ['[2,"' + "\\a" * 500_000, '[2,"m1","' + 'x\\"' * 500_000, "[2" + ",1" * 1_000_000 + "]"]
)
def test_a_huge_malformed_frame_takes_no_more_memory_than_itself(text: str) -> None:
    tracemalloc.start()
    parse(text, V201)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(text)


def test_messages_that_only_21_has() -> None:
    assert isinstance(parse('[6,"m1","NotifyPeriodicEventStream",{}]', V21), Send)
    assert isinstance(parse('[5,"m1","FormatViolation","",{}]', V21), CallResultError)
    for text in ('[6,"m1"]', '[6,"m1","A",{},{}]', '[6,"m1",{', '[6,7,"A",{}]', '[6,"","A",{}]'):
        read = parse(text, V21)
        assert isinstance(read, Malformed)
        assert (read.fault, read.code) == (Fault.BAD_SEND, None)
    for text in ('[6,"m1","NotifyPeriodicEventStream",{}]', '[5,"m1","FormatViolation","",{}]'):
        read = parse(text, V201)
        assert isinstance(read, Malformed)
        assert (read.id, read.code) == ("m1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED)
        read = parse(text, V16)
        assert isinstance(read, Malformed)
        assert read.code is None


def test_a_broken_answer_still_tells_its_id() -> None:
    read = parse('[3,"SRV-1",{"status":"Acc', V16)
    assert isinstance(read, Malformed)
    assert (read.kind, read.id) == (3, "SRV-1")


def test_the_reason_never_repeats_the_invalid_text() -> None:
    """2.0.1 Part 4 §4.2.3: the CALLERROR SHALL NOT directly include syntactically invalid JSON."""
    read = parse('[2,"m1","MeterValues",{"SECRET":[,]}]', V201)
    assert isinstance(read, Malformed)
    assert "SECRET" not in read.reason


def test_bytes_that_are_not_utf8_do_not_become_an_id() -> None:
    for text in (b'[2,"\xff","Heartbeat",{}]', b'[2,"\xff","Heartbeat",{', b'[2,"\xed\xa0\x80","A",{'):
        read = parse(text, V201)
        assert isinstance(read, Malformed)
        assert (read.id, read.fault) == ("-1", Fault.NO_ID)
