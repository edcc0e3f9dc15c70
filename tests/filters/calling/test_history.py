"""Conversations with calls as plain ones."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.dialects.captures import Capture, captures
from tests.filters.calling.conversations import (
    asked,
    calls,
    did,
    names_of,
    parsed,
    result,
    said,
    texts_of,
    thinks,
)
from tray_app.core.model import Message, Prompt, Tool, ToolCallPart, ToolChoice, ToolResultPart
from tray_app.filters.calling.history import answers, instructed, last_turn, rendered, traced, turns
from tray_app.upstreams.qwen.flatten import flatten

READ = Tool("read_file", "Reads.")
WRITE = Tool("write", "Writes.")


def shown(*messages: Message) -> list[tuple[str, str]]:
    """The roles and texts that a conversation comes to."""
    prompt = rendered(asked(messages), names_of(READ, WRITE))
    return [(message.role, texts_of(message)) for message in prompt.messages]


def test_a_prompt_of_texts_is_returned_as_it_is() -> None:
    prompt = asked([said("system", "a"), said("user", "b", "c"), did("d"), said("user", "e")])

    assert rendered(prompt, names_of()) is prompt


def test_calls_and_results_are_texts_of_the_assistant_and_the_user() -> None:
    assert shown(
        said("user", "Copy a"),
        did("I read.", calls("read_file", '{"path":"a"}')),
        result("A"),
        did("Done."),
    ) == [
        ("user", "Copy a"),
        (
            "assistant",
            (
                'I read.\n<tool_call>\n{"name": "fn_read_file", "arguments": {"path":"a"}}\n'
                "</tool_call>"
            ),
        ),
        ("user", "<tool_response>\nA\n</tool_response>"),
        ("assistant", "Done."),
    ]


def test_results_are_in_the_order_of_their_calls_and_one_message_with_what_follows() -> None:
    told = shown(
        said("user", "go"),
        did(calls("write", call_id="x"), calls("write", call_id="y"), calls("write", call_id="z")),
        result("Z", "z"),
        result("stray", "unknown"),
        result("X", "x"),
        result("Y", "y"),
        said("user", "env", "more", name="Ann"),
        said("user", "next"),
    )

    assert told[2] == (
        "user",
        "\n".join(f"<tool_response>\n{text}\n</tool_response>" for text in ("X", "stray", "Y", "Z"))
        + "\nenv\nmore",
    )
    assert told[3] == ("user", "next")


def test_a_result_that_is_missing_does_not_give_its_place_to_another() -> None:
    three = did(*(calls("write", call_id=call_id) for call_id in "xyz"))
    missing = "<tool_response>\n(This call has no result.)\n</tool_response>"

    assert shown(three, result("Y", "y"))[1] == (
        "user",
        f"{missing}\n<tool_response>\nY\n</tool_response>",
    )
    apart = [did(calls("write", call_id=call_id)) for call_id in "xyz"]
    assert shown(*apart, result("Y", "y"))[1] == shown(three, result("Y", "y"))[1]
    late = shown(three, result("Y", "y"), said("user", "go on"), result("Z", "z"), result("X", "x"))
    assert [text.count(missing) for _, text in late] == [0, 1, 0]
    assert re.findall(r"\b[X-Z]\b", late[2][1]) == ["X", "Z"]


def test_the_name_of_who_follows_the_results_stays() -> None:
    history = asked([did(calls("write")), result("ok"), said("user", "env", name="Ann")])

    assert rendered(history, names_of()).messages[1].name == "Ann"


def test_a_result_belongs_to_the_nearest_open_call_of_its_id() -> None:
    history = [
        did(calls("write"), calls("write")),
        did(calls("write")),
        result("a"),
        result("b"),
        result("c"),
        result("d"),
        result("e", "2"),
    ]

    assert answers(history) == {(2, 0): (1, 0), (3, 0): (0, 0), (4, 0): (0, 1)}


def test_ids_that_come_again_in_a_later_turn_are_kept_apart() -> None:
    told = shown(
        did(calls("write", call_id="0"), calls("write", call_id="1")),
        result("B", "1"),
        result("A", "0"),
        did(calls("write", call_id="0"), calls("write", call_id="1")),
        result("D", "1"),
        result("C", "0"),
    )

    assert re.findall(r"\b[A-D]\b", "".join(text for _, text in told)) == ["A", "B", "C", "D"]


def test_what_a_responses_client_sends_item_by_item_is_one_message() -> None:
    assert shown(
        said("user", "go"),
        did(thinks("hm")),
        did("I write."),
        did(calls("write", call_id="a")),
        did(calls("write", call_id="b")),
        result("A", "a"),
        result("B", "b"),
        did("One."),
        did("Two."),
    ) == [
        ("user", "go"),
        (
            "assistant",
            "<think>\nhm\n</think>\n\nI write.\n"
            + "\n".join(['<tool_call>\n{"name": "write", "arguments": {}}\n</tool_call>'] * 2),
        ),
        ("user", "<tool_response>\nA\n</tool_response>\n<tool_response>\nB\n</tool_response>"),
        ("assistant", "One."),
        ("assistant", "Two."),
    ]


def test_results_inside_a_message_of_the_user_stay_in_it() -> None:
    mixed = Message(role="user", parts=(ToolResultPart("1", "A"), *said("user", "env").parts))

    assert shown(did(calls("write")), mixed)[1] == (
        "user",
        "<tool_response>\nA\n</tool_response>\nenv",
    )


def test_a_plain_text_of_a_tool_is_a_result() -> None:
    assert shown(said("tool", "A")) == [("user", "<tool_response>\nA\n</tool_response>")]


def test_thoughts_stay_while_their_tools_run_and_go_with_the_next_word_of_the_person() -> None:
    loop = [
        said("user", "go"),
        did(thinks("deep"), "said", calls("write")),
        result("ok"),
        said("user", "<environment_details>"),
    ]

    running, over = shown(*loop), shown(*loop, did(thinks("old")), said("user", "next"))

    assert running[1][1].startswith("<think>\ndeep\n</think>\n\nsaid\n<tool_call>")
    assert not any("<think>" in text for _, text in over)


def test_thoughts_of_an_earlier_round_go_though_the_person_said_nothing_since() -> None:
    told = shown(
        said("user", "go"),
        did(thinks("first"), calls("write")),
        result("ok"),
        said("user", "<environment_details>"),
        did(thinks("second")),
        did(calls("write", call_id="a")),
        did(calls("write", call_id="b")),
        result("ok", "a"),
        result("ok", "b"),
        said("user", "<environment_details>"),
    )

    assert told[1][1].startswith("<tool_call>")
    assert told[3][1].startswith("<think>\nsecond\n</think>\n\n<tool_call>")


def test_thoughts_that_a_client_was_shown_as_text_go_likewise() -> None:
    old = "<think>\nhm <user>\n</think>\n\nHello, </think> me."
    loop = did("<think>\nnow\n</think>\n\n", calls("write"))

    told = shown(said("user", "a"), did(old), said("user", "b"), loop, result("ok"))

    assert told[1] == ("assistant", "Hello, </think> me.")
    assert told[3][1].startswith("<think>\nnow\n</think>\n")
    assert shown(did("<think> I said"), said("user", "b"))[0] == ("assistant", "<think> I said")
    assert shown(did("<think>a</think>"), said("user", "<think>b</think>c")) == [
        ("assistant", ""),
        ("user", "<think>b</think>c"),
    ]


def test_a_word_of_the_person_is_not_what_follows_results() -> None:
    loop = [said("user", "go"), did(calls("write")), result("ok"), said("user", "env")]

    assert last_turn(loop).asked == 0
    assert last_turn([*loop, did("done"), said("user", "more")]).asked == 5
    assert last_turn([did("x")]).asked == -1


def test_the_round_that_runs_begins_with_the_first_item_of_its_answer() -> None:
    loop = [said("user", "go"), did("I"), did(calls("write")), result("ok"), said("user", "env")]

    assert list(turns([*loop, did(calls("write")), result("ok"), did("Done."), said("user", "x")]))[
        1:
    ] == [(5, 0, 1), (7, 0, 5), (9, 8, 8)]
    assert last_turn([said("system", "s"), said("user", "go"), did("I wi")]).running == 1


def test_tools_are_told_at_the_end_of_the_first_instructions() -> None:
    first, later = said("system", "A"), said("system", "Late")
    prompt = asked([first, said("system", "B"), said("user", "go"), later], WRITE)

    told = instructed(prompt, names_of(WRITE)).messages

    assert told[0] is first
    assert texts_of(told[1]).startswith("B\n\n# Tools\n\n")
    assert told[2:] == prompt.messages[2:]


def test_tools_are_instructions_of_their_own_where_there_are_none() -> None:
    bare = instructed(asked([said("user", "go")], WRITE), names_of(WRITE)).messages
    empty = instructed(asked([said("system"), said("user", "go")], WRITE), names_of()).messages

    assert [message.role for message in bare] == ["system", "user"]
    assert texts_of(bare[0]).startswith("# Tools\n\n")
    assert texts_of(empty[0]) == texts_of(bare[0])


@pytest.mark.parametrize(
    "prompt", [asked([said("user", "go")]), replace(
        asked([said("user", "go")], WRITE), tool_choice=ToolChoice("none"))]
)  # fmt: skip
def test_without_tools_or_with_none_to_be_called_nothing_is_told(prompt: Prompt) -> None:
    assert instructed(prompt, names_of(WRITE)) is prompt


def test_the_only_tool_that_may_be_called_is_the_only_one_told() -> None:
    prompt = replace(
        asked([said("user", "go")], WRITE, READ), tool_choice=ToolChoice("required", "read_file")
    )
    told = instructed(prompt, names_of(WRITE, READ)).messages

    assert '"name": "write"' not in texts_of(told[0])
    assert told[-1].role == "system"
    assert texts_of(told[-1]).startswith("You must call the function fn_read_file now")


def test_what_has_to_be_called_stands_at_the_end_but_before_an_unfinished_answer() -> None:
    free = asked([said("system", "S"), said("user", "go")], WRITE)
    bound = replace(free, tool_choice=ToolChoice("required"))
    begun = replace(bound, messages=(*bound.messages, did("I will")))

    names = names_of(WRITE)
    assert instructed(bound, names).messages[:-1] == instructed(free, names).messages
    assert [message.role for message in instructed(begun, names).messages] == [
        "system", "user", "system", "assistant"
    ]  # fmt: skip


def test_what_has_to_be_called_is_last_behind_a_call_without_result() -> None:
    prompt = asked([said("user", "go"), did("I", calls("write"))], WRITE)
    bound = replace(prompt, tool_choice=ToolChoice("required"))

    told = instructed(rendered(bound, names_of(WRITE)), names_of(WRITE)).messages

    assert [message.role for message in told] == ["system", "user", "assistant", "system"]
    assert "Go on from" not in flatten(told)
    assert "Go on from" not in flatten(rendered(prompt, names_of(WRITE)).messages)


@pytest.mark.parametrize("capture", captures(), ids=str)
def test_every_text_of_real_clients_is_in_the_prompt_once(capture: Capture) -> None:
    prompt = parsed(capture)
    names = names_of(*prompt.tools)
    text = "".join(map(texts_of, rendered(prompt, names).messages))

    parts = [part for message in prompt.messages for part in message.parts]
    assert [part for part in parts if text.count(held(part)) != 1] == []
    assert not any(part.id and part.id in text for part in parts if isinstance(part, ToolCallPart))


def held(part: Any) -> str:
    if isinstance(part, ToolCallPart):
        return f'"arguments": {part.arguments}}}'
    if isinstance(part, ToolResultPart):
        return f"<tool_response>\n{part.text}\n</tool_response>"
    return str(part.text)


ids = st.sampled_from(["1", "2", ""])
kinds = st.lists(st.tuples(st.sampled_from("suacrt"), ids), max_size=12)


def conversation(kinds: list[tuple[str, str]]) -> list[Message]:
    """Messages of these kinds, each with a text that no other has."""
    made = []
    for number, (kind, call_id) in enumerate(kinds):
        text = f"«{number}»"
        others = [calls("write", call_id="2")] * (call_id == "1")
        made.append(
            {
                "s": said("system", text),
                "u": said("user", text),
                "a": did(text),
                "c": did(calls("write", f'{{"a": "{text}"}}', call_id), *others),
                "r": result(text, call_id),
                "t": did(text, calls("write", call_id=call_id)),
            }[kind]
        )
    return made


@given(kinds)
def test_nothing_is_lost_or_told_twice_and_only_results_change_places(
    kinds: list[tuple[str, str]],
) -> None:
    """F13"""
    told = "".join(text for _, text in shown(*conversation(kinds)))
    numbers = [int(number) for number in re.findall(r"«(\d+)»", told)]

    assert sorted(numbers) == list(range(len(kinds)))
    assert [n for n in numbers if kinds[n][0] != "r"] == [
        n for n in range(len(kinds)) if kinds[n][0] != "r"
    ]
    assert [kinds[n][0] for n in numbers] == [kind for kind, _ in kinds]


@given(kinds, kinds)
def test_the_same_beginning_gives_the_same_texts_when_turns_are_added(
    first: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    begun = [("s", ""), *first, ("a", "")]
    longer = shown(*conversation([*begun, ("u", ""), *more]))

    assert longer[: len(shown(*conversation(begun)))] == shown(*conversation(begun))


def test_it_is_known_where_what_is_told_began() -> None:
    messages = [
        said("user", "task"),
        did("I look.", calls("a", call_id="1")),
        did(calls("a", call_id="2")),
        result("one", "1"),
        result("two", "2"),
        said("user", "here"),
        did("So."),
    ]
    found = traced(asked(messages), names_of())

    assert [message.role for message in found.told.messages] == [
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert list(found.starts) == [0, 1, 3, 6]
    assert found.answers == {(3, 0): (1, 1), (4, 0): (2, 0)}


def test_instructions_end_where_they_are_said_to_end() -> None:
    prompt = asked([said("system", "S"), said("system", "note"), said("user", "task")], READ)
    told = instructed(prompt, names_of(READ), leading=1).messages

    assert "<tools>" in texts_of(told[0])
    assert told[1] == said("system", "note")
