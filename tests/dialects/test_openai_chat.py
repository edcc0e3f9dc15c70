"""OpenAI chat completions: F3 to F7, F12 and what real clients send."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.captures import Capture, captures
from tray_app.core.calls import Stamp
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    FilePart,
    Message,
    Prompt,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from tray_app.core.ports import Asked, Profile
from tray_app.dialects.openai_chat import OpenAIChat

STAMP = Stamp(now_s=1_790_000_000.0, new_id=lambda: "ab-cd", timezone="GMT", local="now")
USER = {"role": "user", "content": "Hi"}


def parsed(body: object, profile: Profile | None = None) -> Asked:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return OpenAIChat().parse(data, profile or Profile())


def prompt(messages: list[Any], **more: Any) -> Prompt:
    return parsed({"model": "m", "messages": messages, **more}).prompts[0]


def refusal(body: object) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        parsed(body)
    return caught.value


def test_a_plain_request() -> None:
    asked = parsed({"model": "m", "messages": [USER], "temperature": 0.5, "seed": None})

    assert asked.prompts == (Prompt("m", (Message("user", (TextPart("Hi"),)),)),)
    assert not asked.stream
    assert asked.ignored == ("temperature",)


@pytest.mark.parametrize(
    ("message", "role", "parts"),
    [
        ({"role": "developer", "content": "x"}, "system", (TextPart("x"),)),
        ({"role": "user", "content": ["a", {"type": "text", "text": "b"}]}, "user",
         (TextPart("a"), TextPart("b"))),
        ({"role": "user", "content": [{"type": "input_text", "text": "b",
                                       "cache_control": {"type": "ephemeral"}}]}, "user",
         (TextPart("b"),)),
        ({"role": "assistant", "content": None, "refusal": None,
          "tool_calls": [{"id": "c", "type": "function",
                          "function": {"name": "f", "arguments": "{}"}}]},
         "assistant", (ToolCallPart("c", "f", "{}"),)),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": {"a": 1}}}, "assistant",
         (ToolCallPart("f", "f", '{"a":1}'),)),
        ({"role": "assistant", "content": "x", "reasoning_content": "r", "reasoning": "r"},
         "assistant", (ReasoningPart("r"), TextPart("x"))),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, "assistant",
         (TextPart("no"),)),
        ({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "out"}]},
         "tool", (ToolResultPart("c", "out"),)),
        ({"role": "tool", "content": None}, "tool", (ToolResultPart("", ""),)),
        ({"role": "function", "name": "f", "content": "o"}, "tool", (ToolResultPart("f", "o"),)),
        ({"role": "user", "content": ""}, "user", ()),
        ({"role": "user", "content": None}, "user", ()),
    ],
)  # fmt: skip
def test_what_clients_send_in_messages_is_taken(
    message: dict[str, Any], role: str, parts: tuple[object, ...]
) -> None:
    found = prompt([{"role": "system", "content": "s"}, message, USER]).messages[1]

    assert (found.role, found.parts) == (role, parts)


def test_a_responses_shaped_body_is_understood_here_too() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "r"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "out"},
    ]
    found = parsed({"model": "m", "input": items, "instructions": "s"}).prompts[0].messages

    assert [message.role for message in found] == [
        "system",
        "user",
        "assistant",
        "assistant",
        "tool",
    ]
    assert parsed({"model": "m", "input": "a"}).prompts[0].messages[0].parts == (TextPart("a"),)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [USER]}, "model"),
        ({"model": 123, "messages": [USER]}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": {}}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"model": "m", "messages": [USER, {"role": "wizard"}]}, "messages[1].role"),
        ({"model": "m", "messages": [USER, {"content": "x"}]}, "messages[1]"),
        ({"model": "m", "messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "odd"}]}]},
         "messages[0].content[0].type"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
         "messages[0].content[0].text"),
        ({"model": "m", "messages": [USER, USER, {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": 5}}]}]},
         "messages[2].content[0].image_url.url"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
         "messages[0].content[0].image_url"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
         "messages[0].content[0].input_audio"),
        ({"model": "m", "messages": [USER], "stream": "yes"}, "stream"),
        ({"model": "m", "messages": [USER], "n": 2}, "n"),
        ({"model": "m", "messages": [USER], "n": 1_000_000_000}, "n"),
        ({"model": "m", "messages": [USER], "max_tokens": -1}, "max_tokens"),
        ({"model": "m", "messages": [USER], "temperature": "hot"}, "temperature"),
        ({"model": "m", "input": [{"type": "odd"}]}, "input[0].type"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(body: object, param: str) -> None:
    """S75"""
    fault = refusal(body)

    assert fault.kind is Kind.INVALID_REQUEST
    assert fault.param == param
    assert param.partition("[")[0] in fault.text


FIELDS = (
    "model", "messages", "stream", "n", "max_tokens", "max_completion_tokens", "temperature",
    "top_p", "stop", "tools", "tool_choice", "response_format", "stream_options", "functions",
    "reasoning_effort", "parallel_tool_calls", "messages[0].role", "messages[0].content",
    "messages[0].name", "messages[0].tool_calls", "messages[0].tool_call_id",
)  # fmt: skip


VALUES: tuple[Any, ...] = (
    123, -1, 1e300, True, "odd", "", {}, {"a": []}, [], [None], [[]], [{}],
)  # fmt: skip


def faults_of(body: object) -> list[ProxyError]:
    """Why a body is refused, if it is."""
    try:
        parsed(body)
    except ProxyError as fault:
        return [fault]
    return []


@pytest.mark.parametrize("field", FIELDS)
def test_whatever_stands_in_a_field_is_taken_or_named(field: str) -> None:
    """S75"""
    faults = []
    for value in VALUES:
        body: dict[str, Any] = {"model": "m", "messages": [dict(USER)]}
        place = body["messages"][0] if field.startswith("messages[") else body
        place[field.rpartition(".")[2]] = value
        faults += faults_of(body)

    assert {fault.kind for fault in faults} == {Kind.INVALID_REQUEST}
    named = [fault.param or "" for fault in faults]
    assert all(name.startswith(field.partition("[")[0]) for name in named)
    assert all(name in fault.text for name, fault in zip(named, faults, strict=True))
    assert len(faults) >= len(VALUES) / 2


def test_a_picture_is_a_message_and_needs_no_text() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}

    (message,) = prompt([{"role": "user", "content": [part]}]).messages

    at = "messages[0].content[0].image_url"
    assert message.parts == (FilePart("data:image/png;base64,AA", "picture", at),)


@pytest.mark.parametrize(
    ("more", "wish"),
    [
        ({}, None),
        ({"enable_thinking": False}, False),
        ({"enable_thinking": True}, True),
        ({"think": False}, False),
        ({"think": "high"}, True),
        ({"chat_template_kwargs": {"enable_thinking": False}}, False),
        ({"chat_template_kwargs": {"enable_thinking": "odd"}}, None),
        ({"reasoning_effort": "high"}, True),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "minimal"}, False),
        ({"reasoning": {"effort": "low"}}, True),
        ({"reasoning": {"enabled": True}}, True),
        ({"reasoning": {"enabled": False, "effort": "high"}}, False),
        ({"reasoning": {"max_tokens": 2000}}, True),
        ({"reasoning": {"max_tokens": 0}}, False),
        ({"reasoning": {"max_tokens": 2000, "effort": "none"}}, False),
        ({"reasoning": {"exclude": True}}, None),
        ({"thinking": {"type": "disabled"}}, False),
        ({"thinking": {"type": "enabled"}}, True),
        ({"reasoning_effort": "high", "enable_thinking": False}, False),
    ],
)
def test_a_body_may_speak_about_thinking(more: dict[str, Any], wish: bool | None) -> None:
    assert prompt([USER], **more).thinking is wish


def test_a_key_may_leave_thinking_to_the_name_but_never_override_a_no() -> None:
    policy = Profile(thinking="suffix")
    asked = parsed({"model": "m", "messages": [USER], "reasoning_effort": "high"}, policy)
    refused = parsed({"model": "m", "messages": [USER], "enable_thinking": False}, policy)

    assert asked.prompts[0].thinking is None
    assert asked.ignored == ("reasoning_effort",)
    assert refused.prompts[0].thinking is False


def test_a_search_may_be_asked_for_by_a_field() -> None:
    assert prompt([USER], web_search_options={}).search
    assert prompt([USER], enable_search=True).search
    assert not prompt([USER]).search


def test_a_key_may_have_a_model_of_its_own() -> None:
    asked = parsed({"messages": [USER]}, Profile(model="mine"))
    assert asked.prompts[0].model == "mine"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"model":"m"} trailing', b"NaN",
     b'{"model":"m","messages":[],"n":' + b"9" * 5000 + b"}", b"[" * 100_000,
     b'{"a":' * 100_000],
)  # fmt: skip
def test_what_is_no_proper_json_is_a_400(body: bytes) -> None:
    """S74"""
    assert refusal(body).kind is Kind.INVALID_REQUEST


def test_a_byte_order_mark_and_doubled_keys_are_taken() -> None:
    """S74"""
    body = b'\xef\xbb\xbf{"model":"a","model":"b","messages":[{"role":"user","content":"x"}]}'
    assert parsed(body).prompts[0].model == "b"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["model", "messages", "role", "content", "type", "text", "image_url", "url",
                         "tools", "stream", "n", "input", "tool_calls", "function", "name"]),
        inner, max_size=5,
    ),
)  # fmt: skip


@given(json_values)
def test_any_value_is_a_prompt_or_a_named_fault(value: object) -> None:
    """F12"""
    try:
        parsed(value)
    except ProxyError as fault:
        status = fault.kind.row.status
    else:
        status = 200
    assert status in {200, 400, 501}


@pytest.mark.parametrize("capture", captures(), ids=str)
def test_requests_of_real_clients_are_understood(capture: Capture) -> None:
    """F23"""
    asked = parsed(capture.body)

    found = asked.prompts[0]
    assert found.model == capture.body["model"]
    assert asked.stream is bool(capture.body.get("stream"))
    assert len(found.tools) == len(capture.body.get("tools") or ())
    assert found.max_tokens == (
        capture.body.get("max_tokens") or capture.body.get("max_completion_tokens")
    )


def test_half_an_emoji_is_a_replacement_character() -> None:
    body = (
        b'{"model": "m", "messages": [{"role": "user", "content": '
        b'"cut \\ud83d and \\ud83d\\ude00 and \\\\ud83d and \\udE00"}]}'
    )
    (part,) = parsed(body).prompts[0].messages[0].parts

    assert part == TextPart("cut \ufffd and \U0001f600 and \\ud83d and \ufffd")
