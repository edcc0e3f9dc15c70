"""OpenAI legacy completions."""

import json
from typing import Any

import pytest

from tray_app.core.calls import Stamp
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Event, Finished, ImageReady, TextDelta, TextPart, Usage
from tray_app.core.ports import Asked, Profile
from tray_app.core.sse import SseDecoder
from tray_app.dialects.openai_completions import OpenAICompletions

STAMP = Stamp(now_s=1_790_000_000.0, new_id=lambda: "ab-cd", timezone="GMT", local="now")


def parsed(**body: Any) -> Asked:
    return OpenAICompletions().parse(json.dumps({"model": "m", **body}).encode(), Profile())


def encoded(events: list[Event], **body: Any) -> bytes:
    encoder = parsed(**body).encoder(STAMP, "m")
    return b"".join([*map(encoder.feed, events), encoder.close()])


def test_a_prompt_is_put_as_a_text_to_continue() -> None:
    [prompt] = parsed(prompt="Once upon").prompts
    system, user = prompt.messages
    assert system.role == "system"
    assert user.parts == (TextPart("Once upon"),)


def test_a_suffix_asks_for_what_is_between() -> None:
    [prompt] = parsed(prompt="def f(", suffix="return x").prompts
    assert [message.parts for message in prompt.messages[1:]] == [
        (TextPart("def f("),),
        (TextPart("return x"),),
    ]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": [[1], [2]]}, "prompt"),
        ({"prompt": ["a"] * 5}, "prompt"),
        ({"prompt": "a", "n": 3}, "n"),
        ({"prompt": "a", "best_of": 3}, "best_of"),
        ({"prompt": "a", "model": None}, "model"),
        ({"prompt": {"a": 1}}, "prompt"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(ProxyError) as caught:
        parsed(**body)
    assert caught.value.kind is Kind.INVALID_REQUEST
    assert caught.value.param == param


def test_what_cannot_be_honoured_is_named() -> None:
    assert parsed(prompt="a", logprobs=3, temperature=1).ignored == ("logprobs", "temperature")


TWO: list[Event] = [
    TextDelta("one"), Usage(1, 2), Finished(), TextDelta("two"), Usage(3, 4), Finished("length"),
]  # fmt: skip


def test_several_prompts_have_several_choices() -> None:
    whole = json.loads(encoded(TWO, prompt=["a", "b"]))

    assert [choice["text"] for choice in whole["choices"]] == ["one", "two"]
    assert [choice["finish_reason"] for choice in whole["choices"]] == ["stop", "length"]
    assert whole["usage"]["total_tokens"] == 10


def test_a_stream_says_the_same_as_a_whole_answer() -> None:
    """F7"""
    options = {"include_usage": True}
    data = encoded(TWO, prompt=["a", "b"], stream=True, stream_options=options, echo=True)
    frames = SseDecoder().feed(data)
    *chunks, usage = [json.loads(frame) for frame in frames[:-1]]

    assert frames[-1] == b"[DONE]"
    texts = ["", ""]
    for chunk in chunks:
        texts[chunk["choices"][0]["index"]] += chunk["choices"][0]["text"]
    assert texts == ["aone", "btwo"]
    assert usage["usage"]["total_tokens"] == 10
    whole = json.loads(encoded(TWO, prompt=["a", "b"], echo=True))
    assert [choice["text"] for choice in whole["choices"]] == texts
    assert all(told["system_fingerprint"] is None for told in [*chunks, usage, whole])


def test_a_picture_is_shown_and_an_error_is_a_frame() -> None:
    whole = json.loads(encoded([ImageReady("https://x/y.png"), Finished()], prompt="a"))
    encoder = parsed(prompt="a", stream=True).encoder(STAMP, "m")

    assert whole["choices"][0]["text"] == "![image](https://x/y.png)"
    assert encoder.fail(ProxyError(Kind.UPSTREAM_ERROR)).endswith(b"data: [DONE]\n\n")
    assert b"![image]" in encoder.feed(ImageReady("https://x/y.png"))
