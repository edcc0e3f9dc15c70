"""Commands of a running service: S32 and the settings that take effect at once."""

import threading
from functools import partial
from typing import Any

import pytest

from tests.harness import Running
from tests.proxy.test_leaving import connect
from tests.waiting import until
from tray_app.practice import acts
from tray_app.proxy.door import DoorError


def test_status_says_what_is_going_on(proxy: Running) -> None:
    status = proxy.control("status")

    assert set(status) == {
        "version", "endpoint", "port", "state", "session", "keyring", "queue", "hold", "recent",
        "note", "visitors", "network", "transport", "today", "live", "bodies_s", "site",
        "turned_away",
    }  # fmt: skip
    assert status["endpoint"] == proxy.base_url
    assert status["state"] == "running"
    assert status["session"]["state"] == "signed_in"
    assert status["queue"] == {"waiting": 0, "in_flight": 0}
    assert status["hold"] is None


def test_a_key_is_made_used_changed_and_revoked(proxy: Running) -> None:
    """S32"""
    made = proxy.control("key", what="new", name="roo")["secret"]
    before = proxy.chat(key=made).status
    changed = proxy.control("key", what="set", name="roo", field="thinking", value="suffix")["key"]
    ignored = proxy.chat(key=made, reasoning_effort="high")
    listed = proxy.control("key", what="list")["keys"]
    proxy.control("key", what="revoke", name="roo")
    after = proxy.chat(key=made)

    assert (before, after.status, after.code) == (200, 401, "invalid_api_key")
    assert changed["thinking"] == "suffix"
    assert ignored.headers["x-portico-ignored"] == "reasoning_effort"
    assert [key["name"] for key in listed] == ["default", "roo"]
    assert listed[1]["last_used_s"] is not None
    assert made not in str(listed)


@pytest.mark.slow
def test_a_running_answer_outlives_its_key(proxy: Running) -> None:
    """S32"""
    made = proxy.control("key", what="new", name="roo")["secret"]
    proxy.site.will(acts.say("still ", "here", pace_s=0.3))
    replies = []
    thread = threading.Thread(target=lambda: replies.append(proxy.chat(key=made, stream=True)))
    thread.start()
    proxy.site.wait_until(lambda: proxy.site.open_streams == 1)
    proxy.control("key", what="revoke", name="roo")
    thread.join()

    assert replies[0].text == "still here"
    assert proxy.chat(key=made).status == 401


@pytest.mark.parametrize(
    "message",
    [
        {"what": "show", "name": "nobody"},
        {"what": "new", "name": "default"},
        {"what": "new", "name": "x" * 99},
        {"what": "new", "name": " "},
        {"what": "set", "name": "default", "field": "colour", "value": "red"},
        {"what": "set", "name": "default", "field": "patience_s", "value": "soon"},
        {"what": "dance"},
    ],
)
def test_what_cannot_be_done_with_a_key_is_said(proxy: Running, message: dict[str, str]) -> None:
    with pytest.raises(DoorError) as caught:
        proxy.control("key", **message)
    assert str(caught.value).endswith(".")


def test_an_empty_name_is_not_the_first_keys(proxy: Running) -> None:
    """A script whose variable is empty must not end the key of everybody else."""
    for more in ({"what": "show"}, {"what": "revoke"}, {"what": "new"},
                 {"what": "set", "field": "patience_s", "value": "5"}):  # fmt: skip
        with pytest.raises(DoorError, match="name"):
            proxy.control("key", name="", **more)

    assert [key["name"] for key in proxy.control("key", what="list")["keys"]] == ["default"]
    assert proxy.control("key", what="show")["secret"] == proxy.key


@pytest.mark.slow
def test_patience_of_a_key_is_kept(proxy: Running) -> None:
    proxy.control("key", what="set", name="default", field="patience_s", value="1")
    proxy.control("settings", what="set", name="parallel_answers", value="1")
    proxy.site.will(acts.say("slow ", "answer", pace_s=0.9))
    replies = []
    thread = threading.Thread(target=lambda: replies.append(proxy.chat()))
    thread.start()
    proxy.site.wait_until(lambda: proxy.site.open_streams == 1)
    late = proxy.chat()
    thread.join()

    assert (late.status, late.code) == (429, "too_slow")
    assert 1 <= int(late.headers["retry-after"]) <= 59
    assert replies[0].status == 200


def test_a_setting_takes_effect_at_once_or_says_that_it_does_not(proxy: Running) -> None:
    assert proxy.control("settings", what="set", name="show_variants", value="no") is False
    assert proxy.control("settings", what="set", name="port", value="7937") is True
    with pytest.raises(DoorError, match="queue_size"):
        proxy.control("settings", what="set", name="queue_size", value="none")

    listed = [model["id"] for model in proxy.ask("GET", "/v1/models").json()["data"]]
    assert not any("-search" in name for name in listed)
    assert proxy.control("settings", what="list")["show_variants"] is False
    assert all(len(model["names"]) == 1 for model in proxy.control("models"))


def test_citations_follow_the_key(proxy: Running) -> None:
    linked = proxy.chat(model="qwen3.7-plus-search").text
    proxy.control("key", what="set", name="default", field="citations", value="plain")
    plain = proxy.chat(model="qwen3.7-plus-search").text

    assert "[[1]](https://" in linked
    assert "[[1]]" in plain
    assert "](https://" not in plain


def test_a_key_may_bring_its_model(proxy: Running) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    without = proxy.ask("POST", "/v1/chat/completions", body)
    proxy.control("key", what="set", name="default", field="model", value="qwen3.5-plus")
    with_model = proxy.ask("POST", "/v1/chat/completions", body)

    assert (without.status, without.json()["error"]["param"]) == (400, "model")
    assert with_model.json()["model"] == "qwen3.5-plus"


@pytest.mark.parametrize(
    ("place", "fields", "tagged"),
    [
        ("both", {"reasoning_content", "reasoning"}, False),
        ("reasoning_content", {"reasoning_content"}, False),
        ("reasoning", {"reasoning"}, False),
        ("think", set(), True),
        ("hidden", set(), False),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_go_where_the_key_wants_them(
    proxy: Running, place: str, fields: set[str], tagged: bool, stream: bool
) -> None:
    proxy.control("key", what="set", name="default", field="reasoning", value=place)
    reply = proxy.chat(model="qwen3.7-plus-thinking", stream=stream)
    told = (
        [frame["choices"] for frame in reply.frames[:-1]] if stream else [reply.json()["choices"]]
    )
    said = [choices[0]["delta" if stream else "message"] for choices in told if choices]

    assert {name for one in said for name in one if name.startswith("reasoning")} == fields
    assert reply.text.startswith("<think>\n") is tagged
    assert ("\n</think>\n\n" in reply.text) is tagged
    assert reply.text.replace("<think>", "").strip()


@pytest.mark.parametrize(("field", "value"), [("reasoning", "elsewhere"), ("queue", "first")])
def test_a_field_that_has_choices_names_them(proxy: Running, field: str, value: str) -> None:
    with pytest.raises(DoorError, match=f"{field}: choose one of "):
        proxy.control("key", what="set", name="default", field=field, value=value)


def _are_noted(proxy: Running, many: int) -> bool:
    return len(proxy.control("status")["recent"]) == many


def test_what_was_asked_lately_is_told_and_what_it_was_about_is_not(proxy: Running) -> None:
    asked: list[dict[str, Any]] = [
        {"text": "a secret question"},
        {"text": "practice: cut", "stream": True},
        {"model": "no-such-model"},
    ]
    for number, one in enumerate(asked, 1):
        proxy.chat(**one)
        # A client has its answer a moment before it is noted.
        until(partial(_are_noted, proxy, number))
    proxy.site.will(acts.Silence())
    with connect(proxy, stream=True):
        proxy.site.wait_until(lambda: proxy.site.open_streams == 1)
    until(partial(_are_noted, proxy, 4))
    recent = proxy.control("status")["recent"]

    assert [deed["outcome"] for deed in recent] == [
        "client_left", "model_not_found", "upstream_disconnected", "ok",
    ]  # fmt: skip
    assert [deed["model"] for deed in recent] == [
        "qwen3.7-plus",
        "",
        "qwen3.7-plus",
        "qwen3.7-plus",
    ]
    assert all(deed["key"] == "default" and deed["took_s"] >= 0 for deed in recent)
    assert "secret" not in str(recent)
    for _ in range(12):
        proxy.chat(messages=[])
    assert len(proxy.control("status")["recent"]) == 10


@pytest.mark.parametrize(
    ("value", "meant"),
    [("yes", True), ("On", True), ("true", True), ("no", False), ("OFF", False), ("false", False)],
)
def test_a_field_of_yes_and_no_is_read_as_people_write_it(
    proxy: Running, value: str, meant: bool
) -> None:
    proxy.control("key", what="set", name="default", field="network", value="no" if meant else "1")
    changed = proxy.control("key", what="set", name="default", field="network", value=value)
    with pytest.raises(DoorError, match=r"network: choose one of yes, no\."):
        proxy.control("key", what="set", name="default", field="network", value="maybe")

    assert changed["key"]["network"] is meant
