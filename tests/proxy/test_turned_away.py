"""Who was refused at the door is counted by why, and nothing else is known of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.harness import Running
from tests.proxy.test_activity import noted_by
from tests.waiting import until
from tray_app.core.errors import Kind
from tray_app.proxy.turned_away import TurnedAway

NOON_S = 1_795_262_400.0


@contextmanager
def zone(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    monkeypatch.setenv("TZ", name)
    time.tzset()
    try:
        yield
    finally:
        monkeypatch.undo()
        time.tzset()


def test_they_are_counted_by_why_with_the_most_frequent_first() -> None:
    door = TurnedAway(lambda: NOON_S)
    for kind in (Kind.NOT_FOUND, Kind.INVALID_API_KEY, Kind.INVALID_API_KEY):
        door.note(kind)

    assert list(door.status().reasons.items()) == [("invalid_api_key", 2), ("not_found", 1)]
    assert door.status().since_s == NOON_S


def test_whoever_comes_again_and_again_makes_nothing_grow() -> None:
    door = TurnedAway(lambda: NOON_S)
    for _ in range(10_000):
        door.note(Kind.INVALID_API_KEY)

    assert door.status().reasons == {"invalid_api_key": 10_000}


def test_a_new_day_begins_with_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with zone(monkeypatch, "Asia/Shanghai"):
        now_s = [NOON_S]
        door = TurnedAway(lambda: now_s[0])
        door.note(Kind.INVALID_API_KEY)
        now_s[0] = NOON_S + 86_400
        begun = door.status()
        door.note(Kind.NOT_FOUND)

        assert begun.reasons == {}
        assert time.strftime("%H:%M", time.localtime(begun.since_s)) == "00:00"
        assert now_s[0] - 86_400 < begun.since_s < now_s[0]
        assert door.status().reasons == {"not_found": 1}


def test_what_is_refused_at_the_door_is_counted_without_a_word_of_it(proxy: Running) -> None:
    plain = {"Content-Type": "text/plain"}
    proxy.ask("GET", "/v1/models", key="sk-portico-somebody-elses")
    proxy.ask("GET", "/v1/models", key=None)
    proxy.ask("GET", "/v1/models", headers={"Origin": "https://a-web-page.example"})
    proxy.ask("GET", "/v1/models", headers={"Host": "rebound.example"})
    proxy.ask("GET", "/v1/no-such-path")
    proxy.ask("GET", "/v1/models/no-such-model")
    proxy.ask("DELETE", "/v1/models")
    proxy.ask("POST", "/v1/chat/completions", b"x", headers=plain)
    until(lambda: sum(proxy.service.status.turned_away.reasons.values()) == 8)
    told = proxy.control("status")

    assert told["turned_away"]["reasons"] == {
        "invalid_api_key": 2, "origin_not_allowed": 1, "host_not_allowed": 1, "not_found": 1,
        "model_not_found": 1, "method_not_allowed": 1, "unsupported_media_type": 1,
    }  # fmt: skip
    assert told["recent"] == []
    said = msgspec.json.encode(told["turned_away"]).decode()
    assert not [one for one in ("somebody", "example", "no-such", "127.") if one in said]


def test_what_fails_after_the_door_is_its_clients_and_not_counted_here(proxy: Running) -> None:
    assert proxy.chat(model="no-such-model").status == 404
    assert proxy.chat(messages="none").status == 400
    assert proxy.chat().status == 200
    noted_by(proxy, 3)

    assert proxy.service.status.turned_away.reasons == {}
