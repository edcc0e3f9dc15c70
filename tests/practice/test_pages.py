"""What browsers get of the practice site, seen over plain HTTP."""

import hashlib
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import quote

import pytest

import tray_app.practice as room
from tests.practice.visitor import NEW, PERSON, Got, Visitor
from tray_app.practice import PracticeSite, acts
from tray_app.practice.http import Request

ROOT = Path(__file__).parents[2]
UI = Path(room.__file__).parent / "ui"
SIGN_IN = "/api/v2/auths/signin"
REFRESH = "/api/v2/auths/refresh"
PAGES = ("/", "/c/new-chat", "/auth", "/auth/callback", "/legal/terms")


@pytest.fixture
def visitor(site: PracticeSite) -> Visitor:
    return Visitor(site)


def code_of(told: Got) -> str:
    return f"{told.json()['data']['code']}: {told.json()['data']['details']}"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_strict_policy_and_obeys_it(visitor: Visitor, path: str) -> None:
    page = visitor.ask("GET", path)

    policy = page.header("Content-Security-Policy") or ""
    assert page.status == 200
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'" in policy
    assert "form-action 'self'; frame-src 'self'; base-uri 'none'" in policy
    assert b"style=" not in page.body
    scripts = re.findall(rb"<script([^>]*)>(.*?)</script>", page.body, re.DOTALL)
    assert all(b' src="/' in attributes and not text for attributes, text in scripts)


def test_only_pages_that_sign_in_may_ask_the_auth_host(visitor: Visitor) -> None:
    policies = [visitor.ask("GET", path).header("Content-Security-Policy") or "" for path in PAGES]

    allowed = f"connect-src 'self' {visitor.site.auth_origin};"
    assert [allowed in policy for policy in policies] == [True, True, True, True, False]


@pytest.mark.parametrize("path", ["/", "/c/abc", "/auth"])
def test_the_sites_script_is_on_every_page_of_its_own(visitor: Visitor, path: str) -> None:
    page = visitor.ask("GET", path)

    assert b'src="/qwen-chat-fe/0.3.12/js/main.js"' in page.body
    loaded = visitor.ask("GET", "/qwen-chat-fe/0.3.12/js/main.js")
    assert loaded.header("Content-Type") == "text/javascript; charset=utf-8"


def test_everything_that_a_page_names_is_there(visitor: Visitor) -> None:
    named = {
        (name.name, path)
        for name in UI.glob("*.html")
        for path in re.findall(r'(?:src|href)="(/[^"]*)"', name.read_text(encoding="utf-8"))
    }
    imported = re.findall(r'from "\./(\w+\.js)"', (UI / "main.js").read_text(encoding="utf-8"))

    scripts = [f"/qwen-chat-fe/0.3.12/js/{name}" for name in imported]
    asked = {path for _, path in named}.union(scripts)
    assert {visitor.ask("GET", path).status for path in asked} <= {200, 302}
    assert len(asked) > 6


def test_a_page_leaves_the_cookies_of_its_host(visitor: Visitor) -> None:
    lines = visitor.ask("GET", "/auth").cookie_lines()
    again = visitor.ask("GET", "/").cookie_lines()

    assert set(lines) == {"acw_tc", "cna", "x-ap"}
    assert "HttpOnly" in lines["acw_tc"]
    assert "HttpOnly" not in lines["cna"]
    assert not any("Domain" in line or "Secure" in line for line in lines.values())
    assert again == {}


def test_signing_in_gives_a_token_and_the_cookies_that_keep_it(visitor: Visitor) -> None:
    got = visitor.sign_in()

    lines = got.cookie_lines()
    assert set(lines) == {"refresh_token", "token"}
    assert all("HttpOnly" in line and "Domain" not in line for line in lines.values())
    assert visitor.write().json()["success"]
    bearer = f"Bearer {visitor.token}"
    whose = visitor.ask("GET", "/api/v2/user/info", Authorization=bearer).json()
    assert whose["data"].items() >= {"email": "ada@practice.example", "is_guest": False}.items()


@pytest.mark.parametrize(
    "told",
    [
        {**PERSON, "email": ""},
        {**PERSON, "password": ""},
        {**PERSON, "password": hashlib.sha256(b"").hexdigest()},
        {**PERSON, "password": "open"},
    ],
)
def test_who_leaves_something_out_is_not_signed_in(visitor: Visitor, told: dict[str, str]) -> None:
    got = visitor.ask_auth("POST", SIGN_IN, told)

    assert code_of(got) == "Unauthorized: The email or the password is not right."
    assert got.cookie_lines() == {}


def test_a_wrong_password_can_be_scripted(site: PracticeSite, visitor: Visitor) -> None:
    site.password = "sesame"
    wrong = visitor.ask_auth("POST", SIGN_IN, PERSON)
    site.password = "open"
    right = visitor.ask_auth("POST", SIGN_IN, PERSON)

    assert not wrong.json()["success"]
    assert right.json()["success"]


def test_signing_in_needs_the_headers_of_the_page(visitor: Visitor) -> None:
    got = visitor.ask_auth("POST", SIGN_IN, PERSON, version="")

    assert code_of(got) == "Bad_Request: Invalid request header"


def test_the_auth_host_is_for_pages_of_the_chat_host_alone(visitor: Visitor) -> None:
    asked = "content-type,x-request-id"
    preflight = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": asked}

    mine = visitor.ask_auth("OPTIONS", SIGN_IN, **preflight)
    other = visitor.ask_auth("OPTIONS", SIGN_IN, Origin="http://127.0.0.1:1", **preflight)

    assert mine.status == 200
    assert mine.header("Access-Control-Allow-Origin") == visitor.site.origin
    assert mine.header("Access-Control-Allow-Credentials") == "true"
    assert set(asked.split(",")) <= set(
        (mine.header("Access-Control-Allow-Headers") or "").split(", ")
    )
    assert [name for name, _ in other.headers if name.startswith("Access-Control")] == []


@pytest.mark.parametrize("origin", ["", "null", "https://elsewhere.example"])
def test_no_other_page_may_read_a_renewal(visitor: Visitor, origin: str) -> None:
    visitor.sign_in()

    mine = visitor.ask_auth("GET", REFRESH)
    other = visitor.ask_auth("GET", REFRESH, Origin=origin)

    assert mine.header("Access-Control-Allow-Origin") == visitor.site.origin
    assert other.header("Access-Control-Allow-Origin") is None


def test_a_scripted_answer_may_be_read_by_the_page_too(
    site: PracticeSite, visitor: Visitor
) -> None:
    site.on("signin", acts.refused("RateLimited", "later"))

    got = visitor.ask_auth("POST", SIGN_IN, PERSON)

    assert got.header("Access-Control-Allow-Origin") == site.origin
    assert code_of(got) == "RateLimited: later"


def test_a_browsers_session_is_renewed_by_its_own_cookie(visitor: Visitor) -> None:
    visitor.sign_in()
    before = visitor.cookies["refresh_token"]
    known = visitor.cookies["acw_tc"]

    got = visitor.ask_auth("GET", REFRESH)
    visitor.token = got.json()["data"]["access_token"]

    assert visitor.cookies["refresh_token"] != before
    assert "Domain" not in got.cookie_lines()["refresh_token"]
    assert visitor.cookies["acw_tc"] == known
    assert visitor.write().json()["success"]


def test_after_a_revocation_nothing_is_renewed(site: PracticeSite, visitor: Visitor) -> None:
    visitor.sign_in()
    site.revoke()

    assert code_of(visitor.ask_auth("GET", REFRESH)) == "Unauthorized: Please log in again."
    assert code_of(visitor.write()).startswith("Unauthorized")


def test_a_script_is_told_of_its_load(site: PracticeSite, visitor: Visitor) -> None:
    site.wraps_after_s = 1.5
    before = visitor.load()
    visitor.sign_in()
    after = visitor.load()

    assert before["authOrigin"] == site.auth_origin
    assert before["wrapsAfterMs"] == 1500
    assert before["guest"] is before["check"] is None
    assert (before["canRenew"], after["canRenew"]) == (False, True)
    assert before["secret"] != after["secret"]


def test_a_guest_has_a_token_that_does_nothing(site: PracticeSite, visitor: Visitor) -> None:
    site.guest_first = True
    visitor.ask("GET", "/")
    visitor.token = visitor.load()["guest"]["token"]

    whose = visitor.ask("GET", "/api/v2/user/info", Authorization=f"Bearer {visitor.token}")

    assert whose.json()["data"]["is_guest"] is True
    assert whose.json()["data"]["email"].endswith("@guest.com")
    assert code_of(visitor.write()).startswith("Unauthorized")


def test_writes_of_a_page_are_done_in_page_only_mode(site: PracticeSite, visitor: Visitor) -> None:
    site.page_only = True
    visitor.sign_in()

    made = visitor.write()
    other = visitor.bare()

    assert made.json()["success"]
    assert "FAIL_SYS_USER_VALIDATE" in other.json()["ret"][0]
    assert len(site.chats) == 1
    read = visitor.ask("GET", "/api/v2/chats/", Authorization=f"Bearer {visitor.token}")
    assert len(read.json()["data"]) == 1


@pytest.mark.parametrize("page_only", [True, False])
def test_a_page_that_writes_too_early_is_told_of_an_error(
    site: PracticeSite, visitor: Visitor, *, page_only: bool
) -> None:
    site.page_only = page_only
    visitor.sign_in()

    got = visitor.bare(Sec_Fetch_Site="same-origin")

    assert code_of(got) == "Bad_Request: internal error"
    assert site.chats == {}


def test_a_proof_is_good_for_its_address_alone(visitor: Visitor) -> None:
    visitor.sign_in()
    said = f"{visitor.load()['secret']}\nPOST\n/api/v2/chat/completions"
    proof = hashlib.sha256(said.encode()).hexdigest()

    got = visitor.write(NEW, **{"x-practice-page": proof})

    assert code_of(got) == "Bad_Request: internal error"


def test_people_can_go_to_another_site_and_back(site: PracticeSite, visitor: Visitor) -> None:
    away = visitor.ask("GET", "/auth/github")
    where = away.header("Location") or ""
    page = visitor.ask("GET", where).body.decode()
    back = re.findall(r'href="([^"]+)"', page)[0]
    code = back.partition("?code=")[2]
    visitor.ask("GET", "/auth/callback")

    got = visitor.ask_auth("POST", "/api/v2/auths/oauth/github", {"code": code})
    again = visitor.ask_auth("POST", "/api/v2/auths/oauth/github", {"code": code})

    assert away.status == 302
    assert where.startswith(f"{site.auth_origin}/login/oauth/authorize?")
    assert back.startswith(f"{site.origin}/auth/callback?")
    assert "refresh_token" in got.cookie_lines()
    assert site.account["email"] == "person@github.example"
    assert not again.json()["success"]


def test_the_other_site_can_be_another_one(site: PracticeSite, visitor: Visitor) -> None:
    site.github_origin = "http://localhost:1"

    where = visitor.ask("GET", "/auth/github").header("Location") or ""

    assert where.startswith("http://localhost:1/login/oauth/authorize?redirect_uri=http%3A%2F%2F")


def test_the_other_site_sends_people_to_nobody_else(site: PracticeSite, visitor: Visitor) -> None:
    where = f"{site.auth_origin}/login/oauth/authorize?redirect_uri=https%3A%2F%2Felsewhere.example"

    got = visitor.ask("GET", where)

    assert got.status == 400
    assert b"elsewhere" not in got.body


def test_google_refuses_windows_of_apps(site: PracticeSite, visitor: Visitor) -> None:
    got = visitor.ask("GET", f"{site.auth_origin}/o/google")

    assert b"This browser or app may not be secure." in got.body


def test_a_page_that_is_not_there_is_not_found(site: PracticeSite, visitor: Visitor) -> None:
    paths = ["/nowhere", f"{site.auth_origin}/auth", f"{site.auth_origin}/"]

    assert [visitor.ask("GET", path).status for path in paths] == [404, 404, 404]
    assert visitor.ask("PUT", "/auth").status == 404


def test_the_pages_are_part_of_what_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    # Whatever git ignores is left out of a wheel.
    names = [str(path.relative_to(ROOT)) for path in UI.iterdir()]
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert {"app.html", "auth.html", "main.js", "site.css"} <= {path.name for path in UI.iterdir()}
    assert wheel["packages"] == ["tray_app"]
    assert not {"exclude", "include", "only-include"} & set(wheel)
    assert (ignored.returncode, ignored.stdout) == (1, "")


def test_only_the_last_codes_of_the_other_site_are_good(site: PracticeSite) -> None:
    back = quote(f"{site.origin}/auth/callback", safe="")
    asked = Request("GET", f"/login/oauth/authorize?redirect_uri={back}", [])
    for _ in range(300):
        site._pages.answer("auth", asked)

    assert len(site._pages._codes) == 256
