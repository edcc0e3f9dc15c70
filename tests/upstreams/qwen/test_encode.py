"""Bodies of requests, as the newest captures have them: F12."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from tray_app.core.calls import Stamp
from tray_app.core.model import Choice, Message, ModelInfo, Prompt, TextPart, Variant
from tray_app.upstreams.qwen import encode

STAMP = Stamp(now_s=1_790_000_000.5, new_id=lambda: "uuid", timezone="GMT+0800", local="now")
PLAIN = ModelInfo("qwen3.7-plus", "Qwen", thinking=True)
FORCED = ModelInfo("qwen3.8-max", "Qwen", thinking=True, thinking_forced=True)


def body(prompt: Prompt, choice: Choice) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(encode.question(prompt, choice, "chat-1", STAMP))
    return told


def user(text: str) -> Message:
    return Message("user", (TextPart(text),))


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
    assert json.loads(encode.new_chat(Choice(PLAIN, Variant()), STAMP)) == snapshot(
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
    history = (user("first"), Message("assistant", (TextPart("ok"),)), user("a red cat"))
    drawn = body(Prompt("m", history), Choice(PLAIN, Variant(draw=True)))
    assert drawn["messages"][0]["content"] == "a red cat"
    assert drawn["messages"][0]["chat_type"] == "t2i"
    assert drawn["size"] == "1:1"


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
