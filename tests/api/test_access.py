"""Who may do what: a matrix of role and route, and tokens that are no good."""

from datetime import timedelta

import pytest
from tests.api.conftest import LOCAL_TOKEN, Api

from forecourt.api.app import api_router
from forecourt.api.document import operations
from forecourt.api.failures import PER_MINUTE, Failures, network
from forecourt.api.roles import ROLES
from forecourt.domain.records import Role
from forecourt.services import accounts

OPERATIONS = sorted(
    (handler.handler_name, method.upper(), path)
    for path, method, handler in operations(api_router(None, b""))  # type: ignore[arg-type]
)
IDS = {
    "{station_id}": "plaza",
    "{pile_id}": "PILE-2",
    "{session_id}": "4711",
    "{cdr_id}": "4711-1",
    "{tariff_id}": "flat",
    "{uid}": "04A2B3C4D5E680",
    "{command_id}": "none",
    "{token_id}": "none",
    "{username}": "nobody",
}


def filled_in(path: str) -> str:
    for name, value in IDS.items():
        path = path.replace(name, value)
    return path


def test_every_operation_has_its_role_and_nothing_else_has() -> None:
    assert {name for name, *_ in OPERATIONS} == set(ROLES)


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_its_operations_and_no_others(filled: Api, role: Role) -> None:
    for name, method, path in OPERATIONS:
        # An empty object is no valid body: whoever is let in is told so, or that there is no such thing.
        body: object = {} if method in ("PUT", "POST") else None
        answer = await filled.call(method, filled_in(path), body, role=role.value)
        if accounts.allows(role, ROLES[name]):
            assert answer.status_code not in (401, 403), (name, answer.text)
            assert answer.status_code < 500, (name, answer.text)
        else:
            assert answer.status_code == 403, (name, answer.text)
            assert ROLES[name].value in answer.json()["detail"]


async def test_nobody_gets_in_without_a_token(filled: Api) -> None:
    for _, method, path in OPERATIONS:
        answer = await filled.client.request(method, filled_in(path))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="forecourt"')
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer fct_wrong",
        "fct_wrong",
        "Bearer \udcff".encode("utf-8", "surrogateescape"),
    ],
)
async def test_tokens_that_are_no_good(api: Api, header: str | bytes) -> None:
    answer = await api.client.get(
        "/api/v1/stations",
        headers=[(b"authorization", header if isinstance(header, bytes) else header.encode())],
    )
    assert answer.status_code == 401


async def test_the_scheme_does_not_mind_its_case(api: Api) -> None:
    for scheme in ("bearer", "BEARER"):
        answer = await api.client.get(
            "/api/v1/stations", headers={"authorization": f"{scheme} {api.secrets['viewer']}"}
        )
        assert answer.status_code == 200


async def test_a_cookie_opens_nothing(api: Api) -> None:
    api.client.cookies.set("forecourt_session", api.secrets["admin"])
    assert (await api.client.get("/api/v1/stations")).status_code == 401


async def test_the_local_token_is_an_administrator(api: Api) -> None:
    answer = await api.call("PUT", "/operators/someone", {"role": "viewer"}, role="local")
    assert answer.status_code == 200
    [entry] = [row for row in (await api.get("/audit"))["items"] if row["subject"] == "someone"]
    assert (entry["actor"], entry["action"]) == ("local command", "operator.put")
    assert LOCAL_TOKEN not in str(entry)


async def test_a_revoked_token_is_worthless_at_once(api: Api) -> None:
    [token] = [row for row in (await api.get("/api-tokens"))["items"] if row["role"] == "viewer"]
    assert (await api.call("GET", "/stations", role="viewer")).status_code == 200
    assert (await api.call("DELETE", f"/api-tokens/{token['id']}")).status_code == 204
    assert (await api.call("GET", "/stations", role="viewer")).status_code == 401
    assert (await api.call("DELETE", f"/api-tokens/{token['id']}")).status_code == 204


async def test_an_expired_token_is_worthless(api: Api) -> None:
    secret, _ = await accounts.create_api_token(api.sv, "old", Role.ADMIN, "test", timedelta(seconds=-1))
    api.secrets["old"] = secret
    assert (await api.call("GET", "/stations", role="old")).status_code == 401


async def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(api: Api) -> None:
    assert (await api.call("GET", "/stations", role="viewer")).status_code == 200
    answers = [
        await api.client.get("/api/v1/stations", headers={"authorization": f"Bearer fct_{n}"})
        for n in range(PER_MINUTE + 1)
    ]
    assert {answer.status_code for answer in answers[:-1]} == {401}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    # The viewer's token has been right before; the local one needs no look-up.
    assert (await api.call("GET", "/stations", role="viewer")).status_code == 200
    assert (await api.call("GET", "/stations", role="local")).status_code == 200
    assert (await api.call("GET", "/stations", role="operator")).status_code == 429


def test_an_address_recovers_with_time() -> None:
    failures = Failures(per_minute=2)
    for _ in range(2):
        assert failures.wait("192.0.2.1", b"x", 0.0) == 0.0
        failures.failed("192.0.2.1", b"x", 0.0)
    assert failures.wait("192.0.2.1", b"x", 0.0) == 30.0
    assert failures.wait("192.0.2.2", b"x", 0.0) == 0.0
    assert failures.wait("192.0.2.1", b"x", 30.0) == 0.0


def test_a_token_that_fails_is_known_no_more() -> None:
    failures = Failures(per_minute=1)
    failures.succeeded(b"x")
    failures.failed("192.0.2.1", b"y", 0.0)
    assert failures.wait("192.0.2.1", b"x", 0.0) == 0.0
    failures.failed("192.0.2.1", b"x", 0.0)
    assert failures.wait("192.0.2.1", b"x", 0.0) > 0.0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_an_address_is_counted_as(address: str, counted: str) -> None:
    assert network(address) == counted
