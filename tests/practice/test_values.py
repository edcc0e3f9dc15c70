"""Values are made that their schema takes, with what a task has in the right places."""

from typing import Any

import jsonschema
import pytest

from tray_app.practice.values import Maker

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
    assert Maker({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}).make()


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
