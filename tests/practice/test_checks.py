"""Every shape in which the practice site asks for a person, seen over plain HTTP."""

import json

import pytest

from tests.practice.visitor import NEW, VERIFY, Got, Visitor
from tray_app.practice import PracticeSite
from tray_app.practice.checks import Shape
from tray_app.practice.http import Request

COMPLETIONS = "/api/v2/chat/completions"


@pytest.fixture
def visitor(site: PracticeSite) -> Visitor:
    visitor = Visitor(site)
    visitor.sign_in()
    return visitor


def asked(site: PracticeSite, visitor: Visitor, shape: Shape) -> Got:
    """What a write gets from now on."""
    site.challenge(shape, "new")
    return visitor.write()


def click(visitor: Visitor) -> Got:
    """Answer in the page that the app's page shows."""
    url = str(visitor.load()["check"])
    assert b"I am a person" in visitor.ask("GET", url.removeprefix(visitor.site.origin)).body
    return visitor.ask("POST", f"{VERIFY}?{url.partition('?')[2]}")


@pytest.mark.parametrize("shape", ["json", "navigation", "modal"])
def test_a_check_is_told_with_the_address_of_its_page(
    site: PracticeSite, visitor: Visitor, shape: Shape
) -> None:
    got = asked(site, visitor, shape)

    url = got.json()["data"]["url"]
    assert got.status == 200
    assert got.json()["ret"][0] == "FAIL_SYS_USER_VALIDATE"
    assert url.startswith(f"{site.origin}//api/v2/chat/completions/_____tmd_____/punish?x5secdata=")
    assert got.header("x-practice-check") == (None if shape == "json" else shape)
    assert b"I am a person" in visitor.ask("GET", url.removeprefix(site.origin)).body


def test_a_held_answer_looks_like_a_good_one(site: PracticeSite, visitor: Visitor) -> None:
    assert asked(site, visitor, "held").json()["result"]["sig"] == "from bx"


def test_an_empty_answer_is_a_stream_of_nothing(site: PracticeSite, visitor: Visitor) -> None:
    got = asked(site, visitor, "empty")

    assert got.status == 200
    assert got.header("Content-Type") == "text/event-stream"
    assert got.body == b""


def test_the_page_of_the_wall_is_everywhere_at_once(site: PracticeSite, visitor: Visitor) -> None:
    site.challenge("html")

    paths = ["/", "/auth", "/api/models", "/c/abc", "/nowhere"]
    pages = [visitor.ask("GET", path).body for path in paths] + [visitor.write().body]

    assert all(b"aliyun_waf" in page and b"_____tmd_____/punish" in page for page in pages)
    assert b"aliyun" not in visitor.ask("GET", "/_____tmd_____/punish.js").body
    assert b"I am a person" in visitor.ask("GET", "/_____tmd_____/punish").body


@pytest.mark.parametrize("shape", ["json", "html", "held", "empty", "navigation", "modal"])
def test_a_click_ends_a_check_of_any_shape(
    site: PracticeSite, visitor: Visitor, shape: Shape
) -> None:
    asked(site, visitor, shape)

    got = click(visitor)

    assert got.json() == {"success": True}
    assert "HttpOnly" in got.cookie_lines()["x5sec"]
    assert site.checks_answered == 1
    assert visitor.load()["check"] is None
    assert visitor.write().json()["success"]
    assert visitor.ask("GET", "/").header("Content-Security-Policy")
    assert site.calls_while_challenged == 0


@pytest.mark.parametrize("shape", ["json", "html", "held", "empty", "navigation", "modal"])
def test_every_write_into_a_check_is_counted_and_not_done(
    site: PracticeSite, visitor: Visitor, shape: Shape
) -> None:
    first = asked(site, visitor, shape)
    again = [visitor.write(), visitor.bare(), visitor.ask("DELETE", "/api/v2/chats/abc")]

    assert {got.body for got in again} == {first.body}
    assert site.calls_while_challenged == 3
    assert site.chats == {}
    assert site.checks_answered == 0


def test_reading_into_a_check_is_not_counted(site: PracticeSite, visitor: Visitor) -> None:
    asked(site, visitor, "json")

    assert "data" in visitor.ask("GET", "/api/models").json()
    assert site.calls_while_challenged == 0


def test_a_check_waits_for_its_route(site: PracticeSite, visitor: Visitor) -> None:
    site.challenge("json")
    made = visitor.write(NEW)
    waiting = visitor.load()["check"]
    got = visitor.write(f"{COMPLETIONS}?chat_id={made.json()['data']['id']}")

    assert waiting is None
    assert "ret" in got.json()
    assert visitor.load()["check"]
    assert "ret" in visitor.write(NEW).json()
    assert site.calls_while_challenged == 1


def test_a_check_may_wait_for_any_write(site: PracticeSite, visitor: Visitor) -> None:
    site.challenge("json", None)

    assert "ret" in visitor.ask("DELETE", "/api/v2/chats/abc").json()


def test_a_check_comes_before_what_was_scripted(site: PracticeSite, visitor: Visitor) -> None:
    site.challenge("json")

    assert "ret" in visitor.write(COMPLETIONS).json()


@pytest.mark.parametrize("query", ["", "?x5secdata=", "?x5secdata=abc&x5step=2"])
def test_only_the_page_of_the_check_answers_it(
    site: PracticeSite, visitor: Visitor, query: str
) -> None:
    asked(site, visitor, "json")

    got = visitor.ask("POST", VERIFY + query)

    assert got.status == 403
    assert got.cookie_lines() == {}
    assert site.checks_answered == 0
    assert "ret" in visitor.write().json()


def test_an_old_page_does_not_answer_the_next_check(site: PracticeSite, visitor: Visitor) -> None:
    asked(site, visitor, "json")
    old = str(visitor.load()["check"]).partition("?")[2]
    click(visitor)
    asked(site, visitor, "modal")

    assert visitor.ask("POST", f"{VERIFY}?{old}").status == 403
    assert click(visitor).json()["success"]
    assert site.checks_answered == 2


def test_the_auth_host_asks_nobody(site: PracticeSite, visitor: Visitor) -> None:
    site.challenge("html")

    assert visitor.ask_auth("GET", "/api/v2/auths/refresh").json()["success"]


def test_only_the_last_wishes_for_a_check_are_known_again(site: PracticeSite) -> None:
    of_a_page = [("sec-fetch-site", "same-origin")]
    for number in range(150):
        text = f"{number}\npractice: challenge"
        body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
        wish = Request("POST", COMPLETIONS, of_a_page, body)
        assert site._checks.wished_for(wish) is not None

    assert len(site._checks._granted) == 100
