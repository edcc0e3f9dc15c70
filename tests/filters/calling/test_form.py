"""The form of tools, calls and results that the models were trained on."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.calling.conversations import names_of
from tray_app.core.model import Tool, ToolChoice
from tray_app.filters.calling.form import Grammar, answered, called, ending, thought, told
from tray_app.filters.calling.signatures import Level, Telling

WRITE = Tool("write", "Writes.", {"type": "object", "properties": {"path": {"type": "string"}}})
READ = Tool("read_file", "Reads.", {"type": "object", "properties": {}})
WRITE_LINE = (
    '{"type": "function", "function": {"name": "write", "description": "Writes.", '
    '"parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}}'
)
hostile = st.lists(
    st.sampled_from(
        ["</tool_call>", "</tool_response>", "<tool_response-2>", "</TOOL_CALL", "</tools>",
         "<tool_call>", "</parameter>", "</function>", "<parameter=x>", "</think>", "<", "/",
         "\\", '"', "\n", "x", "é"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


def test_tools_are_told_in_the_words_of_the_models_template() -> None:
    assert told([WRITE, WRITE], names_of(WRITE), "json") == (
        "# Tools\n\n"
        "You may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n"
        "<tools>\n"
        f"{WRITE_LINE}\n"
        f"{WRITE_LINE}\n"
        "</tools>\n\n"
        "For each function call, return a json object with function name and arguments within "
        "<tool_call></tool_call> XML tags:\n"
        "<tool_call>\n"
        '{"name": <function-name>, "arguments": <args-json-object>}\n'
        "</tool_call>"
    )


def test_the_coders_template_has_other_words_and_the_same_lines() -> None:
    block = told([WRITE], names_of(WRITE), "xml")

    assert f"functions:\n\n<tools>\n{WRITE_LINE}\n</tools>\n\nIf you choose" in block
    assert block.endswith("</IMPORTANT>")


def test_a_tool_that_goes_out_under_another_name_is_told_with_its_own() -> None:
    block = told([READ, WRITE], names_of(READ, WRITE), "json")

    assert '"name": "fn_read_file"' in block
    assert '"name": "read_file"' not in block
    assert block.endswith(
        "\n\nYour instructions may use other names: read_file means fn_read_file."
    )


def test_typed_tools_are_apart_by_an_empty_line() -> None:
    block = told([WRITE, READ], names_of(READ), "json", Telling(Level.TYPED))

    assert (
        "<tools>\n// Writes.\nfunction write(args: {path?: string})\n\n"
        "// Reads.\nfunction fn_read_file(args: {})\n</tools>"
    ) in block


@pytest.mark.parametrize("level", Level)
def test_no_description_ends_the_list_of_tools(level: Level) -> None:
    tool = Tool("f", "a\n</tools>\n</TOOLS-2> </tool_call>", {})
    block = told([tool, WRITE], names_of(), "json", Telling(level))

    inside = block.partition("<tools>\n")[2].partition("</tools>")[0]
    assert "write" in inside


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ('{"path":"a",  "n": 1.0e2}', '{"path":"a",  "n": 1.0e2}'),
        (' {"a":\n1}\n', '{"a":\n1}'),
        ("", "{}"),
        ("null", "{}"),
        ('""', "{}"),
        (r'"{\"a\": 1}"', '{"a": 1}'),
        ("[1]", '{"arguments": [1]}'),
        ('{"a": 1', '{"arguments": "{\\"a\\": 1"}'),
        (r'{"a": "\ud800"}', '{"a": "\ufffd"}'),
        ("{'a': 1, b: True,}", '{"a": 1, "b": true}'),
        ('{"a": "one\ntwo", "n": NaN}', '{"a": "one\\ntwo", "n": "NaN"}'),
        ("\"{'a': 1}\"", '{"a": 1}'),
        ('{"a": 1} and more', '{"arguments": "{\\"a\\": 1} and more"}'),
        ("ls -la", '{"arguments": "ls -la"}'),
        ("[" * 9_999, '{"arguments": "' + "[" * 9_999 + '"}'),
    ],
)
def test_arguments_stay_letter_by_letter_or_become_an_object(arguments: str, written: str) -> None:
    assert called("f", arguments, "json") == (
        f'<tool_call>\n{{"name": "f", "arguments": {written}}}\n</tool_call>'
    )


def test_a_call_in_xml_has_raw_texts_and_other_values_in_json() -> None:
    arguments = r'{"path": "a.txt", "text": "\n1 < 2\n", "lines": [1,  2], "deep": {"a": "b"}}'

    assert called("write", arguments, "xml") == (
        "<tool_call>\n<function=write>\n"
        "<parameter=path>\na.txt\n</parameter>\n"
        "<parameter=text>\n\n1 < 2\n\n</parameter>\n"
        "<parameter=lines>\n[1,  2]\n</parameter>\n"
        '<parameter=deep>\n{"a": "b"}\n</parameter>\n'
        "</function>\n</tool_call>"
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("f", {"a": "x</parameter>y"}),
        ("f", {"a": "<function=g>"}),
        ("f", {"a": "</tool_call"}),
        ("f", {"a>b": 1}),
        ("f", {"a\nb": 1}),
        ("f", {"": 1}),
        ("f g>", {}),
    ],
)
def test_a_call_that_xml_cannot_hold_is_in_json(name: str, arguments: dict[str, Any]) -> None:
    assert json.loads(inside(called(name, json.dumps(arguments), "xml"))) == {
        "name": name,
        "arguments": arguments,
    }


def inside(call: str) -> str:
    """What a careless reader takes for the inside of a call: all up to the first end of one."""
    found = re.match(r"<tool_call>\n(.*?)</tool_call", call, re.DOTALL | re.IGNORECASE)
    assert found is not None
    return found[1]


@given(hostile, st.dictionaries(hostile, hostile | st.lists(hostile, max_size=2), max_size=3))
def test_no_call_ends_before_its_end(name: str, arguments: dict[str, Any]) -> None:
    call = called(name, json.dumps(arguments, ensure_ascii=False), "json")

    assert json.loads(inside(call)) == {"name": name, "arguments": arguments}


@given(st.dictionaries(st.sampled_from(["a", "b-c"]), hostile, min_size=1, max_size=2))
def test_a_call_in_xml_gives_every_text_back(arguments: dict[str, str]) -> None:
    body = inside(called("f", json.dumps(arguments), "xml"))

    found = re.findall(r"<parameter=(.*?)>\n(.*?)\n</parameter>", body, re.DOTALL)
    assert (dict(found) if body.startswith("<function") else json.loads(body)["arguments"]) == (
        arguments
    )


@given(hostile)
def test_no_result_and_no_thought_ends_before_its_end(text: str) -> None:
    for element in (answered(text), thought(text).removesuffix("\n")):
        tag, _, rest = element.partition("\n")
        assert re.fullmatch(r"<(tool_response|think)(-\d+)?>", tag)
        assert rest == f"{text}\n</{tag[1:]}"
        assert tag[1:] not in text


@pytest.mark.parametrize(
    ("choice", "one_call", "line"),
    [
        (ToolChoice(), False, ""),
        (ToolChoice("none"), True, ""),
        (ToolChoice(), True, "Call one function at most in your next message."),
        (ToolChoice("required"), False,
         "You must call a function now: answer with <tool_call> blocks only."),
        (ToolChoice("required"), True,
         "You must call a function now: answer with one <tool_call> block only."),
        (ToolChoice("required", "f"), False,
         "You must call the function f now: answer with <tool_call> blocks only."),
    ],
)  # fmt: skip
def test_the_end_says_what_has_to_be_called(choice: ToolChoice, one_call: bool, line: str) -> None:
    assert ending(choice, one_call=one_call) == line


@pytest.mark.parametrize("grammar", ["json", "xml"])
def test_names_stand_in_a_call_as_they_go_out(grammar: Grammar) -> None:
    assert "fn_read_file" in called("fn_read_file", "{}", grammar)
