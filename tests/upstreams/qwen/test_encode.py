"""Bodies of requests, as the newest captures have them: F12."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from tray_app.core.calls import Stamp
from tray_app.core.files import Attached, FileKind
from tray_app.core.model import (
    Choice,
    Drawing,
    Message,
    ModelInfo,
    Prompt,
    Ratio,
    TextPart,
    Variant,
)
from tray_app.upstreams.qwen import encode

STAMP = Stamp(now_s=1_790_000_000.5, new_id=lambda: "uuid", timezone="GMT+0800", local="now")
PLAIN = ModelInfo("qwen3.7-plus", "Qwen", thinking=True)
DRAWS = Choice(PLAIN, Variant(draw=True))
FORCED = ModelInfo("qwen3.8-max", "Qwen", thinking=True, thinking_forced=True)


def body(prompt: Prompt, choice: Choice) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(encode.question(prompt, choice, "chat-1", STAMP))
    return told


def user(text: str) -> Message:
    return Message("user", (TextPart(text),))


def drawing(*messages: Message, **said: Any) -> dict[str, Any]:
    return body(Prompt("m", messages, **said), DRAWS)


def kinds(told: dict[str, Any]) -> set[str]:
    """What each of the places says that name the kind of chat."""
    message = told["messages"][0]
    return {message["chat_type"], message["sub_chat_type"], message["extra"]["meta"]["subChatType"]}


def test_a_question_has_the_fields_of_the_capture() -> None:
    assert body(Prompt("m", (user("Hi"),)), Choice(PLAIN, Variant())) == snapshot(
        {
            "stream": True,
            "version": "2.1",
            "incremental_output": True,
            "chatId": "chat-1",
            "chat_id": "chat-1",
            "parentId": "",
            "parent_id": None,
            "chat_mode": "normal",
            "model": "qwen3.7-plus",
            "messages": [
                {
                    "id": None,
                    "fid": "uuid",
                    "parentId": None,
                    "parent_id": None,
                    "childrenIds": ["uuid"],
                    "role": "user",
                    "content": "Hi",
                    "user_action": "chat",
                    "files": [],
                    "timestamp": 1790000000,
                    "models": ["qwen3.7-plus"],
                    "model": "",
                    "chat_type": "t2t",
                    "sub_chat_type": "t2t",
                    "feature_config": {
                        "thinking_enabled": False,
                        "output_schema": "phase",
                        "research_mode": "normal",
                        "auto_thinking": False,
                        "thinking_mode": "Fast",
                        "auto_search": False,
                    },
                    "extra": {"meta": {"subChatType": "t2t"}},
                }
            ],
            "timestamp": 1790000000,
        }
    )


def test_a_new_chat_has_the_fields_of_the_capture() -> None:
    told = encode.new_chat(Prompt("m", (user("Hi"),)), Choice(PLAIN, Variant()), STAMP)
    assert json.loads(told) == snapshot(
        {
            "chatId": "",
            "models": ["qwen3.7-plus"],
            "project_id": "",
            "timestamp": 1790000000500,
            "chat_type": "t2t",
            "chat_mode": "normal",
        }
    )


@pytest.mark.parametrize(
    ("model", "variant", "thinks", "mode"),
    [
        (PLAIN, Variant(), False, "Fast"),
        (PLAIN, Variant(thinking=True), True, "Thinking"),
        (FORCED, Variant(), True, "Thinking"),
    ],
)
def test_the_gear_follows_the_variant_and_the_model(
    model: ModelInfo, variant: Variant, thinks: bool, mode: str
) -> None:
    gear = encode.features(Choice(model, variant))

    assert (gear["thinking_enabled"], gear["thinking_mode"]) == (thinks, mode)
    assert ("thinking_format" in gear) is thinks


def test_a_search_is_a_switch_and_a_drawing_a_kind_of_chat() -> None:
    assert encode.features(Choice(PLAIN, Variant(search=True)))["auto_search"] is True
    drawn = drawing(user("a red cat"))
    assert kinds(drawn) == {"t2i"}
    assert drawn["size"] == drawn["messages"][0]["extra"]["meta"]["size"] == "1:1"


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "4:3", "3:4"])
def test_a_drawing_has_the_ratio_that_is_asked_for(ratio: Ratio) -> None:
    drawn = drawing(user("a red cat"), drawing=Drawing(ratio=ratio))
    assert drawn["size"] == drawn["messages"][0]["extra"]["meta"]["size"] == ratio


def test_a_drawing_with_pictures_is_an_edit_of_them_from_the_chat_on() -> None:
    prompt = Prompt("m", (user("make it blue"),), files=(Attached(b'{"id":"f-1"}', 1.0, "image"),))
    drawn = body(prompt, DRAWS)

    assert json.loads(encode.new_chat(prompt, DRAWS, STAMP))["chat_type"] == "image_edit"
    assert kinds(drawn) == {"image_edit"}
    assert drawn["messages"][0]["files"] == [{"id": "f-1"}]


@pytest.mark.parametrize("kind", ["document", "audio", "video"])
def test_a_drawing_with_other_files_is_no_edit(kind: FileKind) -> None:
    paper = Attached(b'{"id":"f-1"}', 1.0, kind)
    prompt = Prompt("m", (user("draw what it says"),), files=(paper,))

    assert json.loads(encode.new_chat(prompt, DRAWS, STAMP))["chat_type"] == "t2i"
    assert kinds(body(prompt, DRAWS)) == {"t2i"}
    assert body(prompt, DRAWS)["messages"][0]["files"] == [{"id": "f-1"}]
    both = msgspec.structs.replace(prompt, files=(paper, Attached(b"{}", 1.0, "image")))
    assert kinds(body(both, DRAWS)) == {"image_edit"}


def test_a_chat_for_a_drawing_is_one_from_the_start() -> None:
    told = encode.new_chat(Prompt("m", (user("a cat"),)), DRAWS, STAMP)
    assert json.loads(told)["chat_type"] == "t2i"


RESULT = "<tool_response>\n12 degrees\n</tool_response>"


@pytest.mark.parametrize(
    ("messages", "content"),
    [
        ((user("first"), Message("assistant", (TextPart("ok"),)), user("a red cat")), "a red cat"),
        ((Message("system", (TextPart("Be terse."),)), user("a red cat")), "a red cat"),
        ((Message("user", (TextPart("a red cat"),), name="Ann"),), "a red cat"),
        ((user("a red cat"), user(RESULT)), "a red cat"),
        ((user("a dog"), Message("user", (TextPart(RESULT), TextPart("a cat")))), "a cat"),
        ((user("a cat"), user(" ")), "a cat"),
        ((Message("user", (TextPart("a cat"), TextPart("in a box"))),), "a cat\nin a box"),
    ],
)
def test_what_the_person_said_last_is_drawn(messages: tuple[Message, ...], content: str) -> None:
    assert drawing(*messages)["messages"][0]["content"] == content


def test_where_nobody_said_anything_all_there_is_is_drawn() -> None:
    drawn = drawing(Message("system", (TextPart("Draw a red cat."),)))
    assert "Draw a red cat." in drawn["messages"][0]["content"]


@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), min_size=1, max_size=5)
)
def test_any_history_becomes_one_message_of_known_fields(texts: list[str]) -> None:
    """F12, F13"""
    told = body(Prompt("m", tuple(user(text) for text in texts)), Choice(PLAIN, Variant()))

    [message] = told["messages"]
    assert message["role"] == "user"
    assert all(text in message["content"] for text in texts)


def test_other_scripts_are_sent_as_they_are() -> None:
    told = encode.question(Prompt("m", (user("你好"),)), Choice(PLAIN, Variant()), "chat-1", STAMP)
    assert "你好".encode() in told


def test_files_go_with_the_message_in_their_order_and_count_for_the_size() -> None:
    files = (Attached(b'{"id":"f-1"}', 1.0, "image"), Attached(b'{"id":"f-2"}', 1.0, "image"))
    prompt, choice = Prompt("m", (user("Hi"),)), Choice(PLAIN, Variant())
    with_files = msgspec.structs.replace(prompt, files=files)

    assert body(with_files, choice)["messages"][0]["files"] == [{"id": "f-1"}, {"id": "f-2"}]
    more = encode.weigh(with_files, choice) - encode.weigh(prompt, choice)
    assert more == len('{"id":"f-1"},{"id":"f-2"}')
