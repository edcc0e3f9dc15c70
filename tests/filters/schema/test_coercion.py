"""Slips of models, and what they meant."""

from typing import Any

import pytest

from tray_app.filters.schema import Fit, fit
from tray_app.filters.schema.coercion import from_text, property_types
from tray_app.filters.schema.rules import Steps, read

INTEGERS = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "value", "meant"),
    [
        ({"type": "string"}, 5, "5"),
        ({"type": "string"}, True, "true"),
        ({"type": "string"}, None, "null"),
        ({"type": "string"}, {"ä": [1]}, '{"ä": [1]}'),
        ({"type": "integer"}, "5", 5),
        ({"type": "integer"}, " -5.0\n", -5),
        ({"type": "integer"}, 3.0, 3),
        ({"type": "number"}, "2.50", 2.5),
        ({"type": "number"}, "+1e3", 1000.0),
        ({"type": "number"}, "007", 7),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, " no ", False),
        ({"type": "boolean"}, 1, True),
        ({"type": "boolean"}, "0", False),
        ({"type": "array"}, "[1, 2]", [1, 2]),
        (INTEGERS, '["1"]', [1]),
        (INTEGERS, "[1, 2,]\n", [1, 2]),
        (INTEGERS, 5, [5]),
        (INTEGERS, "5", [5]),
        ({"type": "array", "items": {"type": "string"}}, "a, b", ["a, b"]),
        ({"type": "array", "items": {"type": "object"}}, {"a": 1}, [{"a": 1}]),
        ({"prefixItems": [{"type": "integer"}], "items": {"type": "null"}}, ["1", ""], [1, None]),
        ({"type": "object"}, '{"a": "b\nc"}', {"a": "b\nc"}),
        ({"type": "object"}, "{'a': True}", {"a": True}),
        ({"type": "object"}, '{"a": [1e400, "\\ud800"]}', {"a": ["1e400", "\ufffd"]}),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["integer", "null"]}, "", None),
        ({"type": ["array", "null"], "items": {"type": "string"}}, "null", None),
        ({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}, "", None),
        ({"type": ["string", "integer"]}, 3.0, 3),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "7", 7),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "", None),
        ({"oneOf": [{"type": "boolean"}, INTEGERS]}, "[3]", [3]),
        ({"enum": ["Read", "Write"]}, "READ ", "Read"),
        ({"enum": [1, 2]}, "2", 2),
        ({"const": True}, "True", True),
        ({"type": "string", "enum": ["1"]}, 1, "1"),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, "5", 5),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}}, "5", 5),
    ],
)
def test_a_slip_is_read_as_it_was_meant(schema: Any, value: Any, meant: Any) -> None:
    whole = {"properties": {"it": schema}, "required": ["it"], "$defs": schema.get("$defs", {})}

    assert fit({"it": value}, whole).value == {"it": meant}
    assert type(fit({"it": value}, whole).value["it"]) is type(meant)
    assert fit({"it": value}, whole).problems == ()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, "1,000"),
        ({"type": "integer"}, "3.5"),
        ({"type": "integer"}, 3.5),
        ({"type": "integer"}, True),
        ({"type": "number"}, "1e999"),
        ({"type": "number"}, "9" * 61),
        ({"type": "number"}, "NaN"),
        ({"type": "boolean"}, "maybe"),
        ({"type": "boolean"}, 2),
        ({"type": "boolean"}, 1.0),
        ({"type": "array"}, "a"),
        ({"type": "array"}, "[1] and [2]"),
        ({"type": "array", "items": {"type": "string"}}, '["a", "b'),
        ({"type": "array", "items": {"type": "string"}}, {"a": 1}),
        ({"type": "array", "items": {"type": "object"}}, None),
        ({"type": "object"}, "[1]"),
        ({"type": "object"}, "[" * 20_000),
        ({"enum": ["a", "A"]}, " a"),
        ({"type": "null"}, "none of it"),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "a"),
    ],
)
def test_what_has_no_one_reading_is_left_as_it_is(schema: Any, value: Any) -> None:
    found = fit({"it": value}, {"properties": {"it": schema}, "required": ["it"]})

    assert found.value == {"it": value}
    assert len(found.problems) == 1


def test_one_thing_or_null_is_read_even_where_it_does_not_fit() -> None:
    schema = {"anyOf": [{"type": "null"}, {"type": "array", "items": {"enum": ["a"]}}]}

    assert fit({"it": '["A", "c"]'}, {"properties": {"it": schema}}) == Fit(
        {"it": ["a", "c"]}, ('it[1]: must be "a"; got "c"',)
    )


def test_a_null_where_nothing_has_to_be_is_left_out() -> None:
    schema = {
        "properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}},
        "additionalProperties": {"type": "integer"},
    }

    assert fit({"a": None, "b": None, "c": None}, schema).value == {"b": None}


def test_extra_keys_go_from_an_object_that_has_all_it_needs() -> None:
    schema = {"properties": {"a": {}}, "required": ["a"], "additionalProperties": False}

    assert fit({"a": 1, "b": 2}, schema).value == {"a": 1}
    assert fit({"b": 2}, schema).problems == ("a: is missing", "b: is not a known key")
    assert fit({"a": 1, "b": 2}, {**schema, "additionalProperties": True}).value == {
        "a": 1,
        "b": 2,
    }


def test_values_of_unnamed_keys_are_read_too() -> None:
    schema = {
        "patternProperties": {"^n": {"type": "integer"}},
        "additionalProperties": {"type": "boolean"},
    }

    assert fit({"n1": "5", "yes": "yes"}, schema).value == {"n1": 5, "yes": True}


def test_the_types_of_a_key_are_found_wherever_they_are_said() -> None:
    schema = {
        "$ref": "#/$defs/more",
        "properties": {
            "a": {"anyOf": [{"type": "integer"}, {"const": None}]},
            "b": {"enum": ["x", 1]},
            "c": {"anyOf": [{"type": "integer"}, {}]},
            "d": {"$ref": "#/properties/d"},
        },
        "anyOf": [{"properties": {"e": {"type": "object"}}}],
        "$defs": {"more": {"properties": {"f": {"allOf": [{"type": "array"}]}}}},
    }
    rule = read(schema, Steps())

    assert property_types(rule, "a") == {"integer", "null"}
    assert property_types(rule, "b") == {"string", "integer", "number"}
    assert property_types(rule, "c") is None
    assert property_types(rule, "d") is None
    assert property_types(rule, "e") == {"object"}
    assert property_types(rule, "f") == {"array"}
    assert property_types(rule, "g") is None


def test_raw_text_is_text_unless_nobody_says_so() -> None:
    assert from_text('{"a": 1}', None) == {"a": 1}
    assert from_text("plain", None) == "plain"
    assert from_text("[see below]", None) == "[see below]"
    assert from_text("{a: 1}", None) == "{a: 1}"
    assert from_text("NaN", None) == "NaN"
    assert from_text("5", {"string"}) == "5"
    assert from_text(" null", {"string", "null"}) is None
    assert from_text("null", {"string"}) == "null"
