"""Values are made that their schema takes, with what a task has in the right places."""

from typing import Any

import jsonschema
import pytest

from tray_app.practice.values import Maker, NoValueError

LIST: dict[str, Any] = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            },
            "required": ["value", "next"],
        }
    },
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b"]},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"prefixItems": [{"const": 4}, {"type": "null"}], "minItems": 3, "maxItems": 3},
        {"type": ["null", "number"], "exclusiveMinimum": 5, "multipleOf": 4},
        {"type": "integer", "minimum": -9, "maximum": -3},
        {"type": "integer", "maximum": 0},
        {"type": "integer", "minimum": 2, "description": "Default: 5"},
        {"type": "string", "minLength": 12, "maxLength": 14},
        {"type": "string", "maxLength": 3},
        {"type": "string", "format": "date"},
        {"enum": [3, "x"]},
        {"const": None},
        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"oneOf": [{"properties": {"k": {"const": 1}}, "required": ["k"]}, {"type": "null"}]},
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"enum": ["z"]}}}], "type": "object"},
        {"required": ["x"], "properties": {}, "type": "object",
         "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"a~b/c": {"enum": [1]}}, "required": ["a~b/c"]},
        {"type": "string", "pattern": r"^[A-Z]{3}\d$"},
        {"type": "string", "pattern": "^[a-z]*$", "minLength": 12, "maxLength": 14},
        {"type": "string", "pattern": "^v", "minLength": 3},
        {"type": "number", "exclusiveMinimum": 0.5, "maximum": 0.9},
        {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "items": {"type": "string", "maxLength": 3}, "minItems": 9,
         "uniqueItems": True},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {
            "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        {"type": "array", "items": {}, "minItems": 1},
        {"type": "object", "minProperties": 2, "properties": {"a": {"type": "integer"}},
         "additionalProperties": {"type": "boolean"}},
        {"anyOf": [False, {"type": "integer"}]},
        {"type": "object", "properties": {"a": False}},
        {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdefghijkl"}},
        LIST,
        {},
        True,
    ],
)  # fmt: skip
def test_a_value_is_valid(schema: Any) -> None:
    jsonschema.validate(Maker(schema).make(), schema)


def test_only_what_is_required_is_filled() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"default": 7}, "b": {"type": "string"}, "c": {"type": "boolean"}},
        "required": ["a", "c"],
    }

    assert Maker(schema).make() == {"a": 7, "c": False}


def test_a_reference_that_leads_nowhere_or_in_a_circle_ends() -> None:
    assert Maker({"$ref": "#/$defs/None"}).make() == "practice"
    assert Maker({"$ref": "#"}).make() == "practice"


NULLS = ("required", "properties", "minLength", "maxLength", "pattern", "anyOf", "allOf", "oneOf",
         "$ref", "enum", "default", "format", "description", "items", "prefixItems", "minItems",
         "minimum", "maximum", "exclusiveMinimum", "multipleOf", "additionalProperties",
         "minProperties", "uniqueItems")  # fmt: skip
"""What programs write as null when they have nothing to say of it."""


@pytest.mark.parametrize("kind", ["object", "array", "string", "integer", "number", "boolean"])
@pytest.mark.parametrize("name", NULLS)
@pytest.mark.parametrize("value", [None, 5, "x"])
def test_what_is_of_no_use_in_a_schema_counts_as_not_said(kind: str, name: str, value: Any) -> None:
    if (name, value) == ("minItems", 5) or name == "default":
        value = None
    inner = {"type": kind, name: value}
    schema = {"type": "object", "properties": {"a": inner}, "required": ["a"]}

    made = Maker(schema, {"path": "a.txt"}).make()

    jsonschema.validate(made["a"], {"type": kind})


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "no end"),
        ({"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdef"},
          "required": list("abcdef")}, "no end"),
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, "nothing is allowed"),
        ({"type": "string", "pattern": "^(?=x)y"}, "pattern"),
        ({"type": "string", "pattern": "^x{5}$", "maxLength": 4}, "pattern"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no number"),
        ({"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True}, "differ"),
        ({"type": "string", "minLength": 10**9}, "minLength"),
        ({"type": "array", "minItems": 10**9}, "minItems"),
        ({"type": "array", "minItems": 900, "items": {"type": "array", "minItems": 900}},
         "too many parts"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wishes", [{}, {"path": "a.txt"}])
def test_where_no_value_can_be_made_that_is_said(
    schema: Any, why: str, wishes: dict[str, str]
) -> None:
    with pytest.raises(NoValueError, match=why):
        Maker(schema, wishes).make()


def filled(properties: dict[str, Any], *required: str, **wishes: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    value = Maker(schema, wishes, folder="/home/me").make()
    jsonschema.validate(value, schema)
    assert isinstance(value, dict)
    return value


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    "name", ["path", "file_path", "filePath", "filepath", "target_file", "file"]
)
@pytest.mark.parametrize("content", ["content", "contents", "file_text", "new_text", "text"])
def test_a_path_and_a_content_are_known_by_many_names(name: str, content: str) -> None:
    value = filled({name: TEXT, content: TEXT, "other": TEXT}, path="a.txt", content="hi")

    assert value == {name: "a.txt", content: "hi"}


@pytest.mark.parametrize(
    ("old", "new"), [("old_string", "new_string"), ("oldText", "newText"), ("old_str", "new_str")]
)
def test_what_is_replaced_is_known_by_many_names_and_in_lists(old: str, new: str) -> None:
    properties = {old: TEXT, new: TEXT}
    inner = {"type": "object", "properties": properties, "required": [old, new]}
    told = {"old": "a", "new": "b"}

    assert filled(properties, **told) == {old: "a", new: "b"}
    assert filled({"edits": {"type": "array", "items": inner}}, **told) == {
        "edits": [{old: "a", new: "b"}]
    }


def test_lists_of_paths_and_commands_take_one() -> None:
    texts = {"type": "array", "items": TEXT, "minItems": 1}
    files = {"type": "array", "items": {"type": "object", "properties": {"path": TEXT}}}

    assert filled({"commands": texts}, "commands", command="ls") == {"commands": ["ls"]}
    assert filled({"files": files}, "files", path="a") == {"files": [{"path": "a"}]}
    assert filled({"paths": texts}, "paths", path="a") == {"paths": ["a"]}


def test_a_choice_of_commands_says_what_is_to_be_done() -> None:
    verbs = {"command": {"type": "string", "enum": ["view", "create", "str_replace"]}, "path": TEXT}

    assert filled(verbs, "command", path="a")["command"] == "view"
    assert filled(verbs, "command", path="a", content="b")["command"] == "create"
    assert filled(verbs, "command", path="a", old="b")["command"] == "str_replace"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("The absolute path to the file (must be absolute, not relative)", "/home/me/a.txt"),
        ("The absolute path. Relative paths are not supported.", "/home/me/a.txt"),
        ("Path to the file (relative or absolute)", "a.txt"),
        ("An absolute path, or relative to the folder", "a.txt"),
        ("Relative to the workspace", "a.txt"),
        ("", "a.txt"),
    ],
)
def test_a_path_is_absolute_where_that_is_asked_for(said: str, path: str) -> None:
    assert filled({"path": {**TEXT, "description": said}}, path="a.txt") == {"path": path}
    assert filled({"path": {**TEXT, "description": said}}, path="/b.txt") == {"path": "/b.txt"}


def test_a_required_working_folder_and_limits_make_sense() -> None:
    number = {"type": "integer"}
    names = ("cwd", "timeout", "offset", "limit")
    told = {"cwd": TEXT, "timeout": number, "offset": {**number, "description": "(default: 3)"}}

    assert filled({**told, "limit": number}, *names) == {
        "cwd": "/home/me", "timeout": 1000, "offset": 3, "limit": 1000
    }  # fmt: skip
