"""Calls on their way to the client: F8."""

from tests.filters.calling.answers import Answer, call
from tray_app.core.model import (
    Finished,
    TextDelta,
    ToolCallDelta,
)


def test_a_call_is_told_in_pieces_under_the_clients_own_name() -> None:
    """F8"""
    answer = Answer().turn("I look.\n", call("fn_read_file", path="a" * 2_500), "\n")
    deltas = [event for event in answer.events if isinstance(event, ToolCallDelta)]

    assert answer.text == "I look."
    assert answer.calls == [("read_file", {"path": "a" * 2_500})]
    assert deltas[0] == ToolCallDelta(0, "", "call_id1", "read_file")
    assert len(deltas) == 4
    assert all(not delta.id and not delta.name for delta in deltas[1:])
    assert answer.finishes == ["tool_calls"]
    assert isinstance(answer.events[-1], Finished)


def test_several_calls_have_numbers_and_ids_of_their_own() -> None:
    """F8"""
    answer = Answer().turn(call(path="a"), call("list"), call(path="b"))
    ids = [event.id for event in answer.events if isinstance(event, ToolCallDelta) and event.id]

    assert answer.calls == [
        ("read_file", {"path": "a"}),
        ("list", {}),
        ("read_file", {"path": "b"}),
    ]
    assert len(set(ids)) == 3


def test_an_answer_without_a_call_is_only_text() -> None:
    answer = Answer().turn("Hel", "lo\n")

    assert answer.text == "Hello\n"
    assert answer.finishes == ["stop"]


def test_arguments_are_made_to_fit_the_schema() -> None:
    answer = Answer().turn(call("count", count="3", all="yes"))
    assert answer.calls == [("count", {"count": 3, "all": True})]


def test_thoughts_about_a_call_are_thoughts() -> None:
    answer = Answer().turn("Done.", thoughts=f"I could {call(path='a')}")

    assert answer.calls == []
    assert answer.finishes == ["stop"]


def test_where_one_call_is_allowed_the_rest_is_not_awaited() -> None:
    answer = Answer(one_call=True)
    answer.calling(TextDelta(call(path="a") + "\n" + call("list") + "Done."))

    assert answer.ending.over
    assert answer.calls == [("read_file", {"path": "a"})]
    assert answer.finishes == ["tool_calls"]
    answer.turn("more")
    assert answer.finishes == ["tool_calls"]


def test_what_a_model_answers_itself_is_not_awaited() -> None:
    answer = Answer()
    answer.calling(TextDelta(call(path="a") + "\n<tool_response>\nhello\n"))

    assert answer.ending.over
    assert answer.calls == [("read_file", {"path": "a"})]
    assert answer.finishes == ["tool_calls"]


def test_a_value_in_tags_that_shows_calls_is_one_value() -> None:
    """F8"""
    shown = f"Example:\n{call('list')}\n{call(path='x')}\nThen stop."
    text = f"<function=read_file>\n<parameter=path>\n{shown}\n</parameter>\n</function>"
    for answer in (
        Answer().turn(f"<tool_call>\n{text}\n</tool_call>"),
        Answer().turn(text),
        Answer().turn(*f"<tool_call>\n{text}\n</tool_call>"),
    ):
        assert answer.calls == [("read_file", {"path": shown})]
        assert answer.text == ""


def test_nothing_follows_the_end() -> None:
    answer = Answer(one_call=True)
    answer.calling(TextDelta(call(path="a") + "\nNow I wait."))
    assert isinstance(answer.events[-1], Finished)
    assert answer.text == ""
