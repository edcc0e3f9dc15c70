"""Tools, their choice and the form of an answer, as OpenAI clients ask for them."""

from typing import Any

import pytest

from tests.dialects.test_openai_chat import USER, parsed, prompt, refusal
from tray_app.core.model import Format, Tool, ToolCallPart, ToolChoice

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
READ = {
    "type": "function",
    "function": {"name": "read", "description": "Read it.", "parameters": SCHEMA, "strict": True},
}
FLAT = {"type": "function", "name": "write", "parameters": SCHEMA}
BARE = {"function": {"name": "list", "parameters": None}}


def test_tools_are_understood_in_every_shape_that_clients_send() -> None:
    assert prompt([USER], tools=[READ, FLAT, BARE, READ]).tools == (
        Tool("read", "Read it.", SCHEMA, strict=True),
        Tool("write", "", SCHEMA),
        Tool("list"),
    )


def test_legacy_functions_are_tools_of_which_one_may_be_called() -> None:
    found = prompt([USER], functions=[READ["function"]], function_call={"name": "read"})

    assert found.tools == (Tool("read", "Read it.", SCHEMA, strict=True),)
    assert found.tool_choice == ToolChoice("required", "read")
    assert found.one_call


def test_a_tool_that_is_no_function_is_not_offered_and_named() -> None:
    asked = parsed({"model": "m", "messages": [USER], "tools": [{"type": "web_search"}, READ]})

    assert [tool.name for tool in asked.prompts[0].tools] == ["read"]
    assert asked.ignored == ("tools[0]",)


@pytest.mark.parametrize(
    ("sent", "choice"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "function": {"name": "read"}}, ToolChoice("required", "read")),
        ({"type": "function", "name": "read"}, ToolChoice("required", "read")),
    ],
)
def test_every_form_of_a_choice(sent: Any, choice: ToolChoice) -> None:
    assert prompt([USER], tools=[READ], tool_choice=sent).tool_choice == choice


@pytest.mark.parametrize(
    "items", [[{"type": "function", "function": {"name": "write"}}], [{"name": "write"}]]
)
@pytest.mark.parametrize("nested", [True, False])
def test_allowed_tools_leave_only_those(items: list[Any], nested: bool) -> None:
    listed: dict[str, Any] = {"mode": "required", "tools": items}
    told = {"type": "allowed_tools", **({"allowed_tools": listed} if nested else listed)}
    found = prompt([USER], tools=[READ, FLAT], tool_choice=told)

    assert [tool.name for tool in found.tools] == ["write"]
    assert found.tool_choice == ToolChoice("required")


def test_parallel_calls_may_be_forbidden() -> None:
    assert prompt([USER], tools=[READ], parallel_tool_calls=False).one_call
    assert not prompt([USER], tools=[READ], parallel_tool_calls=True).one_call


def test_limits_are_the_smaller_one_and_stops_are_few_and_never_empty() -> None:
    found = prompt([USER], max_tokens=9, max_completion_tokens=5, stop=["a", "", "b", "a"])

    assert found.max_tokens == 5
    assert found.stop == ("a", "b")
    assert prompt([USER], max_tokens=0, max_completion_tokens=0).max_tokens is None
    assert prompt([USER], stop="x").stop == ("x",)
    assert prompt([USER], stop=None).stop == ()


@pytest.mark.parametrize(
    ("sent", "format_"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, Format()),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
         Format(SCHEMA, "n")),
    ],
)  # fmt: skip
def test_the_form_of_an_answer(sent: Any, format_: Format | None) -> None:
    assert prompt([USER], response_format=sent).format == format_


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"name": 1}]}, "tools[0].name"),
        ({"tools": {}}, "tools"),
        ({"tools": [READ, {"name": "read"}]}, "tools"),
        ({"functions": [{}]}, "functions[0].name"),
        ({"tools": [READ], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [READ], "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [READ], "tool_choice": {"name": "write"}}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [READ], "tool_choice": {"type": "allowed_tools", "tools": 1}}, "tool_choice"),
        ({"tools": [READ],
          "tool_choice": {"type": "allowed_tools", "tools": [{"name": "x"}]}}, "tool_choice"),
        ({"functions": [{"name": "f"}], "function_call": "required"}, "function_call"),
        ({"stop": ["1", "2", "3", "4", "5"]}, "stop"),
        ({"stop": [1]}, "stop[0]"),
        ({"stop": ["a", "b" * 1_001]}, "stop[1]"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}},
         "response_format.json_schema.schema"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(more: dict[str, Any], param: str) -> None:
    fault = refusal({"model": "m", "messages": [USER], **more})

    assert fault.param == param
    assert fault.kind.row.status == 400
    assert param.partition("[")[0] in fault.text


def test_nothing_is_cut_from_an_answer_that_has_to_be_json() -> None:
    body = {
        "model": "m",
        "messages": [USER],
        "stop": "}",
        "response_format": {"type": "json_object"},
    }
    asked = parsed(body)

    assert asked.prompts[0].stop == ()
    assert asked.ignored == ("stop",)


@pytest.mark.parametrize("mode", ["auto", "none", "required"])
def test_a_mode_may_stand_in_an_object(mode: str) -> None:
    assert prompt([USER], tools=[READ], tool_choice={"type": mode}).tool_choice.mode == mode


def test_names_that_are_no_text_are_a_wrong_field() -> None:
    told = {"type": "allowed_tools", "tools": [{"name": ["read"]}]}
    fault = refusal({"model": "m", "messages": [USER], "tools": [READ], "tool_choice": told})
    assert fault.param == "tool_choice"


def test_fields_that_others_make_idle_are_named() -> None:
    function = READ["function"]
    newer = {"tools": [READ], "functions": [function], "function_call": "auto"}
    legacy = {"functions": [function], "tool_choice": "auto"}

    assert parsed({"model": "m", "messages": [USER], **newer}).ignored == (
        "functions",
        "function_call",
    )
    assert parsed({"model": "m", "messages": [USER], **legacy}).ignored == ("tool_choice",)


@pytest.mark.parametrize(
    "told",
    [
        {"type": "json_object", "schema": SCHEMA},
        {"type": "json_object", "value": SCHEMA},
        {"type": "json", "value": SCHEMA},
        {"type": "json_schema", "schema": SCHEMA},
        {"type": "json_schema", "value": {"schema": SCHEMA}},
    ],
)
def test_the_schema_counts_where_other_servers_take_it(told: dict[str, Any]) -> None:
    assert prompt([USER], response_format=told).format == Format(SCHEMA)


@pytest.mark.parametrize("name", ["weather", 7])
def test_a_schema_beside_its_name_has_that_name(name: object) -> None:
    told = {"type": "json_schema", "value": {"name": name, "schema": SCHEMA}}

    asked = prompt([USER], response_format=told).format

    assert asked == Format(SCHEMA, name if isinstance(name, str) else "")


def test_a_custom_call_of_the_past_keeps_its_text() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert prompt([USER, said]).messages[1].parts == (
        ToolCallPart("c", "patch", '{"input":"*** Begin"}'),
    )
