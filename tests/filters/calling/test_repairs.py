"""Calls that went wrong, and what the model is asked then: F8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.calling.answers import COUNT, Answer, call, said
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Event,
    Finished,
    Prompt,
    ReasoningDelta,
    TextDelta,
    Tool,
    ToolChoice,
)
from tray_app.filters.calling.calling import Calling
from tray_app.filters.calling.names import Names
from tray_app.filters.ending import Ending


def test_the_same_call_twice_in_a_row_was_meant_once() -> None:
    answer = Answer().turn(call(path="a"), "Sorry, again:", call(path="a"), call(path="b"))
    assert answer.calls == [("read_file", {"path": "a"}), ("read_file", {"path": "b"})]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (call("reed", path="a"), "There is no tool named 'reed'. The tools are: fn_read_file, "),
        (call(), "do not fit its parameters: path"),
        (call("count", count="many"), "count"),
        ("<tool_call>\n{'name': }\n</tool_call>", "The call cannot be read"),
        ("<tool_response>\nhello\n</tool_response>", "the result of a call that you have not made"),
    ],
)
def test_a_wrong_call_is_asked_for_once_more(broken: str, words: str) -> None:
    answer = Answer().turn("I look.\n", broken, "And now?")
    (role, text), (user, told) = said(answer.asked_again)

    assert (role, user) == ("assistant", "user")
    assert text.startswith("I look.\n<tool_")
    assert words in told
    assert answer.finishes == []

    answer.turn("Sorry:\n", call(path="a"), "Better?")

    assert answer.text == "I look."
    assert answer.calls == [("read_file", {"path": "a"})]
    assert answer.finishes == ["tool_calls"]


def test_good_calls_before_a_wrong_one_are_kept_and_not_asked_for_again() -> None:
    answer = Answer().turn(call(path="a"), call("count"))
    assert "before it are accepted" in said(answer.asked_again)[-1][1]

    answer.turn(call("count", count=1))

    assert answer.calls == [("read_file", {"path": "a"}), ("count", {"count": 1})]


def test_a_call_that_stays_wrong_is_an_error() -> None:
    answer = Answer().turn(call("count"))
    assert answer.asked_again

    with pytest.raises(ProxyError) as caught:
        answer.turn(call("count"))

    assert caught.value.kind is Kind.TOOL_CALL_INVALID
    assert "count" in caught.value.text
    assert answer.calls == []


def test_an_answer_in_words_is_no_repair_where_a_tool_was_called_wrongly() -> None:
    unknown = Answer().turn(call("reed"))
    assert unknown.asked_again
    unknown.turn("I cannot look that up.")

    assert unknown.text == "I cannot look that up."
    assert unknown.finishes == ["stop"]

    shown = Answer().turn('So:\n<tool_call>\n{"name": <name>, "arguments": <args>}\n</tool_call>')
    assert shown.asked_again
    shown.turn("That was an example.")

    assert shown.text == "So:\n\nThat was an example."
    assert shown.finishes == ["stop"]

    broken = '<tool_call>\n{"name": "read_file", "arguments": <path>}\n</tool_call>'
    wrong_ones = [call("count"), broken, broken[:45]]
    for first, second in [
        *((one, "I will.") for one in wrong_ones),
        (f"So:\n{call('reed')}", " \n"),
    ]:
        wrong = Answer().turn(first)
        assert wrong.asked_again
        with pytest.raises(ProxyError):
            wrong.turn(second)


@pytest.mark.parametrize("cut", range(1, len(call(path="ab")) - len("\n</tool_call>")))
def test_half_a_call_is_gone_on_with(cut: int) -> None:
    """F8"""
    whole = call(path="ab")
    answer = Answer().turn("I look.", whole[:cut])
    if answer.calling.again is None:
        assert cut < 6
        return
    assert said(answer.asked_again) == [("assistant", "I look." + whole[:cut])]

    answer.turn(whole[cut:])

    assert answer.text == "I look."
    assert answer.calls == [("read_file", {"path": "ab"})]
    assert answer.finishes == ["tool_calls"]


@pytest.mark.parametrize(
    "anew",
    [
        call(path="ab"),
        f"I write it again:\n{call(path='ab')}",
        '{"name": "read_file", "arguments": {"path": "ab"}}\n</tool_call>',
        "<function=read_file>\n<parameter=path>\nab\n</parameter>\n</function>\n</tool_call>",
    ],
)
def test_half_a_call_may_be_begun_anew(anew: str) -> None:
    for half in ('<tool_call>\n{"name": "read_fi', "<tool_call>\n<function=read_file>\n<para"):
        answer = Answer().turn(half)
        assert answer.asked_again

        answer.turn(*anew)

        assert answer.calls == [("read_file", {"path": "ab"})]


def test_half_a_call_that_stays_half_is_a_length_or_an_error() -> None:
    """F8"""
    half = '<tool_call>\n{"name": "read_file", "arguments": {"path": "a'
    short = Answer().turn("Well.", half, reason="length")
    assert short.asked_again
    short.turn("bc", reason="length")
    assert short.finishes == ["length"]
    assert short.calls == []

    broken = Answer().turn(half)
    assert broken.asked_again
    with pytest.raises(ProxyError) as caught:
        broken.turn("bc")
    assert caught.value.kind is Kind.TOOL_CALL_INVALID


def test_half_a_call_that_the_clients_limit_cut_is_a_length() -> None:
    answer = Answer()
    answer.calling(TextDelta('Well.<tool_call>\n{"name": "re'))
    answer.ending.over = True
    answer.calling(Finished("length"))

    assert answer.calling.again is None
    assert answer.finishes == ["length"]
    assert answer.text == "Well."


@pytest.mark.parametrize("name", ["", "count"])
def test_a_call_that_has_to_be_is_asked_for_once(name: str) -> None:
    choice = ToolChoice("required", name)
    answer = Answer(tool_choice=choice).turn("No.")
    assert "You called no tool" in said(answer.asked_again)[-1][1]
    answer.turn(call("count", count=1))
    assert answer.calls == [("count", {"count": 1})]

    stubborn = Answer(tool_choice=choice).turn("No.")
    assert stubborn.asked_again
    with pytest.raises(ProxyError) as caught:
        stubborn.turn("No.")
    assert caught.value.kind is Kind.TOOL_CALL_MISSING


def test_only_the_tool_that_was_named_may_be_called() -> None:
    answer = Answer(tool_choice=ToolChoice("required", "count")).turn(call(path="a"))
    assert "Only count may be called" in said(answer.asked_again)[-1][1]


def test_a_tool_by_its_own_name_for_a_key_is_called() -> None:
    for answer in (Answer().turn('{"read_file": "a"}'), Answer().turn(*'{"read_file": "a"}')):
        assert answer.calls == [("read_file", {"path": "a"})]


def test_a_call_among_thoughts_and_no_answer_is_asked_for() -> None:
    empty = ProxyError(Kind.UPSTREAM_EMPTY)
    answer = Answer()
    answer.calling(ReasoningDelta("I will <tool"))
    answer.calling(ReasoningDelta("_call> it"))

    assert not answer.calling.rescue(ProxyError(Kind.UPSTREAM_ERROR))
    assert answer.calling.rescue(empty)
    assert [role for role, _ in said(answer.asked_again)] == ["user"]
    answer.turn(call(path="a"))
    assert answer.calls == [("read_file", {"path": "a"})]
    assert not Answer().calling.rescue(empty)

    # They may have stood in the text, where the upstream takes them for an answer.
    told = said(Answer().turn(thoughts=call(path="a")).asked_again)
    assert told[0][1].startswith("You wrote a call in your thoughts and then answered nothing.")


ANSWERS = st.lists(
    st.sampled_from(
        ["Hi. ", "\n", call(path="a"), call("list"), call("count", count="2"), call("nope"),
         call("count"), "<tool_call>", "</tool_call>", "<function=list>", "</function>", "```\n",
         "<tool_response>", '{"name": "list"}', "<parameter=path>", "a < b"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@given(st.lists(ANSWERS, min_size=3, max_size=3), st.data())
def test_whatever_a_model_writes_a_client_gets_whole_calls_or_an_error(
    turns: list[str], data: st.DataObject
) -> None:
    """F8"""
    answer = Answer()
    failed = False
    for text in turns:
        cut = data.draw(st.integers(0, len(text)))
        try:
            answer.turn(text[:cut], text[cut:])
        except ProxyError as error:
            failed = error.kind in {Kind.TOOL_CALL_INVALID, Kind.UPSTREAM_EMPTY}
            assert failed
            break
        if answer.calling.again is None:
            break
        assert answer.asked_again is not None

    for name, arguments in answer.calls:
        assert isinstance(arguments, dict)
        if name == "read_file":
            assert isinstance(arguments["path"], str)
        elif name == "count":
            assert isinstance(arguments["count"], int)
    if not failed:
        assert answer.finishes == ["tool_calls" if answer.calls else "stop"]


def test_a_strict_schema_requires_what_may_be_left_out() -> None:
    """Roo Code names every parameter of its schemas as required (seen: 2026-11-20)."""
    schema = {**COUNT, "required": ["count", "all"]}
    tools = (Tool("count", "", schema, strict=True),)
    out: list[Event] = []
    asked = Prompt("m", (), tools=tools)
    calling = Calling(out.append, asked, Names(tools, frozenset()), lambda: "id", Ending())
    calling(TextDelta(call("count", count=1)))
    calling(Finished())

    assert calling.again is None
    assert out[-1] == Finished("tool_calls")


def test_a_repair_that_writes_all_calls_again_repeats_none() -> None:
    answer = Answer().turn(call(path="a"), call("list"), call("count"))
    assert answer.asked_again

    answer.turn(call(path="a"), call("list"), call("count", count=2))

    assert answer.calls == [
        ("read_file", {"path": "a"}),
        ("list", {}),
        ("count", {"count": 2}),
    ]


def test_half_a_call_that_is_gone_on_with_may_be_followed_by_another() -> None:
    answer = Answer().turn('<tool_call>\n{"name": "read_file", "arguments": {"path": "one')
    assert answer.asked_again

    answer.turn(' two"}}\n</tool_call>\n', call("list"))

    assert answer.calls == [("read_file", {"path": "one two"}), ("list", {})]


@pytest.mark.parametrize("cut", ["</tool_call>\nand then wait.\nMore", "</function>\nmore"])
def test_a_value_in_tags_is_never_cut_at_a_tag_in_it(cut: str) -> None:
    """F8"""
    begun = "<tool_call>\n<function=read_file>\n<parameter=path>\n# How\nEnd with "
    for reason in ("stop", "length"):
        answer = Answer().turn(begun + cut, reason=reason)
        assert answer.asked_again
        assert answer.calls == []


@pytest.mark.parametrize(
    ("answer", "words", "kind"),
    [
        ("</tool_call>\n", "nothing in it but tags", Kind.TOOL_CALL_INVALID),
        ("<tool_call>\n</tool_call>", "nothing in it but tags", Kind.TOOL_CALL_INVALID),
        ("\n\n", "You answered nothing", Kind.UPSTREAM_EMPTY),
    ],
)
def test_an_answer_of_mere_tags_is_no_empty_one(answer: str, words: str, kind: Kind) -> None:
    """An empty one may be a silent block of the site."""
    asked = Answer().turn(answer)
    assert words in said(asked.asked_again)[-1][1]
    with pytest.raises(ProxyError) as caught:
        asked.turn(answer)
    assert caught.value.kind is kind


def test_thoughts_that_stood_in_the_text_alone_are_no_empty_answer() -> None:
    """The site has answered something, and is left in peace for no silence."""
    answer = Answer().turn(thoughts="Hm.")
    assert "You answered nothing. Answer now" in said(answer.asked_again)[-1][1]
    with pytest.raises(ProxyError) as caught:
        answer.turn(thoughts="Hm.")
    assert caught.value.kind is Kind.TOOL_CALL_INVALID


def test_words_are_no_answer_where_a_call_has_to_be() -> None:
    answer = Answer(tool_choice=ToolChoice("required")).turn(call("nope"))
    assert answer.asked_again
    with pytest.raises(ProxyError):
        answer.turn("I cannot.")


def test_nothing_is_asked_again_once_the_answer_was_cut() -> None:
    answer = Answer()
    answer.calling(TextDelta("Well. " + call("count")))
    answer.ending.over = True
    answer.calling(Finished("length"))

    assert answer.calling.again is None
    assert answer.finishes == ["length"]


def test_who_answered_nothing_may_answer_in_words() -> None:
    answer = Answer().turn("</tool_call>")
    assert answer.asked_again

    answer.turn("Here I am.")

    assert answer.text == "Here I am."
    assert answer.finishes == ["stop"]
