"""Sessions and what their tokens say: S114."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.calls import Place
from tray_app.core.session import (
    Session,
    SetCookie,
    expiry_of,
    from_text,
    to_text,
    with_cookies,
)


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2ln"


def test_the_end_of_a_token_is_read() -> None:
    assert expiry_of(token({"exp": 1_790_000_000, "id": "x"})) == 1_790_000_000


@pytest.mark.parametrize(
    "odd",
    [
        "", "garbage", "one", "a.b.c", "eyJ.!!.x", "é.é.é", "x" * 1_000_000,
        token({"exp": "soon"}), token({"exp": -1}), token({"exp": 1e30}), token({"exp": None}),
        token({}), token([]), token("text"), token({"exp": {"a": 1}}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_unknown(odd: str) -> None:
    """S114"""
    assert expiry_of(odd) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    """S114"""
    expiry_of(text)


def test_a_session_does_not_show_its_secrets() -> None:
    shown = repr(Session(token="secret-token", cookies={"sid": "secret-cookie"}))
    assert "secret" not in shown


COOKIES = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))
NEWS = st.lists(
    st.builds(
        SetCookie,
        st.sampled_from("abc"),
        st.none() | st.sampled_from("345"),
        everywhere=st.booleans(),
    ),
    max_size=6,
)
PLACES = st.sampled_from(("chat", "auth"))


@given(COOKIES, st.lists(st.tuples(NEWS, PLACES), max_size=4))
def test_what_a_host_sets_for_itself_never_gets_to_the_other(
    shared: dict[str, str], answers: list[tuple[list[SetCookie], Place]]
) -> None:
    """S116"""
    session = Session("token", shared)
    for news, place in answers:
        other: Place = "auth" if place == "chat" else "chat"
        before = session.cookies_at(other)
        session = with_cookies(session, news, place)
        allowed = {one.value for one in news if one.everywhere}
        changed = set(session.cookies_at(other).items()) - set(before.items())
        assert {value for _, value in changed} <= allowed
        last = {one.name: one.value for one in news}
        for name, value in last.items():
            if value is not None:
                assert session.cookies_at(place)[name] == value

    assert from_text(to_text(session)) == session
    assert set(session.cookies.values()) <= set(session.secrets())


def test_what_changes_nothing_gives_the_same_session() -> None:
    session = Session("token", {"a": "1"}, own={"auth": {"b": "2"}})

    assert with_cookies(session, [], "chat") is session
    assert with_cookies(session, [SetCookie("a", "1", everywhere=True)], "chat") is session
    assert with_cookies(session, [SetCookie("b", "2", everywhere=False)], "auth") is session
    gone = with_cookies(session, [SetCookie("b", None, everywhere=False)], "auth")
    assert gone.cookies_at("auth") == {"a": "1"}
    assert {"1", "2", "token"} == set(session.secrets())
