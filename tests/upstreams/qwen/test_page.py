"""Who is signed in, by what the site's page keeps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.upstreams.qwen.test_account import token
from tray_app.upstreams.qwen.page import SIGNED_OUT, STATE, STORED, read

NOW_S = 1_790_000_000.0
SOON_S = NOW_S + 900
TOKEN = token({"id": "1", "exp": int(SOON_S), "type": "access_token"})


def state(**more: object) -> dict[str, str]:
    told = {"version": 1, "stateId": "a", "token": TOKEN, "expiresAt": SOON_S * 1000, **more}
    return {STATE: json.dumps(told)}


def test_a_signed_in_page_gives_its_session_without_cookies() -> None:
    found = read(state(), NOW_S)

    assert found.kind == "signed_in"
    assert found.session is not None
    assert (found.session.token, found.session.expires_at) == (TOKEN, SOON_S)
    assert (found.session.by_window, found.session.who) == (True, "1")
    assert found.session.cookies == {}


def test_the_bare_token_of_earlier_times_counts_only_where_there_is_no_state() -> None:
    other = token({"id": "2", "exp": int(SOON_S) + 5})

    both = read({**state(), "token": other}, NOW_S).session
    alone = read({"token": other, "at_expire_time": "1"}, NOW_S).session

    assert both is not None
    assert both.token == TOKEN
    assert alone is not None
    assert (alone.token, alone.expires_at) == (other, SOON_S + 5)


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ({}, "nobody"),
        ({STATE: ""}, "nobody"),
        ({STATE: "{}"}, "nobody"),
        ({STATE: '{"token": 5}'}, "nobody"),
        ({STATE: "[" * 100_000}, "nobody"),
        ({"token": "no token at all"}, "nobody"),
        ({"token": "a.b"}, "nobody"),
        ({"token": "x" * 20_000 + ".yy.z"}, "nobody"),
        ({"token": "garbage.gar bage.x"}, "nobody"),
        (state(token=token({"email": "g1@guest.com", "exp": int(SOON_S)})), "guest"),
        (state(token=token({"is_guest": True})), "guest"),
        (state(token=token({"exp": int(NOW_S) + 30})), "old"),
        (state(token=token({"exp": int(NOW_S) - 30})), "old"),
        ({**state(), SIGNED_OUT: "1"}, "signed_out"),
        ({SIGNED_OUT: "1"}, "signed_out"),
    ],
)
def test_whatever_is_no_session_is_none(stored: dict[str, str], kind: str) -> None:
    """S114: garbage of any kind is no error."""
    assert read(stored, NOW_S).kind == kind


@pytest.mark.parametrize(("left_s", "kind"), [(19, "signed_in"), (11, "signed_in"), (9, "old")])
def test_a_token_that_lives_briefly_is_good_for_the_first_half_of_its_life(
    left_s: int, kind: str
) -> None:
    ends_s = NOW_S + left_s
    told = token({"id": "1", "exp": int(ends_s)})
    made_s = ends_s - 20

    stored = state(token=told, expiresAt=ends_s * 1000, updatedAt=made_s * 1000)
    assert read(stored, NOW_S).kind == kind


def test_the_pages_number_counts_where_the_token_says_none() -> None:
    told = token({"id": "1"})

    session = read(state(token=told), NOW_S).session

    assert session is not None
    assert session.expires_at == SOON_S


@given(st.dictionaries(st.sampled_from(STORED), st.text(max_size=200)))
def test_no_content_of_the_storage_is_an_error(stored: dict[str, str]) -> None:
    assert read(stored, NOW_S).kind in {"signed_in", "old", "guest", "signed_out", "nobody"}
