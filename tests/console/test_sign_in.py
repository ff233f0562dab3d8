"""Signing in and out, and preferences."""

import re

import httpx
import pytest
from tests.console.conftest import NAMES, PASSWORD, Site

from forecourt.console.visit import local_path
from forecourt.domain.records import Role

ADMIN = NAMES[Role.ADMIN]


async def door(browser: httpx.AsyncClient, path: str = "/sign-in") -> dict[str, str]:
    """Open the sign-in page and return what its form would send."""
    page = await browser.get(path)
    assert page.status_code == 200
    form = page.text.split('<form class="sign-in"')[1].split("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


async def sign_in(
    browser: httpx.AsyncClient, name: str, password: str, path: str = "/sign-in"
) -> httpx.Response:
    form = await door(browser, path)
    return await browser.post("/sign-in", data={**form, "username": name, "password": password})


async def test_who_signs_in_goes_where_he_wanted_to(empty: Site) -> None:
    async with empty.browser() as browser:
        asked = await browser.get("/sessions?state=open")
        answer = await sign_in(browser, ADMIN, PASSWORD, asked.headers["location"])
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sessions?state=open"
        assert (await browser.get("/")).status_code == 200
        assert (await browser.get("/sign-in?next=/tokens")).headers["location"] == "/tokens"


async def test_the_cookie_of_a_login_is_out_of_reach(empty: Site) -> None:
    async with empty.browser() as browser:
        answer = await sign_in(browser, ADMIN, PASSWORD)
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("forecourt="))
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "Path=/" in cookie
        secret = cookie.split("=", 1)[1].split(";")[0]
        assert len(secret) >= 40


@pytest.mark.parametrize(
    ("name", "password"), [(ADMIN, "wrong"), ("nobody", PASSWORD), ("", ""), (ADMIN, "")]
)
async def test_a_wrong_name_and_a_wrong_password_look_the_same(empty: Site, name: str, password: str) -> None:
    async with empty.browser() as browser:
        answer = await sign_in(browser, name, password)
        assert answer.status_code == 401
        assert "Name or password is wrong." in answer.text
        assert "forecourt=" not in str(answer.headers.get_list("set-cookie"))
        assert (await browser.get("/")).status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "evil",
        "",
        "http:/evil.example",
    ],
)
async def test_a_sign_in_never_leads_to_another_site(empty: Site, target: str) -> None:
    assert local_path(target) == "/"
    async with empty.browser() as browser:
        form = await door(browser)
        answer = await browser.post(
            "/sign-in", data={**form, "username": ADMIN, "password": PASSWORD, "next": target}
        )
        assert answer.headers["location"] == "/"
        answer = await browser.get("/sign-in", params={"next": target})
        assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "target", ["/", "/sessions?state=open&token=a%20b", "/piles/P%2F1", "/sessions/1#bill"]
)
def test_a_path_of_ours_is_kept(target: str) -> None:
    assert local_path(target) == target


async def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(empty: Site) -> None:
    async with empty.browser() as browser:
        for _ in range(5):
            assert (await sign_in(browser, ADMIN, "wrong")).status_code == 401
        answer = await sign_in(browser, ADMIN, PASSWORD)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 290
        assert "Too many attempts" in answer.text
        empty.clock.real += 301
        assert (await sign_in(browser, ADMIN, PASSWORD)).status_code == 303


async def test_a_form_of_another_browser_signs_nobody_in(empty: Site) -> None:
    async with empty.browser() as one, empty.browser() as other:
        form = await door(one)
        answer = await other.post("/sign-in", data={**form, "username": ADMIN, "password": PASSWORD})
        assert answer.status_code == 403


async def test_signing_out_ends_the_login_in_the_database(empty: Site) -> None:
    async with empty.browser() as browser:
        await sign_in(browser, ADMIN, PASSWORD)
        secret = browser.cookies["forecourt"]
        page = (await browser.get("/")).text
        csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
        assert (await browser.post("/sign-out", data={"csrf": csrf})).headers["location"] == "/sign-in"
        assert "forecourt" not in browser.cookies
        browser.cookies.set("forecourt", secret)
        assert (await browser.get("/")).status_code == 303


async def test_language_theme_and_shortcuts_are_kept_in_cookies(empty: Site) -> None:
    browser = await empty.signed_in()
    page = await browser.page("/tariffs")
    assert 'content="light dark"' in page
    assert "keys.js" in page
    answer = await browser.send("/preferences", language="zh", next="/tariffs")
    assert answer.headers["location"] == "/tariffs"
    await browser.send("/preferences", theme="dark", next="https://evil.example")
    await browser.send("/preferences", shortcuts="off", language="../../etc", theme="<b>")
    page = await browser.page("/tariffs")
    assert '<html lang="zh-Hans">' in page
    assert 'content="dark"' in page
    assert "light.css" not in page
    assert "keys.js" not in page


async def test_a_visitor_chooses_a_language_before_the_sign_in(empty: Site) -> None:
    async with empty.browser() as browser:
        form = await door(browser)
        answer = await browser.post(
            "/preferences", data={"csrf": form["csrf"], "language": "zh", "next": "/sign-in"}
        )
        assert answer.headers["location"] == "/sign-in"
        assert "登录" in (await browser.get("/sign-in")).text
