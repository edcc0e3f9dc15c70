"""Tools told whole, and shorter and shorter."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.captures import captures
from tests.filters.calling.conversations import offered
from tray_app.core.model import Tool
from tray_app.filters.calling.signatures import Level, cleaned, signature

WRITE = Tool(
    "write",
    "Writes a file.\n\nParents are made.",
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "Write",
        "properties": {
            "path": {"type": "string", "description": "Where; src/**/*.ts is none"},
            "title": {"type": "string", "title": "Title", "examples": ["x"]},
            "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
        },
        "required": ["path"],
        "additionalProperties": False,
    },
)


def typed(schema: dict[str, Any]) -> str:
    """The type of an argument with this schema, and the comments before it."""
    tool = Tool("f", "", {"type": "object", "properties": {"a": schema}, "required": ["a"]})
    told = signature(tool, "f", Level.TYPED)
    return told.removeprefix("function f(args: {").removesuffix("})").strip()


def test_a_whole_tool_is_one_line_as_the_models_templates_write_it() -> None:
    line = signature(Tool("é", "d\n", {"type": "object"}), "é", Level.WHOLE)

    assert line == (
        '{"type": "function", "function": {"name": "é", "description": "d\\n", '
        '"parameters": {"type": "object"}}}'
    )


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    line = json.loads(signature(Tool("f"), "f", Level.WHOLE))

    assert line["function"]["parameters"] == {"type": "object", "properties": {}}
    assert signature(Tool("f"), "f", Level.TYPED) == "function f(args: {})"


def test_a_clean_schema_keeps_parameters_that_are_named_like_noise() -> None:
    assert cleaned(WRITE.parameters) == {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Where; src/**/*.ts is none"},
            "title": {"type": "string"},
            "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
        },
        "required": ["path"],
    }


def test_a_clean_schema_keeps_the_types_of_other_keys() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "number", "title": "N"}}

    assert cleaned(schema) == {"type": "object", "additionalProperties": {"type": "number"}}


def test_a_typed_tool_reads_like_a_function() -> None:
    assert signature(WRITE, "fn_write", Level.TYPED) == (
        "// Writes a file.\n"
        "//\n"
        "// Parents are made.\n"
        "function fn_write(args: {\n"
        "  // Where; src/**/*.ts is none\n"
        "  path: string,\n"
        "  title?: string,\n"
        '  // default "a"\n'
        '  mode?: "a" | "b"\n'
        "})"
    )


def test_parameters_that_were_used_lose_their_descriptions_and_nothing_else() -> None:
    tool = Tool(
        "f",
        "",
        {
            "type": "object",
            "properties": {
                "a": {
                    "type": "array",
                    "description": "old",
                    "items": {
                        "type": "object",
                        "properties": {"a": {"type": "string", "description": "deep"}},
                    },
                },
                "b": {"type": "integer", "description": "new", "maximum": 9},
            },
        },
    )

    assert signature(tool, "f", Level.KNOWN, {"a"}) == (
        "function f(args: {\n  a?: {a?: string}[],\n  // new\n  // maximum 9\n  b?: integer\n})"
    )
    assert signature(tool, "f", Level.TYPED, {"a"}) == signature(tool, "f", Level.TYPED)


@pytest.mark.parametrize(
    ("description", "brief"),
    [
        ("One.", "// One."),
        ("One.\nTwo.\n\nThree.", "// One.\n// Two. […]"),
        ("# Head\n\nOne.\n \nTwo.", "// # Head\n// One. […]"),
        ("# Head", "// # Head"),
        ("", ""),
    ],
)
def test_a_brief_tool_has_one_paragraph_and_says_that_there_was_more(
    description: str, brief: str
) -> None:
    told = signature(Tool("f", description), "f", Level.BRIEF)

    assert told == f"{brief}\nfunction f(args: {{}})".lstrip()


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("Writes a file to disk. Parents are made.", "// Writes a file to disk. …"),
        ("# Head\n\nWrites a file\nto disk.", "// Writes a file to disk. …"),
        ("Only one, e.g. this.", "// Only one, e.g. this."),
        (
            "把文件写入磁盘，上级目录会自动创建。然后返回。",
            "// 把文件写入磁盘，上级目录会自动创建。 …",
        ),
        ("word " * 90, "// " + ("word " * 24) + "…"),
        ("x" * 300, "// " + "x" * 120 + " …"),
        ("# Head", "// # Head"),
        ("", ""),
    ],
)
def test_a_terse_tool_has_the_first_sentence_of_each_description(
    description: str, sentence: str
) -> None:
    schema = {"type": "object", "properties": {"a": {"not": {}, "description": description}}}
    told = signature(Tool("f", description, schema), "f", Level.TERSE)

    said, _, typed = told.rpartition("\n")
    assert said == sentence
    inner = json.loads(typed.removeprefix("function f(args: {a?: ").removesuffix("})"))
    assert inner.get("description", "") == sentence.removeprefix("// ")


def test_a_bare_tool_has_no_description_of_a_parameter() -> None:
    tool = Tool(
        "f",
        "Does something that is useful. And more.",
        {
            "type": "object",
            "description": "the arguments",
            "properties": {
                "description": {"type": "string", "description": "text", "default": "x"},
                "b": {"not": {"description": "odd"}, "description": "text"},
                "c": {"type": "array", "items": {"$ref": "#/$defs/C"}},
            },
            "$defs": {"C": {"enum": [1], "description": "text"}},
        },
    )

    assert signature(tool, "f", Level.BARE) == (
        "// Does something that is useful. …\n"
        "function f(args: {\n"
        '  // default "x"\n'
        "  description?: string,\n"
        '  b?: {"not":{}},\n'
        "  c?: C[]\n"
        "})\n"
        "type C = 1"
    )


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({}, "a: any"),
        ({"type": "object"}, "a: object"),
        ({"type": "object", "properties": {}}, "a: {}"),
        ({"type": ["string", "null"]}, "a: string | null"),
        ({"type": "string", "nullable": True}, "a: string | null"),
        ({"type": "array"}, "a: any[]"),
        ({"type": "array", "items": {"enum": [1, None]}}, "a: (1 | null)[]"),
        ({"const": "x"}, 'a: "x"'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "a: string | null"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "a: string"),
        ({"$ref": "#/$defs/Node"}, "a: Node"),
        ({"type": "object", "additionalProperties": {"type": "number"}},
         "a: {[key: string]: number}"),
        ({"properties": {"x-y": {"type": "null"}}}, 'a: {"x-y"?: null}'),
        ({"type": "object", "required": ["b"]}, "a: {b: any}"),
        ({"type": "string", "minLength": 1, "description": "d\ne"},
         "// d\n  // e\n  // minLength 1\n  a: string"),
        ({"type": "array", "items": {"type": "string", "description": "d"}},
         "// each: d\n  a: string[]"),
        ({"anyOf": [{"type": "string", "description": "d"}, {"type": "null"}]},
         "// string: d\n  a: string | null"),
    ],
)  # fmt: skip
def test_a_schema_is_a_type_and_the_rest_of_it_a_comment(schema: dict[str, Any], told: str) -> None:
    assert typed(schema) == told


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"type": "string"}]},
        {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
        {"type": "array", "items": [{"type": "string"}]},
        {"not": {"type": "string"}},
        {"$ref": "https://example.org/x"},
        {"enum": "x"},
        {"type": 3},
        {"type": "object", "required": [3]},
        {"type": "object", "properties": []},
        {"anyOf": {}},
        {"anyOf": []},
        {"enum": []},
        {"type": []},
        {"items": {"enum": ["a"]}},
        {"required": ["a"]},
        {"additionalProperties": {"enum": ["a"]}},
        {"type": "string", "properties": {"a": {"enum": ["a"]}}},
        {"type": "object", "items": {"enum": ["a"]}},
        {"type": "string", "x-own": 1},
        {"type": "string", "enum": ["a"], "properties": {}},
    ],
)
def test_what_no_type_can_say_stays_in_json(schema: dict[str, Any]) -> None:
    assert json.loads(typed(schema).removeprefix("a: ")) == schema


def test_named_types_follow_their_function() -> None:
    tool = Tool(
        "f",
        "",
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/Node"}},
            "$defs": {
                "Node": {
                    "description": "A tree.",
                    "type": "object",
                    "properties": {"next": {"$ref": "#/$defs/Node"}},
                }
            },
        },
    )

    assert signature(tool, "f", Level.TYPED) == (
        "function f(args: {a?: Node})\n// A tree.\ntype Node = {next?: Node}"
    )


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "object", "required": ["a"]}, "{a: any}"),
        ({"type": "object", "additionalProperties": {"enum": ["a"]}}, '{[key: string]: "a"}'),
        ({"additionalProperties": {"enum": ["a"]}}, '{"additionalProperties":{"enum":["a"]}}'),
        ({"type": "array", "items": {"enum": ["a"]}}, '"a"[]'),
        ({"type": "object", "additionalProperties": True}, "{}"),
    ],
)
def test_arguments_without_named_parameters_keep_what_else_is_said(
    schema: dict[str, Any], told: str
) -> None:
    assert signature(Tool("f", "", schema), "f", Level.TYPED) == f"function f(args: {told})"


def test_arguments_that_are_more_than_an_object_of_types_stay_in_json() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    told = signature(Tool("f", "", schema), "f", Level.TYPED)

    assert json.loads(told.removeprefix("function f(args: ").removesuffix(")")) == schema


@pytest.mark.parametrize("level", Level)
def test_a_schema_too_deep_to_be_shortened_is_told_whole(level: Level) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(400):
        schema = {"type": "object", "properties": {"a": schema}}
    tool = Tool("f", "", schema)

    assert signature(tool, "f", level) == signature(tool, "f", Level.WHOLE)


def recorded() -> list[Tool]:
    """Every tool that real clients were seen to send with its schema."""
    tools = [tool for capture in captures() for tool in offered(capture)]
    return [tool for tool in tools if tool.parameters.get("properties")]


def test_tools_of_real_clients_get_shorter_and_keep_every_name_and_choice() -> None:
    tools = recorded()
    sizes = [[len(signature(tool, tool.name, level)) for level in Level] for tool in tools]

    assert len(tools) > 15
    assert all(size == sorted(size, reverse=True) for size in sizes)
    assert [
        (tool.name, name)
        for tool in tools
        for name in words_of(tool.parameters)
        if name not in signature(tool, tool.name, Level.BARE)
    ] == []


def words_of(schema: Any) -> set[str]:
    """The names of parameters and the choices of values anywhere in a schema."""
    if isinstance(schema, list):
        return set().union(*map(words_of, schema))
    if not isinstance(schema, dict):
        return set()
    found = {json.dumps(choice, ensure_ascii=False) for choice in schema.get("enum", ())}
    if isinstance(schema.get("properties"), dict):
        found |= schema["properties"].keys()
    return found.union(*map(words_of, schema.values()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["type", "properties", "items", "required", "enum", "anyOf", "oneOf", "const", "$ref",
             "description", "additionalProperties", "$defs", "default", "nullable", "a", "b"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["type", "properties", "$defs", "items", "anyOf", "a"]), json_values
    )
)
def test_no_schema_however_odd_keeps_a_tool_from_being_told(schema: dict[str, Any]) -> None:
    tool = Tool("f", "d", schema)

    assert all("f" in signature(tool, "f", level, {"a"}) for level in Level)
