"""What is asked of the site, by what a client asks: its model, its files, its length."""

import base64
import json
from typing import Any

import msgspec
import pytest

from tests.core.samples import SAMPLES
from tests.harness import QUICK, Reply, Running, running
from tests.practice.test_looks import picture
from tray_app.practice import PracticeSite
from tray_app.store.settings import Settings

GRANT = "/api/v2/files/getstsToken"
ASK = "/api/v2/chat/completions"
BLIND = "qwen3.7-max"
LINE = "Nothing of this is of any use to anybody. "


def part(data: bytes, kind: str = "image/png") -> dict[str, Any]:
    url = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def paper(text: str, name: str = "notes.txt") -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {"type": "file", "file": {"file_data": data, "filename": name}}


def asked(proxy: Running, *content: dict[str, Any] | str, **more: Any) -> Reply:
    """A chat of one message; a text stands for its part."""
    parts = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content]
    return proxy.chat(messages=[{"role": "user", "content": parts}], **more)


def heard(site: PracticeSite) -> dict[str, Any]:
    """The last message that the site was asked."""
    body: Any = site.heard_on(ASK)[-1].request.json()
    message: dict[str, Any] = body["messages"][0]
    return message


def with_setting(**changes: Any) -> Settings:
    return msgspec.structs.replace(QUICK, **changes)


def test_a_picture_goes_with_the_message_and_nothing_is_added_to_it(proxy: Running) -> None:
    reply = asked(proxy, "What is this?", part(picture("PNG")))

    assert "a PNG picture of 37 by 23" in reply.text
    assert heard(proxy.site)["content"] == "What is this?"
    [item] = heard(proxy.site)["files"]
    assert (item["type"], item["file_class"], item["name"]) == ("image", "vision", "image.png")


def test_files_of_several_turns_go_in_order_and_are_spoken_of(proxy: Running) -> None:
    reply = proxy.chat(
        messages=[
            {"role": "user", "content": [part(picture("PNG")), paper("# Plan", "plan.md")]},
            {"role": "assistant", "content": "I see."},
            {"role": "user", "content": [part(SAMPLES["gif"])]},
        ]
    )

    assert reply.status == 200
    names = [item["name"] for item in heard(proxy.site)["files"]]
    assert names == ["image.png", "plan.md", "image.gif"]
    content = heard(proxy.site)["content"]
    marks = ["[attachment 1]", "[attachment 2: plan.md]", "[attachment 3]"]
    assert [content.index(mark) for mark in marks] == sorted(map(content.index, marks))


def test_a_model_that_cannot_see_is_told_with_one_that_can(proxy: Running) -> None:
    reply = asked(proxy, "What is this?", part(picture("PNG")), model=BLIND)

    assert (reply.status, reply.code) == (400, "invalid_request")
    assert f"{BLIND} cannot see pictures. One that can is qwen3.7-plus" in reply.body.decode()
    assert reply.json()["error"]["param"] == "model"
    assert proxy.site.heard_on(GRANT) == []


def test_by_setting_a_model_that_can_answers_and_says_so(site: PracticeSite) -> None:
    with running(site, settings=with_setting(blind_model="switch")) as proxy:
        switched = asked(proxy, "What is this?", part(picture("PNG")), model=f"{BLIND}-thinking")
        plain = asked(proxy, "No picture here", model=BLIND)

    assert switched.json()["model"] == switched.headers["x-portico-model"] == "qwen3.7-plus"
    assert "a PNG picture" in switched.text
    assert switched.reasoning
    assert plain.json()["model"] == BLIND
    assert "x-portico-model" not in plain.headers


def test_nothing_is_brought_for_who_is_refused(proxy: Running) -> None:
    proxy.site.challenge("json")
    proxy.chat()
    assert proxy.control("status")["hold"]["kind"] == "verification"
    reply = asked(proxy, "What is this?", {"type": "image_url", "image_url": {"url": "broken"}})

    assert reply.code == "cooling_down"


def test_what_is_drawn_is_what_was_said_last_after_its_own_pictures(proxy: Running) -> None:
    proxy.chat(
        model="qwen3.7-plus-draw",
        messages=[
            {"role": "user", "content": ["Look", part(picture("PNG"))]},
            {"role": "assistant", "content": "I see."},
            {"role": "user", "content": "a red square"},
        ],
    )
    assert (heard(proxy.site)["content"], heard(proxy.site)["files"]) == ("a red square", [])
    assert heard(proxy.site)["chat_type"] == "t2i"

    asked(proxy, "a red square on it", part(picture("PNG")), model="qwen3.7-plus-draw")
    assert heard(proxy.site)["chat_type"] == "image_edit"
    assert heard(proxy.site)["content"] == "a red square on it"

    reply = asked(proxy, "a red square", paper("no picture"), model="qwen3.7-plus-draw")
    assert (reply.status, reply.code) == (400, "invalid_request")
    assert json.loads(reply.body)["error"]["param"] == "messages[0].content[1].file"


@pytest.mark.parametrize("first", ["words", "picture"])
def test_words_and_pictures_in_messages_of_their_own_are_drawn_after_together(
    proxy: Running, first: str
) -> None:
    words = {"role": "user", "content": "a red square on it"}
    pictures = {"role": "user", "content": [part(picture("PNG"))]}
    before = {"role": "user", "content": "This one failed"}
    messages = [before, words, pictures] if first == "words" else [before, pictures, words]
    reply = proxy.chat(model="qwen3.7-plus-draw", messages=messages)

    assert heard(proxy.site)["content"] == "a red square on it"
    assert len(heard(proxy.site)["files"]) == 1
    assert "x-portico-ignored" not in reply.headers


@pytest.mark.parametrize("route", ["images/generations", "completions"])
def test_what_is_told_of_a_prompt_names_its_own_field(proxy: Running, route: str) -> None:
    """What has no messages is not told of messages."""
    model = "qwen3.7-plus" if route == "images/generations" else "qwen3-omni-flash"
    sent = {"model": model, "prompt": LINE * 4_000}
    shortened = proxy.ask("POST", f"/v1/{route}", sent)
    refused = proxy.ask("POST", f"/v1/{route}", {**sent, "prompt": LINE * 200_000})

    assert (shortened.status, shortened.headers["x-portico-ignored"]) == (200, "prompt")
    assert (refused.status, refused.code) == (400, "context_length_exceeded")
    assert json.loads(refused.body)["error"]["param"] == "prompt"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["file", "trim"])
def test_a_long_history_goes_as_a_file_or_is_trimmed(site: PracticeSite, mode: str) -> None:
    messages = []
    for at in range(40):
        messages += [
            {"role": "user", "content": f"Question {at}. " + LINE * 100},
            {"role": "assistant", "content": f"Answer {at}."},
        ]
    messages.append({"role": "user", "content": "The last question?"})
    with running(site, settings=with_setting(long_prompt=mode)) as proxy:
        reply = proxy.chat(messages=messages)

    assert "The last question?" in reply.text
    assert len(json.dumps(heard(site), ensure_ascii=False).encode()) < 96_000
    names = [item["name"] for item in heard(site)["files"]]
    assert names == (["conversation.txt"] if mode == "file" else [])
    assert reply.headers.get("x-portico-ignored") == (None if mode == "file" else "history")


def test_a_model_that_reads_no_files_gets_a_long_history_trimmed(proxy: Running) -> None:
    reply = asked(proxy, LINE * 4_000, model="qwen3-omni-flash")

    assert reply.status == 200
    assert heard(proxy.site)["files"] == []
    assert reply.headers["x-portico-ignored"] == "messages"


def test_who_has_the_oldest_left_out_is_not_refused(site: PracticeSite) -> None:
    with running(site, settings=with_setting(long_prompt="trim")) as proxy:
        reply = asked(proxy, LINE * 20_000, model="qwen3-omni-flash")

    assert reply.status == 200
    assert reply.headers["x-portico-ignored"] == "messages"


def test_what_no_model_can_hold_is_refused_in_the_words_that_clients_know(proxy: Running) -> None:
    reply = asked(proxy, LINE * 20_000, model="qwen3-omni-flash")

    assert (reply.status, reply.code) == (400, "context_length_exceeded")
    assert "maximum context length is 65536 tokens" in reply.body.decode()
