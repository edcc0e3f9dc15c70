"""Tools, limits and structured answers through the door: F8, F9, R18, R20."""

import json
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.test_relay import SHORT, broken
from tray_app.practice import PracticeSite, acts

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOLS = [
    {"type": "function", "function": {"name": "read_file", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "list", "parameters": {"type": "object"}}},
]
READ = '<tool_call>\n{"name": "fn_read_file", "arguments": {"path": "a.txt"}}\n</tool_call>'
HALF = '<tool_call>\n{"name": "fn_read_file", "arguments": {"path": "a.'


def asked(site: PracticeSite, at: int = -1) -> str:
    """What the site was asked, as the text of its one message."""
    body = json.loads(site.heard_on("/api/v2/chat/completions")[at].request.body)
    content: str = body["messages"][0]["content"]
    return content


def calls(reply: Reply) -> list[dict[str, Any]]:
    """The calls of a chat answer, streamed or whole, put together as a client does."""
    if not reply.headers["content-type"].startswith("text/event-stream"):
        whole: list[dict[str, Any]] = reply.json()["choices"][0]["message"].get("tool_calls", [])
        return whole
    found: list[dict[str, Any]] = []
    for frame in reply.frames[:-1]:
        for choice in frame.get("choices", ()):
            for piece in choice["delta"].get("tool_calls", ()):
                if "id" in piece:
                    found.append({**piece, "function": {**piece["function"]}})
                    found[-1].pop("index")
                else:
                    function = found[piece["index"]]["function"]
                    function["arguments"] += piece["function"]["arguments"]
    return found


def finish(reply: Reply) -> str:
    if not reply.headers["content-type"].startswith("text/event-stream"):
        return str(reply.json()["choices"][0]["finish_reason"])
    found = [
        choice["finish_reason"]
        for frame in reply.frames[:-1]
        for choice in frame.get("choices", ())
        if choice["finish_reason"]
    ]
    assert len(found) == 1
    return str(found[0])


@pytest.mark.parametrize("stream", [True, False])
def test_a_call_reaches_the_client_as_a_native_one(proxy: Running, stream: bool) -> None:
    """F8"""
    proxy.site.will(acts.say("I look.\n", READ[:20], READ[20:], "\n"))

    reply = proxy.chat("Read it", tools=TOOLS, stream=stream)
    (call,) = calls(reply)

    assert reply.text == "I look."
    assert finish(reply) == "tool_calls"
    assert call["function"] == {"name": "read_file", "arguments": '{"path":"a.txt"}'}
    assert call["id"].startswith("call_")
    assert '{"type": "function", "function": {"name": "fn_read_file"' in asked(proxy.site)
    proxy.check_sound()


def test_a_round_of_calls_goes_back_in_the_trained_form(proxy: Running) -> None:
    history = [
        {"role": "system", "content": "Be quick."},
        {"role": "user", "content": "Read it"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function",
             "function": {"name": "read_file", "arguments": '{"path": "a.txt"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "hello"},
    ]  # fmt: skip
    proxy.site.will(acts.say("It says hello."), acts.say("Yes."))

    first = proxy.chat(messages=history, tools=TOOLS)
    longer = [*history, {"role": "assistant", "content": "It says hello."},
              {"role": "user", "content": "Really?"}]  # fmt: skip
    proxy.chat(messages=longer, tools=TOOLS)

    assert first.text == "It says hello."
    assert READ in asked(proxy.site, 0)
    assert "<tool_response>\nhello\n</tool_response>" in asked(proxy.site, 0)
    assert "c1" not in asked(proxy.site, 0)
    assert asked(proxy.site, 1).startswith(asked(proxy.site, 0))


@pytest.mark.parametrize("stream", [True, False])
def test_a_wrong_call_is_repaired_within_the_same_answer(proxy: Running, stream: bool) -> None:
    wrong = '<tool_call>\n{"name": "fn_read_file", "arguments": {}}\n</tool_call>'
    proxy.site.will(acts.say("I look.\n", wrong), acts.say("Sorry.\n", READ))

    reply = proxy.chat("Read it", tools=TOOLS, stream=stream, stream_options=None)

    assert reply.text == "I look."
    assert [call["function"]["arguments"] for call in calls(reply)] == ['{"path":"a.txt"}']
    assert "path" in asked(proxy.site).rpartition("<assistant>")[2]
    proxy.site.wait_until(lambda: len(proxy.site.deleted) == 2)
    proxy.check_sound()


def test_a_call_that_stays_wrong_is_a_status_or_an_error_frame(proxy: Running) -> None:
    """F8"""
    wrong = acts.say('<tool_call>\n{"name": "nope", "arguments": {}}\n</tool_call>')
    with_text = acts.say('Well.\n<tool_call>\n{"name": "nope", "arguments": {}}\n</tool_call>')
    proxy.site.will(wrong, wrong, with_text, with_text)

    whole = proxy.chat(tools=TOOLS)
    streamed = proxy.chat(tools=TOOLS, stream=True)

    assert (whole.status, whole.code) == (502, "tool_call_invalid")
    broken(streamed, "tool_call_invalid")
    assert streamed.text == "Well."
    proxy.check_sound()


def test_half_a_call_is_gone_on_with_or_ends_in_an_error(proxy: Running) -> None:
    """F8"""
    proxy.site.will(acts.say(HALF), acts.say('txt"}}\n</tool_call>'))
    assert calls(proxy.chat(tools=TOOLS))[0]["function"]["arguments"] == '{"path":"a.txt"}'

    proxy.site.will(acts.say("Well.\n", HALF), acts.say("bc"))
    broken(proxy.chat(tools=TOOLS, stream=True), "tool_call_invalid")


@pytest.mark.slow
def test_a_site_that_breaks_off_in_a_call_leaves_no_half_of_it(site: PracticeSite) -> None:
    """R18, R20, F8"""
    with running(site, settings=SHORT) as proxy:
        for then, code in (("cut", "upstream_disconnected"), ("hang", "upstream_stalled")):
            site.will(acts.say("Well.\n", HALF, finished=False, then=then))  # type: ignore[arg-type]
            reply = proxy.chat(tools=TOOLS, stream=True)

            broken(reply, code)
            assert reply.text == "Well."
            assert calls(reply) == []
        proxy.check_sound()


def test_a_call_that_must_be_is_asked_for(proxy: Running) -> None:
    proxy.site.will(acts.say("No."), acts.say(READ), acts.say("No."), acts.say("No."))

    made = proxy.chat(tools=TOOLS, tool_choice="required")
    refused = proxy.chat(tools=TOOLS, tool_choice="required")

    assert len(calls(made)) == 1
    assert "You must call a function now" in asked(proxy.site, 0)
    assert (refused.status, refused.code) == (502, "tool_call_missing")


def test_only_the_named_tool_is_offered(proxy: Running) -> None:
    proxy.site.will(acts.say('<tool_call>\n{"name": "list", "arguments": {}}\n</tool_call>'))

    named = {"type": "function", "function": {"name": "list"}}
    reply = proxy.chat(tools=TOOLS, tool_choice=named)

    assert calls(reply)[0]["function"]["name"] == "list"
    assert "read_file" not in asked(proxy.site)


def test_where_no_tool_may_be_called_markup_is_text(proxy: Running) -> None:
    proxy.site.will(acts.say(READ))

    reply = proxy.chat(tools=TOOLS, tool_choice="none")

    assert reply.text == READ
    assert finish(reply) == "stop"
    assert "# Tools" not in asked(proxy.site)


def test_one_call_is_enough_where_no_more_are_allowed(proxy: Running) -> None:
    proxy.site.will(acts.say(READ, "\n", READ, "Done. " * 50, pace_s=0.01))

    reply = proxy.chat(tools=TOOLS, parallel_tool_calls=False)

    assert len(calls(reply)) == 1
    proxy.site.wait_until(lambda: proxy.site.stopped)


def test_a_drafted_call_and_no_answer_is_asked_for_again(proxy: Running) -> None:
    proxy.site.will(acts.say(raw_thoughts=["I will ", READ]), acts.say(READ))

    reply = proxy.chat(tools=TOOLS, model="qwen3.7-plus-thinking", stream=True)

    assert len(calls(reply)) == 1
    assert "in your thoughts" in asked(proxy.site)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["file", "trim"])
def test_a_conversation_too_long_for_the_site_is_parted_or_told_shorter(
    site: PracticeSite, mode: Literal["file", "trim"]
) -> None:
    turns: list[dict[str, Any]] = []
    for at in range(12):
        function = {"name": "read_file", "arguments": json.dumps({"path": f"{at}.txt"})}
        turns += [
            {"role": "user", "content": f"Read {at}"},
            {"role": "assistant", "tool_calls": [{"id": f"c{at}", "function": function}]},
            {"role": "tool", "tool_call_id": f"c{at}", "content": f"{at} " * 5_000},
        ]

    site.will(acts.say("Done."))
    many = [{**TOOLS[0], "function": {"name": f"tool_{at}_" + "x" * 50}} for at in range(2_000)]

    with running(site, settings=replace(QUICK, long_prompt=mode)) as proxy:
        reply = proxy.chat(messages=turns, tools=TOOLS)
        too_long = proxy.chat("Hello", tools=many)

    body = site.heard_on("/api/v2/chat/completions")[0].request.body
    assert len(body) <= 96_000
    assert (b"conversation.txt" in body) == (mode == "file")
    assert reply.headers.get("x-portico-ignored") == (None if mode == "file" else "tool-results")
    assert (too_long.status, too_long.code) == (400, "context_length_exceeded")
    assert "The tools alone need" in too_long.json()["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_ends_before_a_stop(proxy: Running, stream: bool) -> None:
    """F9"""
    proxy.site.will(acts.say("one ", "tw", "o three ", *["four "] * 50, pace_s=0.01))

    reply = proxy.chat(stream=stream, stop=["two", "nine"])

    assert reply.text == "one "
    assert finish(reply) == "stop"
    proxy.site.wait_until(lambda: proxy.site.stopped)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_is_no_longer_than_it_may_be(proxy: Running, stream: bool, field: str) -> None:
    """F9"""
    proxy.site.will(acts.say(*["abcd"] * 100, pace_s=0.01))
    told = {field: 3, "stream_options": {"include_usage": True} if stream else None}

    reply = proxy.chat(stream=stream, **told)  # type: ignore[arg-type]
    usage = reply.frames[-2]["usage"] if stream else reply.json()["usage"]

    assert reply.text == "abcd" * 3
    assert finish(reply) == "length"
    assert usage["completion_tokens"] == 3
    assert usage["prompt_tokens"] > 1
    proxy.site.wait_until(lambda: proxy.site.stopped)


def test_legacy_completions_keep_the_same_limits(proxy: Running) -> None:
    """F9"""
    body = {"model": "qwen3.7-plus", "prompt": "x", "stop": "two"}
    proxy.site.will(acts.say("one two"), acts.say("abcdefgh"))

    stopped = proxy.ask("POST", "/v1/completions", body)
    cut = proxy.ask("POST", "/v1/completions", {**body, "max_tokens": 1})

    assert stopped.json()["choices"][0]["text"] == "one "
    assert cut.json()["choices"][0]["text"] == "abcd"
    assert cut.json()["choices"][0]["finish_reason"] == "length"


def json_format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}


@pytest.mark.parametrize("stream", [True, False])
def test_a_structured_answer_is_json_alone(proxy: Running, stream: bool) -> None:
    proxy.site.will(acts.say("Here it is:\n```json\n", '{"path": ', '"a"}\n```\nGood luck!'))

    reply = proxy.chat(response_format=json_format(SCHEMA), stream=stream)

    assert json.loads(reply.text) == {"path": "a"}
    assert finish(reply) == "stop"
    assert '"path"' in asked(proxy.site)


def test_a_structured_answer_is_repaired_once(proxy: Running) -> None:
    proxy.site.will(acts.say('{"way": 1}'), acts.say('{"path": "a"}'))
    proxy.site.will(acts.say("No."), acts.say('{"way": "a"}'))

    repaired = proxy.chat(response_format=json_format(SCHEMA))
    failed = proxy.chat(response_format=json_format(SCHEMA), stream=True)

    assert json.loads(repaired.text) == {"path": "a"}
    assert failed.status == 502
    assert failed.code == "structured_output_failed"
    assert "path" in failed.json()["error"]["message"]


def test_tools_come_before_the_form_of_the_answer(proxy: Running) -> None:
    proxy.site.will(acts.say("I look.\n", READ), acts.say('{"path": "a"}'))

    called = proxy.chat(tools=TOOLS, response_format=json_format(SCHEMA))
    answered = proxy.chat(tools=TOOLS, response_format={"type": "json_object"})

    assert finish(called) == "tool_calls"
    assert json.loads(answered.text) == {"path": "a"}


def test_models_may_be_asked_for_xml_and_are_understood_either_way(site: PracticeSite) -> None:
    xml = (
        "<tool_call>\n<function=fn_read_file>\n<parameter=path>\na.txt\n</parameter>\n"
        "</function>\n</tool_call>"
    )
    settings = QUICK.__class__(start_spacing_s=0.0, xml_tools=("qwen3.7*",))
    with running(site, settings=settings) as proxy:
        site.will(acts.say(xml), acts.say(READ), acts.say(xml))
        replies = [
            proxy.chat(tools=TOOLS),
            proxy.chat(tools=TOOLS),
            proxy.chat(tools=TOOLS, model="qwen3.5-plus"),
        ]

        assert all(
            calls(reply)[0]["function"]["arguments"] == '{"path":"a.txt"}' for reply in replies
        )
        assert "<function=example_function_name>" in asked(site, 0)
        assert "<args-json-object>" in asked(site, 2)


def test_a_model_that_draws_calls_no_tools_and_writes_no_json(proxy: Running) -> None:
    draws = {"model": "qwen3.7-plus-draw"}
    named = [
        proxy.chat("a cat", tools=TOOLS, tool_choice="required", **draws),
        proxy.chat("a cat", response_format={"type": "json_object"}, **draws),
    ]
    drawn = proxy.chat("a cat", tools=TOOLS, **draws)

    assert [reply.status for reply in named] == [400, 400]
    assert [reply.json()["error"]["param"] for reply in named] == ["tool_choice", "response_format"]
    assert drawn.text.startswith("![image]")
    assert drawn.headers["x-portico-ignored"] == "tools"


def test_a_form_is_asked_for_again_beside_tools(proxy: Running) -> None:
    proxy.site.will(acts.say("hello"), acts.say('{"path": "a"}'))

    reply = proxy.chat(tools=TOOLS, response_format=json_format(SCHEMA), stream=True)

    assert json.loads(reply.text) == {"path": "a"}
    assert finish(reply) == "stop"


def test_a_limit_ends_an_answer_whatever_was_wrong_with_it(proxy: Running) -> None:
    wrong = '<tool_call>\n{"name": "nope", "arguments": {}}\n</tool_call>'
    proxy.site.will(acts.say(wrong, *["blah "] * 100), acts.say(f"one END two {wrong}"))

    cut = proxy.chat(tools=TOOLS, max_tokens=60, stream=True)
    stopped = proxy.chat(tools=TOOLS, stop="END", stream=True)

    assert finish(cut) == "length"
    assert (stopped.text, finish(stopped)) == ("one ", "stop")
    # A connection may die unseen when a stream is left, so what is counted is chats.
    assert len(proxy.site.heard_on("/api/v2/chats/new")) == 2
