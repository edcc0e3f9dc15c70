"""Strangers' schemas, read into rules."""

from typing import Any

import pytest

from tray_app.filters.schema import fit
from tray_app.filters.schema.patterns import Pattern
from tray_app.filters.schema.rules import Steps, TooLong, extras, read


def rule(schema: Any) -> Any:
    """The rule of a schema, without its steps and with patterns as text."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items() if key != "steps"}
        if isinstance(value, (list, tuple)):
            return [plain(each) for each in value]
        return value.text if isinstance(value, Pattern) else value

    return plain(read(schema, Steps()))


@pytest.mark.parametrize(
    ("schema", "read_as"),
    [
        (True, {}),
        (False, {"never": True}),
        ("string", {}),
        ({"type": "string", "format": "uri", "x-y": 1}, {"type": ["string"]}),
        ({"type": "STRING"}, {"type": ["string"]}),
        ({"type": ["int", "null"]}, {"type": ["integer", "null"]}),
        ({"type": "any"}, {}),
        ({"type": ["string", "file"]}, {}),
        ({"type": "dict", "nullable": True}, {"type": ["object", "null"]}),
        ({"enum": ["a"], "nullable": True}, {"enum": ["a", None]}),
        ({"enum": ["a"]}, {"const": "a"}),
        ({"enum": ["a"], "const": None}, {"enum": ["a"], "const": None}),
        ({"enum": [], "const": None}, {"const": None}),
        ({"required": True}, {}),
        ({"required": ["a", 1]}, {"required": ["a"]}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMaximum": 5, "maxLength": -1}, {"exclusiveMaximum": 5}),
        ({"minLength": True, "multipleOf": 0}, {}),
        (
            {"items": [{"type": "string"}], "additionalItems": False},
            {"prefixItems": [{"type": ["string"]}], "items": {"never": True}},
        ),
        ({"items": [True]}, {"prefixItems": [{}]}),
        (
            {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
            {
                "dependentRequired": {"a": ["b"], "c": []},
                "dependentSchemas": {"c": {"required": ["d"]}},
            },
        ),
        ({"pattern": "a", "minContains": 2}, {"pattern": "a"}),
        ({"pattern": "(a+)+"}, {}),
        (
            {"patternProperties": {"^a": {}}, "additionalProperties": False},
            {"patternProperties": [["^a", {}]], "additionalProperties": False},
        ),
        (
            {"patternProperties": {"(a+)+": {}}, "additionalProperties": False},
            {"patternProperties": []},
        ),
        (
            {"$ref": "#/$defs/a%20b~1c", "$defs": {"a b/c": {"type": "null"}}},
            {"$ref": {"type": ["null"]}},
        ),
        ({"$id": "https://a.example/b#", "$ref": "https://a.example/b#/no"}, {"$ref": {}}),
        ({"$ref": "#/not", "not": False}, {"$ref": {"never": True}, "not": {"never": True}}),
        ({"$ref": "#/anyOf/0", "anyOf": [{}]}, {"$ref": {}, "anyOf": [{}]}),
        (
            {"$ref": "#/$defs/a", "minimum": 1, "$defs": {"a": {"type": "null"}}},
            {"$ref": {"type": ["null"]}, "minimum": 1},
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "items": {"$ref": "#/definitions/a", "minimum": 1},
                "definitions": {"a": {"type": "null"}},
            },
            {"items": {"$ref": {"type": ["null"]}}},
        ),
        ({"$ref": "#/anyOf/7", "anyOf": [True]}, {"$ref": {}, "anyOf": [{}]}),
        ({"$ref": "#anchor", "anyOf": []}, {"$ref": {}}),
        ({"$ref": "https://a.example/c"}, {"$ref": {}}),
    ],
)
def test_a_schema_is_read_as_far_as_it_is_understood(schema: Any, read_as: Any) -> None:
    assert rule(schema) == read_as


@pytest.mark.parametrize(
    "unread",
    [
        {"pattern": r"\p{L}"},
        {"type": "file"},
        {"$ref": "elsewhere"},
        {"unevaluatedProperties": False},
        {"patternProperties": {"(": {}}},
        {"properties": {"a": "string"}},
        {"enum": {"a": 1}},
    ],
)
def test_nothing_is_forbidden_by_what_is_not_understood(unread: dict[str, Any]) -> None:
    assert rule({"not": unread}) == {}
    assert "if" not in rule({"if": unread, "then": False})
    assert "maxContains" not in rule({"contains": unread, "maxContains": 1})
    assert set(rule({"oneOf": [{"type": "null"}, unread]})) == {"anyOf"}


def test_a_schema_may_lead_back_to_itself() -> None:
    schema = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}},
        "required": ["n"],
    }

    assert fit({"n": 1, "next": {"n": "2", "next": {"n": "3"}}}, schema).value == {
        "n": 1,
        "next": {"n": 2, "next": {"n": 3}},
    }
    assert fit({"n": 1, "next": {"n": 2, "next": {}}}, schema).problems == (
        "next.next.n: is missing",
    )


def test_a_schema_that_is_too_big_is_not_read() -> None:
    with pytest.raises(TooLong):
        read({"allOf": [{}] * 20_001}, Steps())


def test_extra_keys_are_those_without_a_name_or_a_pattern() -> None:
    known = read({"properties": {"a": {}}, "patternProperties": {"^x-": {}}}, Steps())

    assert list(extras(known, {"a": 1, "x-b": 2, "b": 3})) == ["b"]


def test_steps_end() -> None:
    steps = Steps()
    steps.left = 1
    steps.take()

    with pytest.raises(TooLong):
        steps.take()
