"""One prompt through all of its filters, and what is asked again."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut, talking, text_of
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Event,
    Finished,
    Format,
    Message,
    Prompt,
    ReasoningDelta,
    TextDelta,
    TextPart,
    Tool,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from tray_app.core.ports import Profile

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
READ = Tool("read_file", "Reads it.", SCHEMA)
ASKED = (Message("user", (TextPart("Read it"),)),)
CALL = '<tool_call>\n{"name": "fn_read_file", "arguments": {"path": "a"}}\n</tool_call>'


def answered(prompt: Prompt, *turns: list[str], profile: Profile | None = None) -> list[Event]:
    """Every event for the client, when each turn of the model is answered so."""
    out: list[Event] = []
    talk = talking(prompt, out.append, profile)
    for turn in turns:
        for text in turn:
            if not talk.ending.over:
                talk.feed(TextDelta(text))
        if not talk.ending.over:
            talk.feed(Usage(10, 5))
            talk.feed(Finished())
        if talk.next() is None:
            break
    return out


def test_a_prompt_without_wishes_is_asked_as_it_is() -> None:
    prompt = Prompt("m", ASKED)
    talk = talking(prompt, lambda _: None)

    assert talk.prompt is prompt
    assert talk.next() is None


def test_a_prompt_with_tools_tells_of_them_and_what_comes_back_is_the_clients() -> None:
    prompt = Prompt("m", ASKED, tools=(READ,))
    told = talking(prompt, lambda _: None).prompt.messages

    assert [message.role for message in told] == ["system", "user"]
    assert '"name": "fn_read_file"' in str(told[0].parts)
    calls = [event for event in answered(prompt, [CALL]) if isinstance(event, ToolCallDelta)]
    assert calls[0].name == "read_file"


def test_a_second_question_holds_the_first_and_what_was_wrong() -> None:
    out: list[Event] = []
    talk = talking(Prompt("m", ASKED, tools=(READ,)), out.append)
    before = talk.prompt.messages
    talk.feed(TextDelta(CALL.replace("path", "way")))
    talk.feed(Finished())

    more = talk.next()

    assert more is not None
    assert more is talk.prompt
    assert more.messages[: len(before)] == before
    assert [message.role for message in more.messages[len(before) :]] == ["assistant", "user"]
    assert talk.next() is None


def test_usage_is_told_once_for_all_turns() -> None:
    prompt = Prompt("m", ASKED, tools=(READ,))
    out = answered(prompt, [CALL.replace("path", "way")], [CALL])

    assert [event for event in out if isinstance(event, Usage)] == [Usage(10, 10)]
    assert isinstance(out[-1], Finished)


def test_tools_limits_and_formats_work_together() -> None:
    prompt = Prompt("m", ASKED, tools=(READ,), format=Format(SCHEMA), stop=("STOP",), max_tokens=99)

    called = answered(prompt, ["I look. ", CALL])
    formed = answered(prompt, ['So: {"path":', ' "a"} STOP and more'])

    assert [type(event) for event in called if isinstance(event, ToolCallDelta)]
    assert json.loads(text_of(formed)) == {"path": "a"}
    assert formed[-1] == Finished("stop")


def test_a_call_may_hold_a_stop() -> None:
    prompt = Prompt("m", ASKED, tools=(READ,), stop=("a",))
    out = answered(prompt, [CALL])
    assert "".join(event.arguments for event in out if isinstance(event, ToolCallDelta)) == (
        '{"path":"a"}'
    )


def test_past_results_are_text_where_no_tool_is_offered() -> None:
    result = Message("tool", (ToolResultPart("c", "hello"),))
    talk = talking(Prompt("m", (*ASKED, result)), lambda _: None)

    assert all(
        isinstance(part, TextPart) for message in talk.prompt.messages for part in message.parts
    )
    talk.feed(TextDelta(CALL))
    assert talk.next() is None


def test_a_prompt_that_no_form_makes_short_enough_is_refused_in_the_clients_words() -> None:
    long = Message("user", (TextPart("x" * 100_000),))
    with pytest.raises(ProxyError) as caught:
        talking(Prompt("m", (long,), tools=(READ,)), lambda _: None)

    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED
    assert "maximum context length is 24000 tokens. Your messages resulted in" in caught.value.text


def test_tools_that_alone_are_too_long_are_named_as_such() -> None:
    tools = tuple(
        Tool(
            f"tool_{number}",
            parameters={
                "type": "object",
                "properties": {f"p{one}": {"enum": ["x" * 100]} for one in range(20)},
            },
        )
        for number in range(50)
    )
    with pytest.raises(ProxyError) as caught:
        talking(Prompt("m", ASKED, tools=tools), lambda _: None)

    found = re.search(
        r"24000 tokens\. The tools alone need (\d+) of 24000 tokens\. Offer fewer tools\.",
        caught.value.text,
    )
    assert found is not None
    assert 24_000 < int(found[1]) < 40_000


@given(cut(st.just(f"I look. <b> {CALL}\n{CALL.replace('a', 'b')} [[1]] Done.")))
def test_it_does_not_matter_where_an_answer_was_cut(pieces: list[str]) -> None:
    """F1, F8"""
    prompt = Prompt("m", ASKED, tools=(READ,), stop=("Nothing",), max_tokens=10_000)

    def told(pieces: list[str]) -> tuple[str, list[Any]]:
        out = answered(prompt, pieces)
        calls = [event for event in out if isinstance(event, ToolCallDelta)]
        return text_of(out), calls

    assert told(pieces) == told(["".join(pieces)])


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (Profile(), "Yes."),
        (Profile(reasoning="think"), "<think>\nHm.\n</think>\n\nYes."),
        (Profile(reasoning="hidden"), "Yes."),
    ],
)
def test_thoughts_go_where_the_key_wants_them(profile: Profile, text: str) -> None:
    out: list[Event] = []
    talk = talking(Prompt("m", ASKED, tools=(READ,)), out.append, profile)
    for event in (ReasoningDelta("Hm."), TextDelta("Yes."), Finished()):
        talk.feed(event)

    assert text_of(out) == text


def test_a_second_question_is_no_heavier_than_the_site_takes() -> None:
    history = list(ASKED)
    for at in range(9):
        call = ToolCallPart(f"c{at}", "read_file", '{"path": "a"}')
        history.append(Message("assistant", (call,)))
        history.append(Message("tool", (ToolResultPart(f"c{at}", f"{at} " * 5_000),)))
    prompt = Prompt("m", tuple(history), tools=(READ,))
    talk = talking(prompt, lambda _: None)
    wrong = json.dumps({"name": "fn_read_file", "arguments": {"way": "x" * 30_000}})
    talk.feed(TextDelta(f"<tool_call>\n{wrong}\n</tool_call>"))
    talk.feed(Finished())

    more = talk.next()

    assert more is not None
    texts = [part.text for one in more.messages for part in one.parts if isinstance(part, TextPart)]
    assert sum(map(len, texts)) <= 96_000
    assert "x" * 30_000 in texts[-2]
    assert "bytes of this result are left out here" in "".join(texts)


def test_thoughts_that_a_client_sends_back_as_text_are_not_told_again() -> None:
    said = Message("assistant", (TextPart("<think>\nHm.\n</think>\n\nYes."),))
    history = (*ASKED, said, Message("user", (TextPart("Why?"),)))
    told = talking(Prompt("m", history), lambda _: None).prompt.messages

    assert told[1].parts == (TextPart("Yes."),)
