"""Sessions as people paste them: S114."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.session import Session
from tray_app.upstreams.qwen.paste import read

NOW_S = 1_790_000_000.0
CLAIMS = base64.urlsafe_b64encode(json.dumps({"exp": NOW_S + 600}).encode()).decode().rstrip("=")
TOKEN = f"eyJhbGciOiJIUzI1NiJ9.{CLAIMS}.c2ln"
COOKIES = {"acw_tc": "1", "refresh_token": "r=2"}
HEADER = "acw_tc=1; refresh_token=r=2"
FULL = Session(TOKEN, COOKIES, NOW_S + 600)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"token": TOKEN, "cookies": COOKIES}),
        json.dumps({"access_token": TOKEN, "cookies": HEADER}),
        json.dumps(
            {"token": TOKEN, "cookies": [{"name": n, "value": v} for n, v in COOKIES.items()]}
        ),
        f"curl 'https://chat.qwen.ai/api' -H 'authorization: Bearer {TOKEN}' -b '{HEADER}'",
        f"curl https://qwen.ai/ \\\n -H 'Cookie: {HEADER}' \\\n -H 'Authorization: Bearer {TOKEN}'",
        f'curl ^"https://chat.qwen.ai/^" ^\n -b ^"{HEADER}^" -H ^"authorization: Bearer {TOKEN}^"',
        f"\n  {json.dumps({'cookies': COOKIES, 'token': TOKEN})}\n",
    ],
)
def test_a_whole_session_is_read_from_every_form(text: str) -> None:
    pasted = read(text, NOW_S)

    assert pasted.session == FULL
    assert pasted.said == (
        "Found an access token that ends in 10 min.",
        "Found 2 cookies.",
        "The session renews itself. Do not use it in a browser any more.",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOKEN, "no cookies"),
        (f"Bearer {TOKEN}", "no cookies"),
        (f"Cookie: token={TOKEN}; acw_tc=1", "ends with its token"),
        (f"token={TOKEN}; refresh_token=r", "ask for a check"),
        (json.dumps({"token": TOKEN, "cookies": {"acw_tc": "1"}}), "ends with its token"),
        (HEADER, "the first request gets one"),
        (json.dumps({"token": "opaque-token", "cookies": COOKIES}), "cannot be read"),
    ],
)
def test_what_is_missing_is_said(text: str, words: str) -> None:
    pasted = read(text, NOW_S)

    assert pasted.session is not None
    assert words in " ".join(pasted.said)


def test_a_token_that_has_ended_is_said_to_have() -> None:
    assert "has ended" in read(TOKEN, NOW_S + 9999).said[0]


@pytest.mark.parametrize("text", ["", "hello", "{", "[]", "{}", "curl 'broken", "a=b", "[1,2]"])
def test_what_holds_no_session_is_refused_with_what_would(text: str) -> None:
    pasted = read(text, NOW_S)

    assert pasted.session is None
    assert "Paste" in pasted.said[-1]


@given(st.text(max_size=200))
def test_no_paste_is_a_crash_or_breaks_a_header(text: str) -> None:
    """S114"""
    pasted = read(text, NOW_S)
    if pasted.session is not None:
        assert all(value.isprintable() for value in pasted.session.cookies.values())


def test_cookies_of_one_host_go_to_that_host_and_those_of_other_sites_nowhere() -> None:
    told = [
        {"name": "refresh_token", "value": "r", "domain": ".qwen.ai"},
        {"name": "acw_tc", "value": "chat's", "domain": "chat.qwen.ai"},
        {"name": "acw_tc", "value": "auth's", "domain": "auth.qwen.ai"},
        {"name": "cna", "value": "both", "domain": "qwen.ai"},
        {"name": "sid", "value": "google", "domain": ".google.com"},
        {"name": "sid2", "value": "evil", "domain": "notqwen.ai"},
        {"name": "acw_tc", "value": "www's", "domain": "www.qwen.ai"},
        {"name": "cna", "value": None},
        {"name": "x", "value": "everybody's", "domain": ".qwen.ai"},
        {"name": "x", "value": "chat's x", "domain": "chat.qwen.ai"},
        5,
    ]
    session = read(json.dumps({"token": TOKEN, "cookies": told}), NOW_S).session

    assert session is not None
    assert session.cookies_at("chat") == {
        "refresh_token": "r", "acw_tc": "chat's", "cna": "both", "x": "chat's x",
    }  # fmt: skip
    assert session.cookies_at("auth") == {
        "refresh_token": "r", "acw_tc": "auth's", "cna": "both", "x": "everybody's",
    }  # fmt: skip


def test_a_request_to_another_site_is_not_taken() -> None:
    pasted = read(f"curl 'https://evil.example/' -H 'Cookie: {HEADER}'", NOW_S)

    assert pasted.session is None
    assert "another site" in pasted.said[0]


def test_a_guests_token_is_known() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"is_guest": True}).encode()).decode()
    session = read(f"eyJhbGciOiJIUzI1NiJ9.{claims.rstrip('=')}.c2ln", NOW_S).session

    assert session is not None
    assert session.guest


@pytest.mark.parametrize(
    "text",
    [
        "curl 'https://chat.qwen.ai/' \\\r\n  -b $'acw_tc=a\\u0021b%3D\\'; refresh_token=r' \\\r\n",
        'curl ^"https://chat.qwen.ai/^" ^\r\n -b ^"acw_tc=a^!b^%^3D\'; refresh_token=r^" ^\r\n',
        'curl "https://chat.qwen.ai/" -b "acw_tc=a!b%3D\'; refresh_token=r"',
        "curl 'https://chat.qwen.ai/' -H $'Cookie: acw_tc=a\\x21b%3D\\'; refresh_token=r'",
    ],
)
def test_every_shells_way_to_write_a_request_is_read(text: str) -> None:
    session = read(text, NOW_S).session

    assert session is not None
    assert session.cookies == {"acw_tc": "a!b%3D'", "refresh_token": "r"}


@given(st.text(alphabet="^\\'\"$ux0123%;= \n", max_size=40))
def test_no_way_to_write_a_request_is_a_crash(rest: str) -> None:
    """S114"""
    read("curl https://chat.qwen.ai " + rest, NOW_S)
