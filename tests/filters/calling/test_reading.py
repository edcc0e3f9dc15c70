"""What a model's call says."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.calling.hostile import anything, blocks, names
from tray_app.filters.calling.lenient import Fault, Malformed, Unfinished
from tray_app.filters.calling.reading import RawCall, read_calls

ONE = '{"name": "write", "arguments": {"path": "a", "n": 1}}'
WRITE = RawCall("write", {"path": "a", "n": 1})
ENCODED = {"name": "write", "arguments": json.dumps(WRITE.arguments)}


# Each form, with its number among the faults that were reported of these models and with the place
# of one report, and what it says.
FORMS: dict[str, tuple[str, list[RawCall]]] = {
    "Hermes JSON": (f"\n{ONE}\n", [WRITE]),
    "several objects": (f"{ONE}\n{ONE}", [WRITE, WRITE]),
    "several objects and commas": (f"{ONE},\n{ONE};", [WRITE, WRITE]),
    "a list": (f"[{ONE}, {ONE}]", [WRITE, WRITE]),
    "a message of clients' APIs": (
        json.dumps({"tool_calls": [{"id": "call_1", "type": "function", "function": ENCODED}]}),
        [WRITE],
    ),
    "a message that says nothing else": (
        f'{{"role": "assistant", "content": null, "tool_calls": [{ONE}, {ONE}]}}',
        [WRITE, WRITE],
    ),
    "an argument with the name of the list of calls": (
        '{"name": "log", "tool_calls": [1]}',
        [RawCall("log", {"tool_calls": [1]})],
    ),
    "a fence": (f"```json\n{ONE}\n```", [WRITE]),
    "19 a fence, codex#2229": (f"```\n{ONE}\n```\n", [WRITE]),
    "comments": (f"// now\n{ONE}\n# done", [WRITE]),
    "a tag twice": (f"<tool_call>\n{ONE}\n</tool_call>", [WRITE]),
    "13 a brace too many, langchain-qwq#30": (ONE + "}", [WRITE]),
    "20 braces too many, opencode#1406": (ONE + "}}\n", [WRITE]),
    "a brace too few": ('{"name": "write", "arguments": {"path": "a", "n": 1}', [WRITE]),
    "14 encoded twice, smolagents PR 1003": (
        json.dumps({"name": "write", "arguments": json.dumps(WRITE.arguments)}),
        [WRITE],
    ),
    "14 encoded three times": (
        json.dumps({"name": "write", "arguments": json.dumps(json.dumps(WRITE.arguments))}),
        [WRITE],
    ),
    "14 encoded as a whole, antigravity2api PR 81": (json.dumps(ONE), [WRITE]),
    "15 nested in itself, Rapid-MLX#2656": (
        f'{{"name": "write", "arguments": {ONE}}}\n</parameter>',
        [WRITE],
    ),
    "15 closed by a tag, Rapid-MLX#2656": (
        '{"name": "w", "arguments": {"n": 1}\n</parameter>',
        [RawCall("w", {"n": 1})],
    ),
    "a call of another tool stays an argument": (
        f'{{"name": "run", "arguments": {ONE}}}',
        [RawCall("run", {"name": "write", "arguments": WRITE.arguments})],
    ),
    "an argument that has the name of its tool": (
        '{"name": "task", "arguments": {"name": "task", "input": "hello"}}',
        [RawCall("task", {"name": "task", "input": "hello"})],
    ),
    "an argument that has the name of its tool, and no text": (
        '{"name": "task", "arguments": {"name": "task", "input": ""}}',
        [RawCall("task", {"name": "task", "input": ""})],
    ),
    "15 nested under another key": (
        '{"name": "w", "arguments": {"name": "w", "input": {"a": 1}}}',
        [RawCall("w", {"a": 1})],
    ),
    "other keys": ('{"tool": "write", "args": {"path": "a", "n": 1}}', [WRITE]),
    "more keys": ('{"function_name": "write", "input": {"path": "a", "n": 1}}', [WRITE]),
    "parameters": ('{"tool_name": "write", "parameters": {"path": "a", "n": 1}}', [WRITE]),
    "the client's own shape": (
        (
            '{"type": "function", "id": "call_1", "function": {"name": "write", "arguments": '
            '"{\\"path\\": \\"a\\", \\"n\\": 1}"}}'
        ),
        [WRITE],
    ),
    "no arguments": ('{"name": "list"}', [RawCall("list", {})]),
    "arguments of nothing": ('{"name": "list", "arguments": null}', [RawCall("list", {})]),
    "arguments of no text": ('{"name": "list", "arguments": ""}', [RawCall("list", {})]),
    "flat": ('{"name": "write", "path": "a", "n": 1}', [WRITE]),
    "flat, with a kind": ('{"type": "function", "name": "write", "path": "a", "n": 1}', [WRITE]),
    "flat, with a key that may mean arguments": (
        '{"name": "run", "input": "print(1)"}',
        [RawCall("run", {"input": "print(1)"})],
    ),
    "flat, with another key that may": (
        '{"name": "get", "url": "u", "params": {"q": 1}}',
        [RawCall("get", {"url": "u", "params": {"q": 1}})],
    ),
    "26 prose behind it": (f"{ONE}\nI wait for the result.", [WRITE]),
    "an argument beside the others": (
        '{"id": "x", "name": "write", "arguments": {"path": "a"}, "n": 1}',
        [WRITE],
    ),
    "28 as Python prints it, SGLang": (
        "{'name': 'w', 'arguments': {'a': True}}",
        [RawCall("w", {"a": True})],
    ),
    "24 line ends and escapes that are none, Qwen-Agent": (
        '{"name": "w", "arguments": {"a": "\\d+\n"}}',
        [RawCall("w", {"a": "\\d+\n"})],
    ),
    "24 pairs in a list, DeepSeek-Reasonix PR 2839": (
        '{"name": "w", "arguments": {"a": ["b": "c"]}}',
        [RawCall("w", {"a": [{"b": "c"}]})],
    ),
    "24 pairs in a list for an object": (
        '{"name": "w", "arguments": ["a": 1, "b": 2]}',
        [RawCall("w", {"a": 1, "b": 2})],
    ),
    "22 a wrapper, ollama#16383": (
        f"<function_invocation>\n{ONE}\n</function_invocation>",
        [WRITE],
    ),
    "a name first": ('write\n{"path": "a", "n": 1}', [WRITE]),
    "a name and parentheses": ('write({"path": "a", "n": 1})', [WRITE]),
    "a language first": (f"json\n{ONE}", [WRITE]),
    "only a name": ("list", [RawCall("list", {})]),
    "JSON in a tag": ('<function=write>{"path": "a", "n": 1}</function>', [WRITE]),
}


@pytest.mark.parametrize(("inner", "calls"), FORMS.values(), ids=FORMS)
def test_every_form_that_was_seen_is_understood(inner: str, calls: list[RawCall]) -> None:
    assert read_calls(inner, closed=True) == calls


REFUSED = {
    "nothing": ("", "no call was found"),
    "prose": ("I will do it.", "expected the arguments of I as a JSON object"),
    "21 no name, opencode#1034": ('{"Bash": "LS"}', 'has no "name"'),
    "12 an empty object, 1Cat-vLLM PR 552": ("{}", 'has no "name"'),
    "no object": ("[1]", "expected an object"),
    "arguments that are none": ('{"name": "w", "arguments": [1, 2]}', "of w are not a JSON object"),
    "arguments of text": ('{"name": "w", "arguments": "ls -l"}', "of w are not valid JSON"),
    "encoded too often": (
        json.dumps({"name": "w", "arguments": json.dumps(json.dumps(json.dumps(json.dumps({}))))}),
        "of w are not a JSON object",
    ),
    "another call in prose": (f"{ONE}\nNext: {ONE}", "expected the arguments of Next as"),
    "text behind the arguments": (
        '{"name": "w", "arguments": "{} x"}',
        "text follows the arguments of w",
    ),
    "bad arguments": (
        '{"name": "w", "arguments": {"a": 1 x}}',
        "the arguments of w are not valid JSON: expected ',' or '}', not 'x}}', at character 35",
    ),
    "a string without end": ('{"name": "w", "arguments": {"a": "x', "of w are not valid JSON"),
    "arguments behind the call": (f'{ONE}, "content": "x"}}', "not 'content'"),
}


@pytest.mark.parametrize(("inner", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_understood_says_what_is_wrong(inner: str, message: str) -> None:
    with pytest.raises(Malformed) as told:
        read_calls(inner, closed=True)

    assert message in str(told.value)


PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}}
DEFINED = {"name": "list", "description": "lists files", "parameters": PARAMETERS}
NO_CALLS: dict[str, Any] = {
    "no arguments": {"name": "list"},
    "a package": {"name": "list", "version": "1.0.0"},
    "a package in a list": [{"name": "list", "version": "1.0.0"}],
    "an input that is none": {"name": "list", "input": "src/list.js"},
    "a tool": DEFINED,
    "a tool with its kind": {"type": "function", "function": DEFINED},
    "a tool without a description": {"name": "list", "parameters": PARAMETERS},
    "a tool without parameters": {"name": "list", "parameters": {"type": "object"}},
}


@pytest.mark.parametrize("value", NO_CALLS.values(), ids=NO_CALLS)
def test_json_without_a_tag_is_no_call_where_it_has_no_arguments(value: Any) -> None:
    with pytest.raises(Malformed, match=r"has no .arguments."):
        read_calls(json.dumps(value), closed=True, demands_arguments=True)

    assert read_calls(json.dumps(value), closed=True)[0].name == "list"


UNTAGGED: dict[str, Any] = {
    "arguments": {"name": "list", "arguments": {"path": "a"}},
    "arguments of nothing": {"name": "list", "arguments": {}},
    "arguments like a schema": {"name": "list", "arguments": PARAMETERS},
    "parameters": {"name": "list", "parameters": {"type": "f"}},
    "in a list": [{"name": "list", "args": {}}],
    "an argument beside": {"name": "list", "arguments": {"path": "a"}, "version": 1},
    "with its kind": {"type": "function", "function": {"name": "list", "arguments": "{}"}},
    "flat in tags": "<function=list>\n</function>",
}


@pytest.mark.parametrize("value", UNTAGGED.values(), ids=UNTAGGED)
def test_json_without_a_tag_is_a_call_where_it_has_arguments(value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)

    assert read_calls(text, closed=True, demands_arguments=True) == read_calls(text, closed=True)


@pytest.mark.parametrize("call", [ONE, "<function=w>\n</function>"])
def test_prose_behind_an_open_block_is_told_where_it_begins(call: str) -> None:
    with pytest.raises(Malformed) as told:
        read_calls(f"{call}\nI wait.", closed=False)

    assert told.value.at == len(call) + 1
    assert read_calls(call, closed=False) == read_calls(f"{call}\nI wait.", closed=True)


OPEN = ["", "`", "<func", "<function=w>", "<function=w>\n<parameter=a>\nx\n</parameter>\n", "wri"]


@pytest.mark.parametrize("inner", [*OPEN, "w({", "w\n<arg_key>a</arg_key>\n<arg_v", f"[{ONE}"])
def test_a_block_without_its_end_may_be_unfinished(inner: str) -> None:
    with pytest.raises(Unfinished):
        read_calls(inner, closed=False)


STYLES: list[dict[str, Any]] = [
    {},
    {"indent": 2},
    {"separators": (",", ":")},
    {"ensure_ascii": False, "indent": "\t"},
]


@given(names, anything, st.sampled_from(STYLES), st.booleans())
def test_a_call_in_json_is_read_as_it_was_meant(
    name: str, arguments: dict[str, Any], style: dict[str, Any], closed: bool
) -> None:
    text = json.dumps({"name": name, "arguments": arguments}, **style)

    assert read_calls(f"\n{text}\n", closed=closed) == [RawCall(name, arguments)]


@given(names, anything, st.sampled_from(STYLES))
def test_a_cut_call_in_json_is_whole_or_unfinished(
    name: str, arguments: dict[str, Any], style: dict[str, Any]
) -> None:
    text = json.dumps({"name": name, "arguments": arguments}, **style)

    for end in range(len(text)):
        with pytest.raises(Unfinished):
            read_calls(text[:end], closed=False)


@given(names, anything)
def test_a_call_as_python_prints_it_is_read_as_it_was_meant(
    name: str, arguments: dict[str, Any]
) -> None:
    text = repr({"name": name, "arguments": arguments})

    assert read_calls(text, closed=True) == [RawCall(name, arguments)]
    for end in range(len(text)):
        with pytest.raises(Unfinished):
            read_calls(text[:end], closed=False)


@given(blocks, st.booleans())
def test_any_text_holds_calls_or_a_fault(text: str, closed: bool) -> None:
    with suppress(Malformed if closed else Fault):
        assert read_calls(text, closed=closed)


@pytest.mark.parametrize("unit", [ONE, "```", "a ", '"', '//"\n', "w(", "]", "/*", "'a'"])
@pytest.mark.parametrize("start", ["", '{"name": "w", "a": "', "{'name': 'w', 'a': '"])
def test_time_grows_with_the_length_only(unit: str, start: str) -> None:
    began = time.thread_time()
    with suppress(Fault):
        read_calls(start + unit * (100_000 // len(unit)), closed=True)

    assert time.thread_time() - began < 10
