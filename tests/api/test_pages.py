"""Lists by keyset: all of it, each item once, whatever the size of the page."""

import re
from typing import Any

import pytest
from tests.api.conftest import SESSION, Api

from forecourt.domain.records import LogEntry
from forecourt.domain.token import Token


async def every(api: Api, path: str, limit: int) -> list[dict[str, Any]]:
    """Follow ``next`` to the end, as the command line does."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await api.get(path, params={"limit": limit} | ({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def some(api: Api) -> None:
    at = api.sv.clock.now()
    for n in range(7):
        await api.call("PUT", f"/stations/s{n}", {"name": f"S{n}", "lat": 1, "lon": n})
        await api.call("POST", "/piles/PILE-1/commands", {"kind": "Reset"})
        await api.sv.store.write(Token(uid=f"T{n}"))
    api.sv.store.log(LogEntry("PILE-1", at, "in", "CALL", "Heartbeat", str(n), "{}") for n in range(7))
    # Log entries go along with whatever is written next.
    await api.sv.store.write(Token(uid="LAST"))


@pytest.mark.parametrize(
    "path", ["/stations", "/piles", "/tokens", "/commands", "/sessions", "/audit", "/piles/PILE-1/log"]
)
async def test_pages_of_any_size_make_the_same_list(filled: Api, path: str) -> None:
    await some(filled)
    whole = await every(filled, path, 1000)
    assert whole
    for limit in (1, 2, 3):
        assert await every(filled, path, limit) == whole


async def test_the_link_header_leads_to_the_next_page_with_the_same_filters(filled: Api) -> None:
    answer = await filled.call("GET", "/piles?limit=1&station_id=plaza&cursor=")
    assert answer.status_code == 400
    answer = await filled.call("GET", "/piles?limit=1&station_id=plaza")
    match = re.fullmatch(r'<(\?[^>]+)>; rel="next"', answer.headers["link"])
    assert match
    assert "station_id=plaza" in match[1]
    following = await filled.get(f"/piles{match[1]}")
    assert [row["id"] for row in following["items"]] == ["PILE-2"]
    last = await filled.call("GET", "/piles?station_id=plaza")
    assert ("link" in last.headers, last.json()["next"]) == (False, None)


async def test_what_is_added_behind_the_cursor_does_not_move_the_pages(filled: Api) -> None:
    first = await filled.get("/piles?limit=2")
    await filled.call("PUT", "/piles/PILE-0", {"station_id": "plaza"})
    second = await filled.get("/piles", params={"limit": 2, "cursor": first["next"]})
    assert [row["id"] for row in second["items"]] == ["PILE-3"]


FILTERS = (
    ("", True),
    ("?state=closed", True),
    ("?state=open", False),
    ("?state=problem", False),
    ("?station_id=plaza&pile_id=PILE-1", True),
    ("?pile_id=PILE-2", False),
    ("?token_uid=04a2b3c4d5e680", True),
    ("?token_uid=other", False),
    ("?since=2026-01-15T04:00:00Z&until=2026-01-15T04:00:01Z", True),
    ("?since=2026-01-15T12:00:01%2B08:00", False),
    ("?until=2026-01-15T04:00:00Z", False),
)


async def test_filters_of_sessions(filled: Api) -> None:
    for query, found in FILTERS:
        ids = [row["id"] for row in (await filled.get(f"/sessions{query}", role="operator"))["items"]]
        assert ids == ([SESSION.id] if found else []), query


async def test_viewers_may_not_ask_whose_sessions_these_are(filled: Api) -> None:
    answer = await filled.call("GET", "/sessions?token_uid=04A2B3C4D5E680", role="viewer")
    assert answer.status_code == 403
    [session] = (await filled.get("/sessions", role="viewer"))["items"]
    assert session["token_uid"] == "****E680"
