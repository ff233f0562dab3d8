"""Every page, in both languages, from a real store."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.console.conftest import Site
from tests.console.network import EVIL_PILE, EVIL_STATION, TOKEN

from forecourt.console.render import link
from forecourt.domain.records import Role

PAGES = (
    "/",
    "/stations",
    "/stations?q=plaza&city=Guangzhou",
    "/stations/plaza",
    link("/stations", EVIL_STATION.id),
    "/piles",
    "/piles?connection=offline&q=PILE",
    "/piles/PILE-1",
    "/piles/NEVER",
    link("/piles", EVIL_PILE),
    link("/piles", EVIL_PILE, "sessions"),
    link("/piles", EVIL_PILE, "commands"),
    link("/piles", EVIL_PILE, "settings"),
    link("/piles", EVIL_PILE, "log"),
    link("/piles", EVIL_PILE, "log", q="reset", direction="out"),
    "/piles/PILE-1/commands/start?evse=1",
    "/piles/PILE-1/commands/reset-now",
    "/piles/PILE-1/commands/trigger",
    "/sessions",
    "/sessions?state=open",
    "/sessions?state=closed&station=plaza&since=2026-01-01&until=2026-01-31",
    "/sessions?state=problem",
    f"/sessions?token={TOKEN.lower()}&pile=PILE-1",
    "/sessions/1",
    "/sessions/2",
    "/sessions/3",
    "/tariffs",
    "/tokens",
    f"/tokens?q={TOKEN}",
    "/audit",
    "/audit?subject=plaza",
)
# (page, its parts)
PARTS = (
    ("/", ("figures", "map", "statuses", "power", "problems", "recent")),
    ("/stations", ("rows",)),
    ("/stations/plaza", ("figures", "piles", "sessions")),
    ("/piles", ("rows",)),
    ("/piles/PILE-1", ("now", "commands")),
    ("/piles/PILE-1/sessions", ("rows",)),
    ("/piles/PILE-1/commands", ("rows",)),
    ("/piles/PILE-1/settings", ("rows",)),
    ("/piles/PILE-1/log", ("rows",)),
    ("/sessions", ("rows",)),
    ("/sessions/1", ("figures", "bill")),
)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_there_in_both_languages(site: Site, path: str) -> None:
    english = await site.signed_in(accept_language="en-GB")
    chinese = await site.signed_in(accept_language="zh-CN,en;q=0.5")
    assert '<html lang="en">' in await english.page(path)
    page = await chinese.page(path)
    assert '<html lang="zh-Hans">' in page
    assert "充电站" in page


@pytest.mark.parametrize(("path", "parts"), PARTS)
async def test_a_part_is_the_part_and_nothing_around_it(
    site: Site, path: str, parts: tuple[str, ...]
) -> None:
    browser = await site.signed_in()
    whole = await browser.page(path)
    for part in parts:
        assert f'id="{part}"' in whole
        alone = await browser.page(link(path, part=part))
        assert alone.strip()
        assert "<html" not in alone
    assert (await browser.get(link(path, part="page"))).status_code == 404
    assert (await browser.get(link(path, part="../base"))).status_code == 404


@pytest.mark.parametrize("path", ["/", "/stations", "/piles", "/sessions", "/tariffs", "/tokens"])
async def test_an_empty_page_tells_the_next_step(empty: Site, path: str) -> None:
    page = await (await empty.signed_in()).page(path)
    assert 'class="empty' in page
    assert "Add " in page or "Set " in page or "plugged in" in page


@pytest.mark.parametrize(
    "path", ["/nowhere", "/stations/none", "/piles/none", "/piles/none/log", "/sessions/999", "/sessions/x"]
)
async def test_what_is_not_there_is_a_page_too(site: Site, path: str) -> None:
    answer = await (await site.signed_in()).get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/sessions?cursor=nonsense", "/tokens?cursor=%00", "/piles/PILE-1/log?cursor=x", "/audit?cursor=-"],
)
async def test_a_cursor_that_is_none_is_refused(site: Site, path: str) -> None:
    assert (await (await site.signed_in()).get(path)).status_code == 400


@pytest.mark.parametrize(
    "query", ["since=never", "since=0001-01-01&until=9999-12-31", "until=2026-02-30", "state=x", "pile=%00"]
)
async def test_filters_that_mean_nothing_break_nothing(site: Site, query: str) -> None:
    assert await (await site.signed_in()).page(f"/sessions?{query}")


async def test_the_overview_says_numbers_with_unit_window_and_age(site: Site) -> None:
    page = await (await site.signed_in()).page("/")
    assert "240\u00a0kW" in page
    # One station has no known limit: there is no share of the network's to show, but one of the other station's.
    assert "sum of the newest readings" in page
    assert "15\u00a0% of the limit" in page
    assert "since 00:00" in page
    assert "As of 12:00:00, Asia/Shanghai, UTC+8" in page
    assert "Out of order" in page


async def test_the_day_begins_in_the_zone_of_the_network(site: Site) -> None:
    site.clock.at = datetime(2026, 1, 15, 15, 59, 59, tzinfo=UTC)
    browser = await site.signed_in()
    assert "440.5\u00a0kWh" in await browser.page("/?part=figures")
    # Midnight in Shanghai: what has ended is of yesterday, what runs is still of today.
    site.clock.at += timedelta(seconds=1)
    assert "80.0\u00a0kWh" in await browser.page("/?part=figures")


async def test_a_station_shows_its_piles_and_power(site: Site) -> None:
    page = await (await site.signed_in()).page("/stations/plaza")
    assert "of 1.60\u00a0MW grid connection" in page
    assert page.count("data-row") == 4
    assert "PILE-2" in page
    assert "Offline" in page
    assert "never connected" in page


async def test_a_raw_status_stands_beside_the_word(site: Site) -> None:
    page = await (await site.signed_in()).page("/piles/PILE-1")
    assert "Charging" in page
    assert '<span class="raw" title="as the pile reported it">Occupied</span>' in page


async def test_the_price_of_a_billed_session_is_explained_to_the_end(site: Site) -> None:
    page = await (await site.signed_in()).page("/sessions/2")
    assert "billed: CDR 2-1" in page
    for amount in ("500,000\u00a0Wh", "560,007\u00a0Wh", "60,007\u00a0Wh"):
        assert amount in page
    # 23:00 to 01:10 UTC is 07:00 to 09:10 in Shanghai: 平, then 峰.
    assert "平" in page
    assert "峰" in page
    assert "CN¥0.75/kWh" in page
    assert "Electricity fee" in page
    assert "Idle time" in page
    assert "grace period" in page
    assert "VAT 13 %" in page


async def test_a_running_session_has_a_cost_so_far(site: Site) -> None:
    page = await (await site.signed_in()).page("/sessions/1")
    assert "Cost so far" in page
    assert "so far, as of 12:00:00" in page
    assert "80.0\u00a0kWh" in page
    assert "21 messages of this session" in page


async def test_a_flag_is_explained_and_a_held_session_can_be_released(site: Site) -> None:
    browser = await site.signed_in(Role.OPERATOR)
    page = await browser.page("/sessions/3")
    assert "Meter jumped" in page
    assert "not billed before somebody has looked at it" in page
    assert (await browser.send("/sessions/3/release")).status_code == 303
    page = await browser.page("/sessions/3")
    assert "Released" in page
    assert (await browser.send("/sessions/3/release")).status_code == 400


async def test_a_clock_that_runs_faster_is_shown_on_every_page(site: Site) -> None:
    browser = await site.signed_in()
    assert "Clock ×" not in await browser.page("/tariffs")
    site.clock.speed = 20.0
    for path in PAGES:
        assert "Clock ×20" in await browser.page(path)


async def test_the_log_is_filtered_and_says_how_much_was_looked_through(site: Site) -> None:
    browser = await site.signed_in()
    found = await browser.page("/piles/PILE-1/log?part=rows&q=reset&direction=out")
    assert found.count("<tr>") == 2
    assert "151 frames were looked through" in found
    first = await browser.page("/piles/PILE-1/log?part=rows")
    assert 'rel="next"' in first
    nothing = await browser.page("/piles/PILE-1/log?part=rows&q=nothing+like+it")
    assert "No frame fits this filter" in nothing


async def test_pages_follow_each_other_by_keyset(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecourt.console.sessions.ROWS", 2)
    browser = await site.signed_in()
    first = await browser.page("/sessions")
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = await browser.page(following.replace("&amp;", "&"))
    sessions = [number for number in (1, 2, 3, 4) if f'href="/sessions/{number}"' in first]
    others = [number for number in (1, 2, 3, 4) if f'href="/sessions/{number}"' in second]
    assert len(sessions) == len(others) == 2
    assert not set(sessions) & set(others)
    assert "Back to the beginning" in second


async def test_sessions_and_curves_are_there_as_csv(site: Site) -> None:
    browser = await site.signed_in()
    answer = await browser.get("/sessions.csv?state=closed")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.split("\r\n")
    assert lines[0].startswith("\ufeffsession,station,pile")
    assert len(lines) == 4
    assert TOKEN in lines[1] + lines[2]
    curve = (await browser.get("/sessions/1/curve.csv")).text.split("\r\n")
    assert curve[0].startswith("\ufeffat,power_w")
    assert curve[1] == "2026-01-15T03:30:00Z,0.0,1000000.0,20.0,,"
    assert len(curve) == 23


async def test_the_curve_is_numbers_in_the_units_of_the_axes(site: Site) -> None:
    curve = (await (await site.signed_in()).get("/sessions/1/curve.json")).json()
    assert curve["power_kw"][-1] == 240.0
    assert curve["soc_percent"][-1] == 70.0
    assert curve["energy_kwh"][-1] == 80.0
    assert curve["limit_kw"] == 600.0
    assert len(curve["at"]) == 21


async def test_a_pile_that_waits_is_accepted_on_its_page(site: Site) -> None:
    browser = await site.signed_in(Role.OPERATOR)
    assert "Accept this pile" in await browser.page(link("/piles", EVIL_PILE))
    answer = await browser.send(link("/piles", EVIL_PILE, "admit"))
    assert answer.status_code == 303
    pile = await site.sv.store.pile(EVIL_PILE)
    assert pile is not None
    assert pile.admission == "accepted"
    assert "Accept this pile" not in await browser.page(link("/piles", EVIL_PILE))
