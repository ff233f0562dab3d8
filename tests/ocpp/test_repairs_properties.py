"""Whatever a pile sends, a repair ends in a message or in a PayloadError, and a repaired message is a valid one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.ocpp_payloads import Maker, write
from tests.support.ocpp_schemas import accepts, schema_of

from forecourt.ocpp.codec import ACTIONS, PayloadError, decode, encode_payload
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.repairs import SALVAGED, as_meant, repair, repair_result
from forecourt.ocpp.version import Version

PACKAGES = {Version.V16: "v16", Version.V201: "v201"}
KINDS = sorted(SALVAGED, key=lambda kind: (kind.__module__, kind.__name__))
RESULTS = [
    ACTIONS[version][action].response
    for version, action in (
        (Version.V16, "GetConfiguration"),
        (Version.V16, "GetCompositeSchedule"),
        (Version.V201, "GetVariables"),
        (Version.V201, "GetInstalledCertificateIds"),
    )
]
# After these, the message breaks its schema where the pile's payload did.
KEPT = {
    "over-long text kept",
    "number that is no multiple of 0.1 kept",
    "unknown value kept as reported",
    "empty list",
}


def mend(kind: type[Payload], payload: bytes) -> Any:
    name = kind.__name__
    if name.endswith("Request"):
        return repair(kind.version, name.removesuffix("Request"), payload)
    return repair_result(kind.version, name.removesuffix("Response"), payload)


@pytest.mark.parametrize("kind", [*KINDS, *RESULTS], ids=lambda kind: f"{kind.version}-{kind.__name__}")
def test_a_repaired_message_is_valid_and_a_valid_one_needs_no_repair(kind: type[Payload]) -> None:
    package, name = PACKAGES[kind.version], kind.__name__
    maker = Maker(schema_of(package, name), seed="repairs " + name)
    repaired = 0
    for variant in maker.variants(maker.valid(1)):
        payload = write(variant)
        try:
            read = mend(kind, payload)
        except PayloadError:
            assert not accepts(package, name, payload)
            continue
        if accepts(package, name, payload):
            assert read == as_meant(decode(kind, payload))
        else:
            assert read.applied
            repaired += 1
        if not KEPT & set(read.applied):
            assert accepts(package, name, encode_payload(read.message)), (payload, read)
    assert repaired > 10


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
inner_names = st.sampled_from(["timestamp", "sampledValue", "value", "id"])
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(inner_names, inner),
    max_leaves=8,
)
PROPERTIES = [
    *(
        "connectorId",
        "idTag",
        "meterStart",
        "meterStop",
        "meterValue",
        "transactionData",
        "timestamp",
        "transactionId",
    ),
    *(
        "status",
        "errorCode",
        "reason",
        "info",
        "evse",
        "idToken",
        "seqNo",
        "transactionInfo",
        "eventType",
        "customData",
    ),
]


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(PROPERTIES), anything) | anything)
def test_a_repair_never_fails_in_another_way(kind: type[Payload], payload: Any) -> None:
    try:
        read = mend(kind, json.dumps(payload).encode())
    except PayloadError:
        return
    assert isinstance(read.message, kind)
