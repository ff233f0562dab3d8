"""The OCPP log: what is in it, and what must not be."""

import json
from typing import Any

import pytest
from tests.gateway.conftest import House, until

from forecourt.gateway.ocpp_log import masked


@pytest.mark.parametrize(
    ("action", "payload", "text"),
    [
        ("Authorize", {"idTag": "04A1B2C3D4"}, '{"idTag": "****C3D4"}'),
        ("Authorize", {"idTag": "short"}, '{"idTag": "****"}'),
        (
            "Authorize",
            {"idToken": {"idToken": "04A1B2C3D4", "type": "X"}},
            '{"idToken": {"idToken": "****C3D4", "type": "X"}}',
        ),
        (
            "StartTransaction",
            {"idTagInfo": {"parentIdTag": "04A1B2C3D4"}},
            '{"idTagInfo": {"parentIdTag": "****C3D4"}}',
        ),
        (
            "TransactionEvent",
            {"additionalInfo": [{"additionalIdToken": "04A1B2C3D4", "type": "t"}]},
            '{"additionalInfo": [{"additionalIdToken": "****C3D4", "type": "t"}]}',
        ),
        ("Authorize", {"idTag": 'quo"te\\1234'}, '{"idTag": "****"}'),
        ("Heartbeat", {}, "{}"),
    ],
)
def test_identifiers_are_masked(action: str, payload: Any, text: str) -> None:
    assert masked(action, json.dumps(payload)) == text


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "s3cret"}),
        (
            "GetConfiguration",
            {"configurationKey": [{"key": "authorizationkey", "readonly": False, "value": "s3cret"}]},
        ),
        (
            "SetVariables",
            {"setVariableData": [{"attributeValue": "s3cret", "variable": {"name": "BasicAuthPassword"}}]},
        ),
        (
            "GetVariables",
            {"getVariableResult": [{"attributeValue": "s3cret", "variable": {"name": "BasicAuthPassword"}}]},
        ),
        (
            "NotifyReport",
            {
                "reportData": [
                    {"variable": {"name": "BasicAuthPassword"}, "variableAttribute": [{"value": "s3cret"}]}
                ]
            },
        ),
        (
            "SetNetworkProfile",
            {"connectionData": {"apn": {"apnPassword": "s3cret"}, "vpn": {"password": "s3cret"}}},
        ),
        ("SetVariables", "s3cret is not JSON"),
        ("NotifyReport", '{"x":' * 300 + '{"password":"s3cret"}' + "}" * 300),
        ("NotifyReport", '{"x":' * 5000 + '{"password":"s3cret"}' + "}" * 5000),
    ],
)
def test_passwords_are_masked(action: str, payload: Any) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    assert "s3cret" not in masked(action, text)


def test_other_settings_are_shown() -> None:
    text = masked("ChangeConfiguration", '{"key":"HeartbeatInterval","value":"60"}')
    assert json.loads(text) == {"key": "HeartbeatInterval", "value": "60"}


async def test_every_frame_is_in_the_log(house: House) -> None:
    pile = await house.booted()
    await pile.result("Authorize", {"idTag": "04A1B2C3D4"})
    await pile.call("Nonsense", {})
    pile.text("[7")
    await pile.result("Heartbeat", {})

    async def log() -> Any:
        page = await house.sv.store.log_page("CP1")
        return page.items if len(page.items) >= 9 else None

    entries = await until(log)
    assert [(entry.direction, entry.kind, entry.action) for entry in reversed(entries)] == [
        ("in", "CALL", "BootNotification"),
        ("out", "CALLRESULT", "BootNotification"),
        ("in", "CALL", "Authorize"),
        ("out", "CALLRESULT", "Authorize"),
        ("in", "CALL", "Nonsense"),
        ("out", "CALLERROR", "Nonsense"),
        ("in", "unreadable", ""),
        ("in", "CALL", "Heartbeat"),
        ("out", "CALLRESULT", "Heartbeat"),
    ]
    assert "04A1B2" not in str(entries)
