"""Answers of chat completions, in stream and whole: F3 to F7."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.test_openai_chat import STAMP, USER, parsed
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Citation,
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tray_app.core.sse import SseDecoder

ANSWER = st.lists(
    st.one_of(
        st.builds(TextDelta, st.text(max_size=20)), st.builds(ReasoningDelta, st.text(max_size=20))
    ),
    min_size=1,
    max_size=12,
)


def encoded(events: list[Event], *, stream: bool, usage: bool = True, **more: Any) -> bytes:
    body = {
        "model": "m",
        "messages": [USER],
        "stream": stream,
        "stream_options": {"include_usage": usage},
        **more,
    }
    encoder = parsed(body).encoder(STAMP, "m")
    return b"".join([*map(encoder.feed, events), encoder.close()])


def chunks(data: bytes) -> list[Any]:
    frames = SseDecoder().feed(data)
    assert frames[-1] == b"[DONE]"
    return [json.loads(frame) for frame in frames[:-1]]


@given(ANSWER)
def test_a_stream_and_a_whole_answer_say_the_same(deltas: list[Event]) -> None:
    """F3, F5, F7"""
    events = [*deltas, Usage(3, 4, reasoning_tokens=1, cached_tokens=2), Finished("stop")]
    *streamed, last = chunks(encoded(events, stream=True))
    whole = json.loads(encoded(events, stream=False))
    message = whole["choices"][0]["message"]

    told = [chunk["choices"][0]["delta"] for chunk in streamed]
    assert told[0]["role"] == "assistant"
    assert "".join(delta.get("content") or "" for delta in told) == message["content"]
    for name in ("reasoning_content", "reasoning"):
        assert "".join(delta.get(name, "") for delta in told) == message.get(name, "")
    assert last["usage"] == whole["usage"]
    assert last["choices"] == []
    assert {chunk["id"] for chunk in [*streamed, last]} == {whole["id"]}
    assert streamed[-1]["choices"][0]["finish_reason"] == "stop"
    assert not any(chunk["choices"][0]["finish_reason"] for chunk in streamed[:-1])


@pytest.mark.parametrize("stream", [False, True])
def test_no_field_that_openai_always_sends_is_missing(stream: bool) -> None:
    """There are clients that take the null, and refuse an answer without the field."""
    data = encoded([TextDelta("x"), Usage(1, 1), Finished()], stream=stream)
    for told in chunks(data) if stream else [json.loads(data)]:
        assert told["system_fingerprint"] is None
        assert {"id", "object", "created", "model", "choices"} <= told.keys()


def test_a_stream_without_usage_has_none() -> None:
    told = chunks(encoded([TextDelta("x"), Usage(1, 1), Finished()], stream=True, usage=False))
    assert not any("usage" in chunk for chunk in told)


def test_pictures_and_citations_are_shown() -> None:
    events: list[Event] = [
        ImageReady("https://x/y.png"),
        Citation("https://a", "A", 0, 5),
        Finished("length"),
    ]
    message = json.loads(encoded(events, stream=False))["choices"][0]["message"]
    told = chunks(encoded(events, stream=True))

    assert message["content"] == "![image](https://x/y.png)"
    assert message["annotations"] == told[-3]["choices"][0]["delta"]["annotations"]
    assert message["annotations"][0]["url_citation"]["end_index"] == 5
    assert told[-2]["choices"][0]["finish_reason"] == "length"


def test_a_guess_says_that_it_is_one() -> None:
    events: list[Event] = [TextDelta("x"), Usage(1, 2, estimated=True), Finished()]
    assert json.loads(encoded(events, stream=False))["usage"]["estimated"] is True


@given(st.text(max_size=500))
def test_an_error_is_one_frame_and_one_end_whatever_it_says(text: str) -> None:
    """F6"""
    encoder = parsed({"model": "m", "messages": [USER], "stream": True}).encoder(STAMP, "m")
    data = encoder.feed(TextDelta("x")) + encoder.fail(ProxyError(Kind.UPSTREAM_ERROR, text))

    error = chunks(data)[-1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert len(error["message"]) <= 240
    assert data.count(b"[DONE]") == 1


CALLS: list[Event] = [
    TextDelta("I look."),
    ToolCallDelta(0, "", "call_a", "read"),
    ToolCallDelta(0, '{"path":'),
    ToolCallDelta(0, '"a"}'),
    ToolCallDelta(1, "{}", "call_b", "list"),
    Usage(1, 1),
    Finished("tool_calls"),
]


def test_calls_are_told_in_pieces_and_whole() -> None:
    """F7, F8"""
    told = chunks(encoded(CALLS, stream=True))
    deltas = [chunk["choices"][0]["delta"] for chunk in told[:-1]]
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls", ())]
    choice = json.loads(encoded(CALLS, stream=False))["choices"][0]

    assert pieces == [
        {"index": 0, "id": "call_a", "type": "function",
         "function": {"name": "read", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"path":'}},
        {"index": 0, "function": {"arguments": '"a"}'}},
        {"index": 1, "id": "call_b", "type": "function",
         "function": {"name": "list", "arguments": "{}"}},
    ]  # fmt: skip
    assert told[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "I look."
    assert choice["message"]["tool_calls"] == [
        {"id": "call_a", "type": "function",
         "function": {"name": "read", "arguments": '{"path":"a"}'}},
        {"id": "call_b", "type": "function", "function": {"name": "list", "arguments": "{}"}},
    ]  # fmt: skip


def test_an_answer_of_calls_alone_has_no_content() -> None:
    whole = json.loads(encoded(CALLS[1:], stream=False))
    assert whole["choices"][0]["message"]["content"] is None


def test_a_client_of_legacy_functions_is_told_one_function_call() -> None:
    functions = [{"name": "read"}]
    events = [*CALLS[:4], *CALLS[5:]]
    told = chunks(encoded(events, stream=True, functions=functions))
    deltas = [chunk["choices"][0]["delta"] for chunk in told[:-1]]
    choice = json.loads(encoded(events, stream=False, functions=functions))["choices"][0]

    assert [delta["function_call"] for delta in deltas if "function_call" in delta] == [
        {"name": "read", "arguments": ""},
        {"arguments": '{"path":'},
        {"arguments": '"a"}'},
    ]
    assert told[-2]["choices"][0]["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == {"name": "read", "arguments": '{"path":"a"}'}
    assert "tool_calls" not in choice["message"]
