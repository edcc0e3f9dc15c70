"""One prompt through all of its filters, and what is asked again."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut, means, talking, text_of
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Event,
    Finished,
    Format,
    Message,
    Prompt,
    ReasoningDelta,
    Role,
    TextDelta,
    TextPart,
    Tool,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from tray_app.core.ports import Profile
from tray_app.filters import Prepared, prepared
from tray_app.filters.long import ITEM_BYTES
from tray_app.filters.notes import LongPrompt

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


def test_a_call_that_the_model_only_thinks_of_is_none() -> None:
    """F8"""
    prompt = Prompt("m", ASKED, tools=(READ,))
    out = answered(prompt, [f"<think>\nMaybe {CALL}", "?\n</think>\n\nNo."])

    assert text_of(out) == "No."
    assert not any(isinstance(event, ToolCallDelta) for event in out)


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


@pytest.mark.parametrize("mode", ["file", "trim"])
def test_tools_that_alone_are_too_long_are_named_as_such(mode: LongPrompt) -> None:
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
        prepared(Prompt("m", ASKED, tools=tools), means(long_prompt=mode))

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


def chat(turns: int, size: int = 1_000) -> tuple[Message, ...]:
    """A conversation in which every text begins with its number."""
    roles: tuple[Role, Role] = ("user", "assistant")
    lines = (
        Message(role, (TextPart(f"{2 * number + at} " + "x" * size),))
        for number in range(turns)
        for at, role in enumerate(roles)
    )
    return (*lines, Message("user", (TextPart("And now?"),)))


def texts_of(prompt: Prompt) -> list[str]:
    return [
        part.text
        for message in prompt.messages
        for part in message.parts
        if isinstance(part, TextPart)
    ]


def weight_of(ready: Prepared, prompt: Prompt) -> int:
    return ready.means.weigh(prompt) + ITEM_BYTES * len(ready.documents)


def test_a_plain_chat_that_is_too_long_goes_with_a_file() -> None:
    messages = chat(100)
    ready = prepared(Prompt("m", messages), means())

    assert [file.name for file in ready.documents] == ["conversation.txt"]
    assert ready.told.messages[-1] == messages[-1]
    assert weight_of(ready, ready.told) <= 96_000
    assert ready.weigh() > 200_000
    assert ready.shortened == ()


def test_what_a_body_needs_for_other_files_is_left_free() -> None:
    ready = prepared(Prompt("m", chat(100)), means(reserved_bytes=50_000))

    assert weight_of(ready, ready.told) <= 46_000
    assert prepared(Prompt("m", chat(30)), means(reserved_bytes=50_000)).documents


def test_a_short_prompt_is_not_even_weighed() -> None:
    weighed: list[Prompt] = []

    def weigh(told: Prompt) -> int:
        weighed.append(told)
        return 1

    prepared(Prompt("m", chat(5)), means(weigh=weigh))
    assert weighed == []
    prepared(Prompt("m", chat(45)), means(weigh=weigh))
    assert len(weighed) == 1


def test_what_counts_is_what_a_body_takes_however_long_the_past_is() -> None:
    prompt = Prompt("m", chat(200))
    ready = prepared(prompt, means(weigh=lambda told: len(texts_of(told)[-1])))

    assert ready.told is prompt


@pytest.mark.parametrize("mode", ["file", "trim"])
def test_only_what_is_beyond_the_window_of_the_model_is_refused(mode: LongPrompt) -> None:
    def ready(size: int) -> Prepared:
        prompt = Prompt("m", (Message("user", (TextPart("x" * size),)),))
        return prepared(prompt, means(window_tokens=10_000, long_prompt=mode))

    assert ready(55_000).documents == ()
    with pytest.raises(ProxyError) as caught:
        ready(66_000)

    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED
    assert caught.value.param == "messages"
    assert (
        "This model's maximum context length is 10000 tokens. "
        "Your messages resulted in 12000 tokens" in caught.value.text
    )


def test_tools_count_as_they_were_sent() -> None:
    tools = tuple(Tool(f"t{at}", "Does it. " * 1_000) for at in range(10))

    with pytest.raises(ProxyError) as caught:
        prepared(Prompt("m", ASKED, tools=tools), means(window_tokens=10_000))

    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED


def test_the_oldest_is_left_out_where_no_window_is_told() -> None:
    wanted = means(window_tokens=0, long_prompt="trim")
    ready = prepared(Prompt("m", chat(1_000)), wanted)

    assert ready.documents == ()
    assert ready.shortened == ("history",)
    assert "messages were here" in "".join(texts_of(ready.told))


def test_a_file_that_the_site_would_not_read_is_refused() -> None:
    prompt = Prompt("m", (Message("user", (TextPart("x" * 20_000_001),)),))

    with pytest.raises(ProxyError) as caught:
        prepared(prompt, means())

    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED


def test_by_setting_a_plain_chat_is_told_shorter_the_oldest_first() -> None:
    messages = chat(15, 4_000)
    ready = prepared(Prompt("m", messages), means(long_prompt="trim"))

    assert ready.documents == ()
    assert ready.shortened == ("history",)
    told = texts_of(ready.told)
    assert "bytes are left out here" in told[1]
    assert told[-1] == "And now?"
    assert len(told[-2]) > 4_000
    assert len(told) == len(messages)


def test_by_setting_a_last_message_that_is_too_long_keeps_both_ends() -> None:
    text = "It begins. " + "x" * 300_000 + " What is it?"
    ready = prepared(Prompt("m", (Message("user", (TextPart(text),)),)), means(long_prompt="trim"))

    assert ready.shortened == ("messages",)
    told = texts_of(ready.told)[0]
    assert told.startswith("It begins. xxx")
    assert told.endswith("xxx What is it?")
    assert re.search(r"\[… 20\d{4} bytes are left out here …\]", told)


@pytest.mark.parametrize("mode", ["file", "trim"])
@pytest.mark.parametrize("turns", [44, 100], ids=["whole", "parted"])
@pytest.mark.parametrize("tools", [(), (READ,)], ids=["plain", "tools"])
def test_a_second_question_keeps_its_files_and_within_the_body(
    mode: LongPrompt, turns: int, tools: tuple[Tool, ...]
) -> None:
    ready = prepared(Prompt("m", chat(turns), tools=tools), means(long_prompt=mode))
    wrong = Message("assistant", (TextPart("w" * 60_000),))
    again = Message("user", (TextPart("Once more."),))

    more = ready.with_more((wrong, again))

    assert more.messages[-2:] == (wrong, again)
    assert weight_of(ready, more) <= 96_000
    told = texts_of(more)
    assert told[-3] == "And now?"
    assert ("fn_read_file" in "".join(told)) == bool(tools)
    noted = any("in the file conversation.txt" in text for text in told)
    assert noted == bool(ready.documents) == (mode == "file" and turns == 100)


def test_a_second_question_that_is_too_long_by_itself_is_not_asked() -> None:
    ready = prepared(Prompt("m", chat(100)), means())

    with pytest.raises(ProxyError) as caught:
        ready.with_more((Message("assistant", (TextPart("w" * 95_000),)),))

    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED


def test_five_megabytes_of_small_messages_take_no_more_than_a_moment() -> None:
    prompt = Prompt("m", chat(25_000, 100))
    began_s = time.process_time()

    ready = prepared(prompt, means())

    assert time.process_time() - began_s < 3
    assert len(ready.documents) == 1
