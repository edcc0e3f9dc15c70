"""Local keys: what they are made of, and who has one."""

import inspect
import re

import pytest

from tests.harness import Running
from tests.proxy.wire import chat, request, untouched
from tray_app.proxy import keys
from tray_app.proxy.keys import PREFIX, KeyRefusedError, Keys, make_secret


@pytest.mark.parametrize(
    "wrong",
    ["{key}x", "{short}", "{upper}", "", "nobody", "sk-portico-", "{key} {key}"],
)
def test_every_wrong_key_gets_the_same_answer(proxy: Running, wrong: str) -> None:
    """S22"""
    key = proxy.key
    sent = wrong.format(key=key, short=key[:-1], upper=key.upper())
    missing, answer = request(proxy, key=None), request(proxy, key=sent)
    basic = request(proxy, "GET /v1/models", f"Authorization: Basic {key}", key=None)
    bare = request(proxy, "GET /v1/models", "Authorization: Bearer", key=None)

    assert {one.status for one in (missing, answer, basic, bare)} == {401}
    assert missing.body == answer.body == basic.body == bare.body
    assert answer.header("WWW-Authenticate") == "Bearer"


def test_without_a_key_nothing_is_asked_upstream(proxy: Running) -> None:
    """S21"""
    answer = chat(proxy, key=None)

    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert answer.header("WWW-Authenticate") == "Bearer"
    untouched(proxy)


@pytest.mark.parametrize(
    "header", ["Authorization: Bearer {}", "Authorization: bearer {}", "Authorization: Bearer  {}",
               "x-api-key: {}", "api-key: {}", "X-API-Key: {}"],
)  # fmt: skip
def test_a_key_may_come_in_three_headers(proxy: Running, header: str) -> None:
    """S23, S24"""
    assert chat(proxy, header.format(proxy.key), key=None).status == 200
    assert chat(proxy, header.format("wrong"), key=None).status == 401


def test_two_keys_must_agree(proxy: Running) -> None:
    """S25, S27"""
    right, wrong = proxy.key, "wrong"
    assert chat(proxy, f"x-api-key: {wrong}").status == 401
    assert chat(proxy, f"x-api-key: {right}", key=wrong).status == 401
    assert chat(proxy, f"x-api-key: {right}").status == 200
    assert chat(proxy, f"Authorization: Bearer {right}").status in {400, 401}
    assert chat(proxy, f"Authorization: Bearer {wrong}").status in {400, 401}


def test_a_key_elsewhere_is_none(proxy: Running) -> None:
    """S26"""
    for name in ("key", "api_key", "token"):
        assert request(proxy, f"GET /v1/models?{name}={proxy.key}", key=None).status == 401
    cookie = f"Cookie: token={proxy.key}"
    assert request(proxy, "GET /v1/models", cookie, key=None).status == 401
    reply = proxy.ask("POST", "/v1/chat/completions", {"api_key": proxy.key}, key=None)
    assert reply.status == 401


def test_a_token_of_the_site_is_told_apart(proxy: Running) -> None:
    """S28"""
    token = str(proxy.site.sign_in()["token"])
    answer = request(proxy, key=token)

    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert b"token of Qwen" in answer.body
    assert b"portico key show" in answer.body
    assert token.encode() not in answer.body
    untouched(proxy)


@pytest.mark.parametrize("odd", ["caf\u00c3\u00a9", "\xff\xfe", "a\x00b", "x" * 8000, "x" * 10_000])
def test_odd_bytes_in_a_key_are_no_crash(proxy: Running, odd: str) -> None:
    """S29"""
    assert request(proxy, key=odd).status in {400, 401}
    assert request(proxy).status == 200


def test_a_key_is_random_and_tells_whose_it_is() -> None:
    """S40"""
    made = {make_secret() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(r"sk-portico-[\w-]{43}[0-9a-f]{6}", secret) for secret in made)
    assert all(secret.startswith(PREFIX) for secret in made)


def test_keys_are_compared_by_digest_in_constant_time() -> None:
    """S31"""
    source = inspect.getsource(keys)

    assert "hmac.compare_digest" in source
    assert "hashlib.sha256" in source
    assert "break" not in inspect.getsource(Keys.match)


def test_a_key_does_not_show_itself() -> None:
    known = Keys()
    key = known.new("roo")

    assert key.secret not in repr(key)
    assert known.match(key.secret.encode()) == key
    assert known.match(b"") is None


def test_names_of_keys_are_taken_once_and_make_sense() -> None:
    known = Keys()
    known.new("roo")
    for name in ("roo", "", "x" * 65, "a\nb"):
        with pytest.raises(KeyRefusedError):
            known.new(name)
    with pytest.raises(KeyRefusedError, match="Keys: roo"):
        known.get("nobody")


@pytest.mark.parametrize("value", ["0", "abc", "inf", "nan", "-1", "0.001", "86401", ""])
def test_a_patience_that_is_none_is_refused_with_what_one_is(value: str) -> None:
    known = Keys()
    known.new("roo")
    with pytest.raises(KeyRefusedError) as refused:
        known.change("roo", "patience_s", value)

    told = "patience_s: choose a number of seconds, from 1 to 86400."
    assert str(refused.value) == told
    assert known.get("roo").profile.patience_s == 600.0
    assert known.change("roo", "patience_s", "1").profile.patience_s == 1.0
