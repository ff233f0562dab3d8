"""Every error is an RFC 9457 problem that says what is wrong and what to do."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.api.conftest import Api

from forecourt.api.body import MAX_BYTES
from forecourt.api.problem import KINDS
from forecourt.store.errors import StoreError

Call = Callable[[Api], Awaitable[httpx.Response]]


def sent(method: str, path: str, **more: Any) -> Call:
    return lambda api: api.call(method, path, **more)


JSON = {"content-type": "application/json"}
HUGE = b'{"name": "' + b"x" * MAX_BYTES + b'"}'
DEEP = b'{"action": "Reset", "payload": {"a":' + b"[" * 200_000 + b"}"

CASES: list[tuple[str, Call, int, str]] = [
    ("no such route", sent("GET", "/nothing"), 404, "not-found"),
    ("no such route at all", sent("GET", "/api/v2/stations"), 404, "not-found"),
    ("no such station", sent("GET", "/stations/none"), 404, "not-found"),
    ("no number", sent("GET", "/sessions/abc"), 404, "not-found"),
    ("too large a number", sent("GET", f"/sessions/{2**63}"), 400, "malformed"),
    ("far too large a number", sent("GET", f"/sessions/{'9' * 5000}"), 404, "not-found"),
    ("wrong method", sent("PATCH", "/stations/plaza"), 405, "method-not-allowed"),
    ("limit of 0", sent("GET", "/stations?limit=0"), 400, "malformed"),
    ("limit of 1001", sent("GET", "/stations?limit=1001"), 400, "malformed"),
    ("limit in words", sent("GET", "/stations?limit=all"), 400, "malformed"),
    ("unknown parameter", sent("GET", "/sessions?station=plaza"), 400, "malformed"),
    ("cursor of nothing", sent("GET", "/stations?cursor=nonsense"), 400, "malformed"),
    ("cursor of another list", sent("GET", "/sessions?cursor=kaVwbGF6YQ"), 400, "malformed"),
    ("cursor with odd characters", sent("GET", "/stations?cursor=%00%F0"), 400, "malformed"),
    ("naive time", sent("GET", "/sessions?since=2026-01-01T00:00:00"), 400, "malformed"),
    ("no time", sent("GET", "/sessions?since=yesterday"), 400, "malformed"),
    ("NUL in a filter", sent("GET", "/sessions?pile_id=%00"), 400, "malformed"),
    ("no zone", sent("GET", "/overview?time_zone=Mars"), 400, "malformed"),
    ("no body", sent("PUT", "/stations/plaza", headers=JSON), 400, "malformed"),
    ("half a body", sent("PUT", "/stations/plaza", content=b'{"name":', headers=JSON), 400, "malformed"),
    ("no UTF-8", sent("PUT", "/stations/plaza", content=b'{"name":"\xff"}', headers=JSON), 400, "malformed"),
    ("too deep a body", sent("POST", "/piles/PILE-1/ocpp", content=DEEP, headers=JSON), 400, "malformed"),
    ("a form", sent("PUT", "/stations/plaza", data={"name": "x"}), 415, "not-json"),
    ("text", sent("PUT", "/stations/plaza", content=b"{}", headers={"content-type": "text/plain"}), 415, "not-json"),
    ("no type", sent("PUT", "/stations/plaza", content=b"{}"), 415, "not-json"),
    ("a huge body", sent("PUT", "/stations/plaza", content=HUGE, headers=JSON), 413, "too-large"),
    ("nothing to release", sent("POST", "/sessions/4711/release"), 409, "conflict"),
    ("an offline pile", sent("POST", "/piles/PILE-1/ocpp", body={"action": "Reset"}), 409, "not-connected"),
]  # fmt: skip


async def test_what_goes_wrong_is_a_problem(filled: Api) -> None:
    for name, call, status, kind in CASES:
        answer = await call(filled)
        assert answer.headers["content-type"] == "application/problem+json", name
        problem = answer.json()
        found = (answer.status_code, problem["status"], problem["type"])
        assert found == (status, status, f"urn:forecourt:problem:{kind}"), (name, answer.text[:500])
        assert problem["title"], name
        assert len(problem["detail"]) > 10, name
        assert "Traceback" not in answer.text, name


async def test_405_says_what_is_allowed(filled: Api) -> None:
    answer = await filled.call("PATCH", "/stations/plaza")
    assert {"GET", "PUT"} <= set(answer.headers["allow"].split(", "))


async def test_our_mistakes_are_logged_and_not_told(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(type(filled.sv.store), "station_card", broken)
    answer = await filled.call("GET", "/stations/plaza")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (500, "urn:forecourt:problem:internal")
    assert "secret inside" not in answer.text
    assert problem["instance"] in problem["detail"]


async def test_a_database_that_does_not_answer(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise StoreError("can't read the database: password=secret")

    monkeypatch.setattr(type(filled.sv.store), "station_card", broken)
    answer = await filled.call("GET", "/stations/plaza")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "secret" not in answer.text


def test_kinds_of_problems_have_names_of_their_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
