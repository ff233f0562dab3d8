"""What the table of commands does not show to everybody."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.console.conftest import NOW, Site
from tests.console.network import TOKEN

from forecourt.console.command_view import answered, asked, is_secret, veiled
from forecourt.console.desk import desk_of
from forecourt.console.languages import languages
from forecourt.console.visit import Visit
from forecourt.domain.command import ChangeConfiguration, Command, RawCall, RemoteStart, Request, Reset
from forecourt.domain.records import Operator, Role


def command(request: Request, result: dict[str, Any] | None = None) -> Command:
    return Command(id="c", pile_id="p", request=request, created_at=NOW, expires_at=NOW, result=result)


def visit(site: Site, role: Role) -> Visit:
    return Visit(
        desk=desk_of(site.sv, site.hub),
        language=languages()["en"],
        theme="auto",
        shortcuts=True,
        address="",
        here="/",
        csrf="",
        new_guest=False,
        now=NOW,
        mark="",
        operator=Operator(username="x", role=role, password_hash="", created_at=NOW),
    )


async def test_what_was_asked_is_in_plain_words(empty: Site) -> None:
    who = visit(empty, Role.OPERATOR)
    assert asked(who, command(Reset(when_idle=False))) == "when_idle=False"
    assert asked(who, command(RemoteStart(TOKEN, 1))) == f"token_uid={TOKEN} evse_id=1 token_type=Central"
    assert asked(visit(empty, Role.VIEWER), command(RemoteStart(TOKEN))).startswith("token_uid=****E680")


async def test_a_password_that_was_written_is_shown_to_nobody(empty: Site) -> None:
    secret = command(ChangeConfiguration("SecurityCtrlr.BasicAuthPassword", "hunter2hunter2hunter2"))
    for role in Role:
        assert "hunter2" not in asked(visit(empty, role), secret)
    assert "value=300" in asked(visit(empty, Role.VIEWER), command(ChangeConfiguration("Interval", "300")))


async def test_a_raw_call_is_for_administrators(empty: Site) -> None:
    raw = command(RawCall("GetLog", {"url": "ftp://a:b@c"}), {"status": "Accepted"})
    for role in (Role.VIEWER, Role.OPERATOR):
        assert asked(visit(empty, role), raw) == "GetLog"
        assert answered(visit(empty, role), raw) == ""
    assert answered(visit(empty, Role.ADMIN), raw) == '{"status":"Accepted"}'


async def test_a_viewer_sees_the_verdict_only(empty: Site) -> None:
    one = command(Reset(), {"status": "Rejected", "statusInfo": {"reasonCode": "x"}})
    assert answered(visit(empty, Role.VIEWER), one) == "Rejected"
    assert "reasonCode" in answered(visit(empty, Role.OPERATOR), one)
    assert answered(visit(empty, Role.ADMIN), replace(one, result=None)) == ""


@pytest.mark.parametrize(
    "node",
    [
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": "S3CRET"}]},
        {"getVariableResult": [{"attributeValue": "S3CRET", "variable": {"name": "BasicAuthPassword"}}]},
        {"key": "vpnPassword", "value": "S3CRET"},
    ],
)
def test_secrets_in_answers_are_hidden(node: dict[str, Any]) -> None:
    assert "S3CRET" not in str(veiled(node))
    assert veiled({"key": "Interval", "value": "300"}) == {"key": "Interval", "value": "300"}


def test_names_of_secrets_are_known_however_they_are_written() -> None:
    assert is_secret("AuthorizationKey")
    assert is_secret("SecurityCtrlr.BasicAuthPassword")
    assert not is_secret("HeartbeatInterval")
