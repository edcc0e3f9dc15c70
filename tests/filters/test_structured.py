"""Answers in JSON."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Usage,
)
from tray_app.filters.structured import Structured, instructed

WEATHER: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "array", "items": {"$ref": "#/$defs/day"}},
        "source": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
    "$defs": {
        "day": {
            "type": "object",
            "properties": {
                "high": {"type": "integer"},
                "sky": {"type": "string", "enum": ["clear", "cloudy", "rain"]},
            },
            "required": ["high", "sky"],
            "additionalProperties": False,
        }
    },
}
RIGHT = '{"city":"Bern","days":[{"high":7,"sky":"rain"}]}'
WRONG = '{"city":"Bern","days":[{"high":7,"sky":"snow"}]}'


class Answer:
    """What comes out of the filter for the answers that go in."""

    def __init__(self, schema: dict[str, Any] | None = WEATHER) -> None:
        self.events: list[Event] = []
        self.filter = Structured(self.events.append, Format(schema))

    def of(self, *texts: str, end: Finished | None = None) -> str:
        """The text that is handed on for an answer in these deltas."""
        self.events.clear()
        for text in texts:
            self.filter(TextDelta(text))
        self.filter(end or Finished())
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    "text", [RIGHT, json.dumps(json.loads(RIGHT), indent=2) + "\n", " " + RIGHT]
)
def test_json_that_is_right_goes_out_letter_by_letter(text: str) -> None:
    answer = Answer()

    assert answer.of(text) == text
    assert answer.events == [TextDelta(text), Finished()]
    assert answer.filter.again is None


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{RIGHT}\n```",
        f"```\n{RIGHT}\n```\n",
        f"Here is the forecast {{as asked}} [1]:\n\n```json\n{RIGHT}\n```\n\nAnything else?",
        f"Sure! {RIGHT} I hope that helps :-}}",
        f"In the form {{}} it is:\n{RIGHT}",
        f"First [[1]], then {RIGHT}",
        f"{'[1] {x} ' * 99} {RIGHT}",
        RIGHT + "}",
        "{'city': 'Bern', 'days': [{'high': 7, 'sky': 'rain'},],}",
        '{"city": "Bern", "days": [{"high": "7", "sky": "Rain"}]} ',
        '{"city": "Bern", "days": "[{\\"high\\": 7.0, \\"sky\\": \\"rain\\"}]"}',
        '{"city": "Bern", "days": {"high": 7, "sky": "rain"}, "note": "cold"}',
        json.dumps(RIGHT),
        f'{{"arguments": {RIGHT}}}',
        f'```json\n{{"city": "Bern"}}\n```\nOr rather:\n```json\n{RIGHT}\n```',
    ],
)
def test_what_a_model_wraps_around_or_writes_loosely_is_read(text: str) -> None:
    assert Answer().of(text) == RIGHT


def test_nothing_is_handed_on_before_the_end_but_what_is_not_text() -> None:
    answer = Answer()

    for event in (ReasoningDelta("hm"), TextDelta(RIGHT[:9]), Usage(1, 2), TextDelta(RIGHT[9:])):
        answer.filter(event)

    assert answer.events == [ReasoningDelta("hm"), Usage(1, 2)]


def test_what_does_not_fit_is_asked_for_once_more() -> None:
    answer = Answer()

    assert answer.of(WRONG) == ""
    assert answer.events == []
    assert answer.filter.again is not None
    said, asked = answer.filter.again
    assert said == Message("assistant", (TextPart(WRONG),))
    assert asked.role == "user"
    assert (
        'days[0].sky: must be one of "clear", "cloudy", "rain"; got "snow"' in asked.parts[0].text  # type: ignore[union-attr]
    )
    assert answer.of("Sorry. ", RIGHT) == RIGHT
    assert answer.events[-1] == Finished()
    assert answer.filter.again is None


def test_what_does_not_fit_twice_is_an_error_that_names_place_and_rule() -> None:
    answer = Answer()
    answer.of("")

    with pytest.raises(ProxyError) as caught:
        answer.of(WRONG)

    assert caught.value.kind is Kind.STRUCTURED_OUTPUT_FAILED
    assert "days[0].sky: must be one of" in caught.value.text
    assert answer.events == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I cannot do that.", "the whole: holds no JSON"),
        ("See {x} and [y].", "the whole: holds no JSON"),
        ("", "the whole: holds no JSON"),
        ('{"city": "Bern", "days": [', "the whole: is no valid JSON: expected"),
        ('So: {"city": "Bern", "days": [{"high": 7 7}]}', "the whole: is no valid JSON: expected"),
        ('{"city": "Bern"}', "days: is missing"),
        ('As in [1], {"city": "Bern"} {}', "days: is missing"),
        ("[1]", "the whole: must be an object; got an array"),
        ("{x} [1 " * 100 + RIGHT, "the whole: holds no JSON"),
        ("[1] " * 40_000, "the whole: must be an object; got an array"),
    ],
)
def test_the_model_is_told_what_is_wrong(text: str, problem: str) -> None:
    answer = Answer()
    answer.of(text)

    assert answer.filter.again is not None
    assert f"- {problem}" in answer.filter.again[-1].parts[0].text  # type: ignore[union-attr]
    assert len(answer.filter.again) == (2 if text else 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        ("[1" + ",1" * 12_500 + " ") * 40,
        ("[1" + ",1" * 2_500 + " ") * 200,
        "[" * 900 + "1," * 500_000 + "1" + "]" * 900 + "x",
        "[1, 'x " * 150_000,
        "```" + " " * 1_000_000,
    ],
    ids=["long", "many", "deep", "quotes", "space"],
)
def test_a_long_text_is_not_read_over_and_over(text: str) -> None:
    answer = Answer(None)
    began = time.process_time()
    answer.of(text)

    assert answer.filter.again is not None
    assert time.process_time() - began < 5


def test_json_is_found_behind_brackets_that_are_read_to_the_end() -> None:
    right = '{"a":["b"]}'

    assert Answer(None).of(f"Of [1, [1, 2 {right}") == right


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls"])
def test_an_answer_that_was_cut_off_goes_out_as_it_is(reason: Any) -> None:
    answer = Answer()

    assert answer.of(RIGHT[:20], end=Finished(reason)) == RIGHT[:20]
    assert answer.events[-1] == Finished(reason)


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (f"```json\n{RIGHT[:20]}", RIGHT[:20]),
        (f"Here it is [1]: {RIGHT[:20]}", RIGHT[:20]),
        (f"\n{RIGHT}\n``", RIGHT),
        ("Let me think about", ""),
        ("```json\n", ""),
    ],
)
def test_of_an_answer_that_was_too_long_the_json_goes_out(answer: str, left: str) -> None:
    """F9"""
    assert Answer().of(answer, end=Finished("length")) == left
    assert Answer({"type": "string"}).of(answer, end=Finished("length")) == answer


def test_a_lone_text_that_was_too_long_goes_out_as_it_is() -> None:
    """F9"""
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert Answer(schema).of('"Let me th', end=Finished("length")) == '"Let me th'


def test_an_answer_that_calls_tools_is_not_held_to_the_format() -> None:
    answer = Answer()
    call = ToolCallDelta(0, "{}", "call_1", "read")
    events: list[Event] = [TextDelta("First "), TextDelta("a look."), call, TextDelta(" And?")]

    for event in [*events, Finished("stop")]:
        answer.filter(event)

    assert answer.events == [TextDelta("First a look."), *events[2:], Finished("stop")]


def test_any_object_will_do_without_a_schema() -> None:
    assert Answer(None).of("So: {'a': [1, 2,]}!") == '{"a":[1,2]}'
    assert Answer(None).of('{"a": 1, "a": 2}') == '{"a": 1, "a": 2}'

    answer = Answer(None)
    answer.of("[1, 2]")

    assert answer.filter.again is not None
    assert "must be an object" in answer.filter.again[-1].parts[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("schema", "text", "json_text"),
    [
        ({"type": "array", "items": {"type": "integer"}}, "Primes: [2, 3, 5].", "[2,3,5]"),
        ({"type": "string", "enum": ["spam", "ham"]}, "Spam\n", '"spam"'),
        ({"enum": ["spam", "ham"]}, '"ham"', '"ham"'),
        ({"type": "integer"}, "42", "42"),
        ({"items": {"type": "string"}}, '["\\ud800", 5]', '["\\ud800","5"]'),
        ({"items": {"type": "string"}}, "[1e400, 5]", '["1e400","5"]'),
        ({"type": "boolean"}, "True", "true"),
        ({"type": "string"}, "Grüezi", '"Grüezi"'),
        ({"anyOf": [{"type": "object"}, {"type": "null"}]}, "null", "null"),
        ({}, '["a"]', '["a"]'),
        ({"type": "strange", "$ref": "nowhere"}, '{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_schema_need_not_be_of_an_object(
    schema: dict[str, Any], text: str, json_text: str
) -> None:
    assert Answer(schema).of(text) == json_text


def test_what_no_encoder_would_write_is_not_handed_on() -> None:
    text = Answer(None).of('x {"a": "\\ud800", "b": [1e400, NaN]}')

    assert json.loads(text.encode(), parse_constant=pytest.fail) == {
        "a": "\ufffd",
        "b": ["1e400", "NaN"],
    }


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["```", "{", "]}", '"', "\\", "```json\n{"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
containers = st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=4), values, max_size=4)
around = st.sampled_from(
    [
        ("", ""),
        ("```json\n", "\n```"),
        ("```\n", "\n```\nDone."),
        ("Here: ", " Good?"),
        ("\n", "\n\n"),
    ]
)


@given(containers, around, st.sampled_from([None, 2]), st.booleans(), st.integers(1, 9))
def test_any_json_comes_out_equal_wherever_it_is_cut(
    value: Any, words: tuple[str, str], indent: int | None, ascii_only: bool, size: int
) -> None:
    text = words[0] + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + words[1]
    schema = None if isinstance(value, dict) else {"type": "array"}

    out = Answer(schema).of(*(text[at : at + size] for at in range(0, len(text), size)))

    assert json.loads(out) == value


@given(st.text(alphabet="{}[]\"':,`a1\n\\ ", max_size=40))
def test_whatever_is_answered_it_is_json_or_asked_for_again(text: str) -> None:
    answer = Answer(None)

    out = answer.of(text)

    if answer.filter.again is None:
        assert isinstance(json.loads(out), dict)
    else:
        assert answer.events == []


def test_the_format_is_asked_for_behind_the_first_system_messages() -> None:
    system, question = (
        Message("system", (TextPart("Be terse."),)),
        Message("user", (TextPart("?"),)),
    )
    answered = Message("assistant", (TextPart(RIGHT),))
    prompt = Prompt("qwen", (system, question), format=Format(WEATHER, "weather"))
    later = Prompt("qwen", (system, question, answered, question), format=prompt.format)

    first, second = instructed(prompt).messages, instructed(later).messages

    assert (first[0], first[2]) == (system, question)
    assert first[1].role == "system"
    assert second[:3] == first
    text = first[1].parts[0].text  # type: ignore[union-attr]
    schema = {key: value for key, value in WEATHER.items() if key != "$schema"}
    assert text.endswith(f"\n<schema>\n{json.dumps(schema)}\n</schema>")
    assert 'schema below ("weather") and nothing else' in text


def test_any_object_is_asked_for_by_the_word_json() -> None:
    question = Message("user", (TextPart("?"),))
    prompt = Prompt("qwen", (question,), tools=(Tool("read"),), format=Format())

    asked, last = instructed(prompt).messages

    assert last == question
    assert "one JSON object and nothing else" in asked.parts[0].text  # type: ignore[union-attr]
    assert "call functions" in asked.parts[0].text  # type: ignore[union-attr]


def test_a_prompt_without_a_format_stays_the_same() -> None:
    prompt = Prompt("qwen", (Message("user", (TextPart("?"),)),))

    assert instructed(prompt) is prompt
