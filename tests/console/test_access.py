"""Who may come in, what a form needs, what every answer carries, and what a page never believes."""

import re

import httpx
import pytest
from tests.console.conftest import NAMES, PASSWORD, Site
from tests.console.document import parsed
from tests.console.network import EVIL_PILE, EVIL_STATION
from tests.console.test_pages import PAGES as ADDRESSES

from forecourt.console.app import PAGES
from forecourt.console.headers import CONTENT_SECURITY_POLICY
from forecourt.console.render import link
from forecourt.console.visit import local_path
from forecourt.domain.command import RemoteStop, Reset
from forecourt.domain.records import Role

POSTS = (
    "/sign-in",
    "/sign-out",
    "/preferences",
    "/piles/PILE-1/commands/reset",
    link("/piles", EVIL_PILE, "admit"),
    "/sessions/3/release",
)
COMMANDS = ("/piles/PILE-1/commands/reset", "/sessions/3/release", link("/piles", EVIL_PILE, "admit"))


def test_every_handler_that_changes_something_is_held_to_the_form() -> None:
    methods = [handler.http_methods for handler in PAGES]
    assert sum("POST" in found for found in methods) == len(POSTS)
    assert {method for found in methods for method in found} <= {"GET", "POST", "OPTIONS", "HEAD"}


@pytest.mark.parametrize("path", [path for path in ADDRESSES if "?" not in path] + ["/live?topics=state"])
async def test_a_stranger_sees_no_page(site: Site, path: str) -> None:
    async with site.browser() as browser:
        answer = await browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
        part = await browser.get(path, headers={"hx-request": "true"})
        assert part.status_code == 401
        assert part.headers["hx-redirect"] == "/sign-in"


async def test_an_ended_login_and_a_disabled_operator_are_strangers(site: Site) -> None:
    browser = await site.signed_in(Role.VIEWER)
    assert (await browser.get("/tariffs")).status_code == 200
    assert (await browser.send("/sign-out")).headers["location"] == "/sign-in"
    browser.client.cookies.set("forecourt", "secret of viewer")
    assert (await browser.get("/tariffs")).status_code == 303


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("csrf", [None, "", "csrf of operator", "x" * 5000, "ünïcode"])
async def test_a_form_without_the_logins_own_token_is_refused(
    site: Site, path: str, csrf: str | None
) -> None:
    browser = await site.signed_in(Role.ADMIN)
    form = {} if csrf is None else {"csrf": csrf}
    answer = await browser.client.post(path, data={"username": "ada", "password": PASSWORD, **form})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert not (await site.sv.store.commands()).items


async def test_a_form_from_another_site_is_refused_even_with_the_token(site: Site) -> None:
    browser = await site.signed_in()
    for origin in ("cross-site", "same-site"):
        answer = await browser.client.post(
            "/piles/PILE-1/commands/reset", data={"csrf": browser.csrf}, headers={"sec-fetch-site": origin}
        )
        assert answer.status_code == 403
    assert not (await site.sv.store.commands()).items


async def test_a_token_in_the_address_or_in_json_counts_for_nothing(site: Site) -> None:
    browser = await site.signed_in()
    for answer in (
        await browser.client.post(f"/sign-out?csrf={browser.csrf}"),
        await browser.client.post("/sign-out", json={"csrf": browser.csrf}),
    ):
        assert answer.status_code in (400, 403)
    assert (await browser.get("/tariffs")).status_code == 200


@pytest.mark.parametrize("path", COMMANDS)
async def test_a_viewer_cannot_command(site: Site, path: str) -> None:
    browser = await site.signed_in(Role.VIEWER)
    assert (await browser.send(path)).status_code == 403
    assert not (await site.sv.store.commands()).items
    session = await site.sv.store.session(3)
    assert session is not None
    assert "released" not in session.flags


async def test_a_viewer_is_shown_no_buttons_no_audit_and_no_whole_token(site: Site) -> None:
    browser = await site.signed_in(Role.VIEWER)
    for path in ("/piles/PILE-1", "/piles/PILE-1/commands", "/sessions/3", link("/piles", EVIL_PILE)):
        page = await browser.page(path)
        assert "/commands/" not in page
        assert "/release" not in page
        assert "/admit" not in page
        assert 'href="/audit"' not in page
    assert (await browser.get("/audit")).status_code == 403
    assert (await browser.get("/piles/PILE-1/commands/reset")).status_code == 403
    for path in ("/tokens", "/sessions/1", "/sessions.csv"):
        text = await browser.page(path)
        assert "04A2B3C4D5E680" not in text
        assert "****E680" in text


async def test_a_command_is_given_once_however_often_the_form_is_sent(site: Site) -> None:
    browser = await site.signed_in(Role.OPERATOR)
    question = await browser.page("/piles/PILE-1/commands/reset-now")
    assert "A. Driver" in question
    assert "70\u00a0%" in question
    found = re.search(r'name="key" value="([0-9a-f]+)"', question)
    assert found is not None
    for _ in range(2):
        answer = await browser.send("/piles/PILE-1/commands/reset-now", key=found[1])
        assert answer.headers["location"] == "/piles/PILE-1/commands"
    commands = (await site.sv.store.commands()).items
    assert [command.request for command in commands] == [Reset(when_idle=False)]
    assert commands[0].requested_by == NAMES[Role.OPERATOR]
    page = await browser.page("/piles/PILE-1/commands")
    assert "Waiting" in page


async def test_a_stop_names_the_driver_and_stops_that_session(site: Site) -> None:
    browser = await site.signed_in(Role.OPERATOR)
    page = await browser.page("/piles/PILE-1")
    assert "/piles/PILE-1/commands/stop?evse=1&amp;session=1" in page
    question = await browser.page("/piles/PILE-1/commands/stop?evse=1&session=1", **{"hx-request": "true"})
    assert "<html" not in question
    assert "A. Driver" in question
    await browser.send("/piles/PILE-1/commands/stop", session="1")
    assert [c.request for c in (await site.sv.store.commands()).items] == [RemoteStop(session_id=1)]


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/piles/PILE-1/commands/start", {"evse": "1"}, 422),
        ("/piles/PILE-1/commands/start", {"evse": "one", "token": "A"}, 400),
        ("/piles/PILE-1/commands/stop", {}, 400),
        ("/piles/PILE-1/commands/explode", {}, 404),
        ("/piles/NONE/commands/reset", {}, 404),
        # Never booted: nothing may be sent (DESIGN §3).
        ("/piles/NEVER/commands/reset", {}, 400),
        # OCPP 1.6 only.
        ("/piles/PILE-1/commands/settings", {}, 400),
    ],
)
async def test_what_is_no_command_is_refused(
    site: Site, path: str, form: dict[str, str], status: int
) -> None:
    browser = await site.signed_in(Role.OPERATOR)
    assert (await browser.send(path, **form)).status_code == status
    if not form and "stop" not in path:
        assert (await browser.get(path)).status_code == status
    assert not (await site.sv.store.commands()).items


async def test_every_answer_carries_the_policy(site: Site) -> None:
    browser = await site.signed_in()
    answers: list[httpx.Response] = [await browser.get(path) for path in ADDRESSES]
    answers += [await browser.get(path) for path in ("/nowhere", "/sessions.csv", "/sessions/1/curve.json")]
    static = re.findall(r'"(/static/[^"]+)"', answers[0].text)
    answers += [await browser.get(path) for path in static]
    answers.append(await browser.client.post("/sign-out"))
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'self'" in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert answers[0].headers["cache-control"] == "no-store"


async def test_files_are_there_and_may_be_kept_for_ever(site: Site) -> None:
    async with site.browser() as browser:
        page = (await browser.get("/sign-in")).text
        files = re.findall(r'"(/static/[^"]+)"', page)
        assert len(files) >= 7
        for path in files:
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            assert "immutable" in answer.headers["cache-control"]
        assert (await browser.get(files[0].rsplit("/", 1)[0] + "/../app.py")).status_code == 404


@pytest.mark.parametrize("path", ADDRESSES)
async def test_names_from_outside_never_become_markup(site: Site, path: str) -> None:
    page = parsed(await (await site.signed_in()).page(path))
    for element in page.all():
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href", "action", "hx-get"):
            target = element.attributes.get(name, "/")
            assert local_path(target, "") or target.startswith("#"), target
    scripts = page.all("script", "style")
    assert all(script.attributes["src"].startswith("/static/") and not script.text for script in scripts)
    assert all(image.attributes["src"].startswith("/static/") for image in page.all("img"))
    # A name is data for the template, too, never a template.
    assert "onerror=alert(1)>49" not in page.text


async def test_names_from_outside_are_shown_as_they_are(site: Site) -> None:
    browser = await site.signed_in()
    page = await browser.page(link("/stations", EVIL_STATION.id))
    assert "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}" in page
    page = await browser.page(link("/piles", EVIL_PILE))
    assert "P&#34;&#39;&lt;b&gt;&amp;%20 ?#" in page
    assert 'href="/piles/P%22%27%3Cb%3E%26%2520%20%3F%23/log"' in page


async def test_no_cell_of_a_sheet_is_a_formula(site: Site) -> None:
    sheet = (await (await site.signed_in()).get("/sessions.csv")).text
    assert not re.search(r'(?m)(^|,)"?[=@+]', sheet)
