"""Who is signed in to the practice site, and until when."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from tray_app.practice import acts
from tray_app.practice.http import Request
from tray_app.practice.sessions import Sessions

ORIGIN = "http://chat.example"


class Clock:
    """A time that stands still."""

    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(token_life_s=900, rotates=True, is_secure=False, clock=clock)


def asking(token: object = "", cookies: str = "", origin: str = ORIGIN) -> Request:
    headers = [("Authorization", f"Bearer {token}"), ("Cookie", cookies)]
    return Request("GET", "/", [*headers, ("x-request-origin", origin)])


def cookies_of(signed_in: dict[str, Any]) -> str:
    return "; ".join(f"{name}={value}" for name, value in signed_in["cookies"].items())


def told(act: acts.Act) -> dict[str, Any]:
    assert isinstance(act, acts.Whole)
    said: dict[str, Any] = json.loads(act.body)
    return said


def lines(act: acts.Act) -> dict[str, str]:
    assert isinstance(act, acts.Whole)
    return {line.partition("=")[0]: line for _, line in act.headers}


def test_a_token_is_good_for_its_time(sessions: Sessions, clock: Clock) -> None:
    session = sessions.sign_in()
    request = asking(session["token"], cookies_of(session))

    assert sessions.is_signed_in(request)
    clock.now_s += 900
    assert not sessions.is_signed_in(request)


def test_a_token_says_what_it_is(sessions: Sessions, clock: Clock) -> None:
    _, claims, _ = str(sessions.sign_in()["token"]).split(".")

    read = json.loads(urlsafe_b64decode(claims + "=="))
    assert read["type"] == "access_token"
    assert read["exp"] == clock.now_s + 900


def test_a_token_is_good_only_where_the_browser_is_known(sessions: Sessions) -> None:
    session = sessions.sign_in()

    assert not sessions.is_signed_in(asking(session["token"], "acw_tc=other"))
    assert not sessions.is_signed_in(asking(session["token"]))


def test_two_sign_ins_are_renewed_each_for_itself(sessions: Sessions) -> None:
    one, two = sessions.sign_in(), sessions.sign_in()

    for session in (one, two, one):
        assert told(sessions.renewed(asking(cookies=cookies_of(session)), ORIGIN))["success"]


def test_nobody_is_renewed_without_a_cookie(sessions: Sessions) -> None:
    sessions.sign_in()

    for cookies in ("", "refresh_token=", "refresh_token=other"):
        assert not told(sessions.renewed(asking(cookies=cookies), ORIGIN))["success"]


def test_a_browser_gets_cookies_that_it_takes(sessions: Sessions) -> None:
    signed_in = sessions.signed_in_browser()
    cookie = lines(signed_in)["refresh_token"].partition(";")[0]

    renewed = sessions.renewed(asking(cookies=cookie), ORIGIN)

    assert set(lines(renewed)) == {"refresh_token"}
    assert "HttpOnly" in lines(renewed)["refresh_token"]
    assert "Domain" not in lines(renewed)["refresh_token"]


def test_over_tls_a_browser_gets_secure_cookies(clock: Clock) -> None:
    sessions = Sessions(token_life_s=900, rotates=True, is_secure=True, clock=clock)

    assert all("Secure" in line for line in lines(sessions.signed_in_browser()).values())


def test_the_old_kind_of_token_is_taken_no_more(sessions: Sessions) -> None:
    line = lines(sessions.signed_in_browser())["token"]
    old = line.partition(";")[0].partition("=")[2]

    assert not sessions.is_signed_in(asking(old, f"acw_tc={sessions.clear()}"))


def test_a_guest_is_not_signed_in(sessions: Sessions, clock: Clock) -> None:
    guest = sessions.new_guest()
    request = asking(guest["token"], f"acw_tc={sessions.clear()}")

    assert guest["expiresAt"] == (clock.now_s + 900) * 1000
    assert sessions.is_guest(request)
    assert not sessions.is_signed_in(request)
    clock.now_s += 901
    assert not sessions.is_guest(request)


def test_a_revocation_ends_everything(sessions: Sessions) -> None:
    session = sessions.sign_in()
    sessions.revoke()

    assert not sessions.is_signed_in(asking(session["token"], cookies_of(session)))
    assert not told(sessions.renewed(asking(cookies=cookies_of(session)), ORIGIN))["success"]


def test_a_cookie_of_the_chat_host_is_known_by_itself(sessions: Sessions) -> None:
    cookies = {sessions.clear() for _ in range(5000)}
    first = min(cookies)

    assert len(cookies) == 5000
    assert all(sessions.is_cleared(asking(cookies=f"acw_tc={one}")) for one in cookies)
    for other in ("", "x", first[:-1], first[::-1], f"{first}0", "\u20ac" * 32):
        assert not sessions.is_cleared(asking(cookies=f"acw_tc={other}"))


def test_tokens_are_forgotten_when_they_are_over(sessions: Sessions, clock: Clock) -> None:
    for _ in range(50):
        sessions.sign_in()
        sessions.new_guest()
        clock.now_s += 900

    assert (len(sessions._tokens), len(sessions._guests)) == (1, 1)


def test_however_often_somebody_signs_in_so_much_is_kept(sessions: Sessions) -> None:
    signed_in = [sessions.sign_in() for _ in range(1100)]
    first, last = signed_in[0], signed_in[-1]

    assert (len(sessions._tokens), len(sessions._chains)) == (1000, 1000)
    assert not sessions.is_signed_in(asking(first["token"], cookies_of(first)))
    assert sessions.is_signed_in(asking(last["token"], cookies_of(last)))
