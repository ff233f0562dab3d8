"""Stations, piles, EVSEs and tokens over the API."""

from datetime import UTC, datetime

import pytest
from tests.api.conftest import Api

from forecourt.domain.records import LogEntry, PileNote, PileVariable

STATION = {"name": "North Gate", "lat": 31.2, "lon": 121.5, "grid_w": 2_000_000}


async def test_a_station_put_is_a_station_got(api: Api) -> None:
    put = await api.call("PUT", "/stations/north", STATION, role="operator")
    assert put.status_code == 200
    got = await api.get("/stations/north", role="viewer")
    assert got == put.json()
    assert {name: got[name] for name in STATION} == STATION
    assert (got["id"], got["currency"], got["time_zone"]) == ("north", "CNY", "Asia/Shanghai")
    assert got["now"] == {"piles": 0, "piles_online": 0, "evses": {}, "sessions": 0, "power_w": 0}


async def test_the_same_put_again_changes_nothing(filled: Api) -> None:
    bodies = (
        ("/stations/north", STATION),
        ("/piles/P", {"station_id": "plaza"}),
        ("/tokens/T", {"driver": "D"}),
    )
    for path, body in bodies:
        answers = [await filled.call("PUT", path, body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
    assert [row["id"] for row in (await filled.get("/stations"))["items"]] == ["north", "plaza"]
    assert len((await filled.get("/tokens"))["items"]) == 2


async def test_a_put_replaces_what_it_leaves_out(filled: Api) -> None:
    await filled.call("PUT", "/stations/plaza", {**STATION, "tariff_id": "flat"})
    await filled.call("PUT", "/stations/plaza", STATION)
    assert (await filled.get("/stations/plaza"))["tariff_id"] is None


async def test_an_id_in_the_body_must_be_that_of_the_path(api: Api) -> None:
    assert (await api.call("PUT", "/stations/north", {**STATION, "id": "north"})).status_code == 200
    answer = await api.call("PUT", "/stations/north", {**STATION, "id": "south"})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "$.id")


WRONG: list[tuple[str, object, str]] = [
    ("/stations/n", {**STATION, "lat": 91}, "$.lat"),
    ("/stations/n", {**STATION, "grid_w": "2"}, "$.grid_w"),
    ("/stations/n", {**STATION, "grid_w": -1}, "$.grid_w"),
    ("/stations/n", {**STATION, "name": "a\nb"}, "$.name"),
    ("/stations/n", {**STATION, "time_zone": "Mars/Base"}, "$.time_zone"),
    ("/stations/n", {**STATION, "tariff_id": "none"}, "$.tariff_id"),
    ("/stations/n", {**STATION, "colour": "red"}, "$"),
    ("/stations/n", {"name": "n", "lat": 1}, "$"),
    ("/stations/n", [], "$"),
    ("/piles/p", {"station_id": "nowhere"}, "$.station_id"),
    ("/piles/p", {"station_id": "plaza", "ocpp_version": "3.0"}, "$.ocpp_version"),
    ("/piles/p", {"station_id": "plaza", "compression": 1}, "$.compression"),
    ("/piles/a%2Fb", {"station_id": "plaza"}, "$.id"),
    ("/tokens/t", {"expires_at": "2026-01-01T00:00:00"}, "$.expires_at"),
    ("/tokens/t", {"status": "unknown"}, "$.status"),
    (f"/tokens/{'t' * 37}", {}, "$.uid"),
]


async def test_what_is_wrong_is_named(filled: Api) -> None:
    for path, body, field in WRONG:
        answer = await filled.call("PUT", path, body)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "urn:forecourt:problem:invalid"), (path, body)
        assert [error["path"] for error in problem["errors"]] == [field], (path, body)
        assert problem["detail"]


async def test_a_pile_shows_its_connection_its_evses_and_what_is_odd(connected: Api) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    await connected.sv.store.write(
        PileNote(pile_id="PILE-1", kind="subprotocol", at=at, text="offered ocpp9")
    )
    pile = await connected.get("/piles/PILE-1", role="viewer")
    assert (pile["online"], pile["connected_version"], pile["registration"]) == (True, "ocpp2.0.1", "new")
    assert pile["evses"][0]["status"] == "AVAILABLE"
    assert pile["notes"] == [{"kind": "subprotocol", "at": "2026-01-01T00:00:00Z", "text": "offered ocpp9"}]


async def test_piles_are_filtered(connected: Api) -> None:
    async def ids(query: str) -> list[str]:
        return [row["id"] for row in (await connected.get(f"/piles{query}"))["items"]]

    assert await ids("?online=true") == ["PILE-1"]
    assert await ids("?online=false&station_id=plaza") == ["PILE-2", "PILE-3"]
    assert await ids("?text=pile-3") == ["PILE-3"]
    assert await ids("?station_id=nowhere") == []


async def test_evses_of_offline_piles_are_unknown(filled: Api) -> None:
    [evse] = (await filled.get("/evses"))["items"]
    assert (evse["pile_id"], evse["evse_id"], evse["status"], evse["raw_status"]) == (
        "PILE-1", 1, "UNKNOWN", "Available",
    )  # fmt: skip


async def test_a_made_password_is_shown_once_and_stored_as_a_hash(filled: Api) -> None:
    answer = await filled.call("POST", "/piles/PILE-1/password")
    assert answer.status_code == 201
    password = answer.json()["password"]
    assert len(password) == 40
    credential = await filled.sv.store.credential("PILE-1")
    assert credential is not None
    assert password.encode() not in credential.salt + credential.digest
    assert password not in (await filled.call("GET", "/piles/PILE-1")).text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_chosen_password(filled: Api) -> None:
    answer = await filled.call("PUT", "/piles/PILE-1/password", {"password": "sixteen letters!"})
    assert (answer.status_code, answer.content) == (204, b"")
    short = await filled.call("PUT", "/piles/PILE-1/password", {"password": "short"})
    assert short.status_code == 422
    nobody = await filled.call("PUT", "/piles/NONE/password", {"password": "sixteen letters!"})
    assert nobody.status_code == 404


async def test_variables_without_the_values_of_passwords(filled: Api) -> None:
    at = filled.sv.clock.now()
    rows = [
        ("", "HeartbeatInterval", "300"),
        ("", "AuthorizationKey", "s3cr3t"),
        ("SecurityCtrlr", "BasicAuthPassword", "s"),
    ]
    await filled.sv.store.write(
        *(
            PileVariable(pile_id="PILE-1", component=component, variable=name, value=value, reported_at=at)
            for component, name, value in rows
        )
    )
    shown = {row["variable"]: row["value"] for row in (await filled.get("/piles/PILE-1/variables"))["items"]}
    assert shown == {"HeartbeatInterval": "300", "AuthorizationKey": "…", "BasicAuthPassword": "…"}


async def test_the_log_of_a_pile(filled: Api) -> None:
    at = filled.sv.clock.now()
    filled.sv.store.log(LogEntry("PILE-1", at, "in", "CALL", f"Action{n}", str(n), "{}") for n in range(3))
    filled.sv.store.log([LogEntry("PILE-2", at, "in", "CALL", "Other", "9", "{}")])
    await filled.sv.store.write(PileNote(pile_id="PILE-1", kind="x", at=at, text=""))
    rows = (await filled.get("/piles/PILE-1/log?limit=2", role="viewer"))["items"]
    assert [row["action"] for row in rows] == ["Action2", "Action1"]
    assert (await filled.call("GET", "/piles/NONE/log")).status_code == 404


async def test_tokens_do_not_mind_their_case(filled: Api) -> None:
    put = await filled.call("PUT", "/tokens/04a2b3c4d5e680", {"uid": "04A2b3c4d5e680", "status": "blocked"})
    assert (put.status_code, put.json()["uid"], put.json()["status"]) == (200, "04A2B3C4D5E680", "blocked")
    assert len((await filled.get("/tokens"))["items"]) == 1
    assert (await filled.get("/tokens/04A2B3C4D5E680"))["status"] == "blocked"


@pytest.mark.parametrize(
    "uid", ["A%2FB", "A%252FB", "%E9%87%8D%E5%BA%86", "a%20b%3Fc%23d", "';DROP TABLE token;--", "%2E%2E"]
)
async def test_ids_may_contain_anything_that_is_no_control_character(api: Api, uid: str) -> None:
    put = await api.call("PUT", f"/tokens/{uid}", {"driver": "D"})
    assert put.status_code == 200, put.text
    assert put.json()["uid"] == {
        "A%2FB": "A/B", "A%252FB": "A%2FB", "%E9%87%8D%E5%BA%86": "重庆", "a%20b%3Fc%23d": "A B?C#D",
    "%2E%2E": "..",}.get(uid, uid.upper())  # fmt: skip
    assert (await api.call("GET", f"/tokens/{uid}")).json() == put.json()


@pytest.mark.parametrize("uid", ["%00", "a%0Ab", "a%7Fb", "%01%02"])
async def test_control_characters_name_nothing(api: Api, uid: str) -> None:
    assert (await api.call("PUT", f"/tokens/{uid}", {})).status_code == 404
