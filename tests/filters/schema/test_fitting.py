"""Values, fitted to the schemas that asked for them."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.filters.schema.schemas import ANY_SCHEMAS, SCHEMAS, VALUES
from tray_app.filters.schema import Fit, fit

TODOS: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "todos": {"type": "array", "items": {"$ref": "#/definitions/todo"}},
        "note": {"type": ["string", "null"]},
        "count": {"type": "integer"},
        "any": {"description": "of any type"},
    },
    "required": ["todos"],
    "additionalProperties": False,
    "definitions": {
        "todo": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "status": {"type": "string", "enum": ["pending", "done"]},
            },
            "required": ["text", "status"],
        }
    },
}


def test_a_valid_value_is_not_touched() -> None:
    value = {"todos": [{"text": "5", "status": "done"}], "note": "null", "count": 3}

    assert fit(value, TODOS).value is value
    assert fit(value, TODOS).problems == ()


def test_what_is_wrong_is_said_by_its_place() -> None:
    value = {"todos": [{"text": "a", "status": "open"}, {"text": "b"}], "count": 1.5, "x": 1}

    assert fit(value, TODOS) == Fit(
        {"todos": value["todos"], "count": 1.5},
        (
            'todos[0].status: must be one of "pending", "done"; got "open"',
            "todos[1].status: is missing",
            "count: must be an integer; got 1.5",
        ),
    )


def test_slips_are_read_as_they_were_meant() -> None:
    value = {"todos": '[{"text": 7, "status": "DONE"}]', "count": " 3.0 ", "x": 1}

    assert fit(value, TODOS) == Fit({"todos": [{"text": "7", "status": "done"}], "count": 3})


def test_what_still_does_not_fit_is_handed_back_as_far_as_it_was_read() -> None:
    found = fit({"todos": "[]", "count": "three"}, TODOS)

    assert found == Fit(
        {"todos": [], "count": "three"}, ('count: must be an integer; got "three"',)
    )


@pytest.mark.parametrize("key", ["arguments", "input", "parameters"])
def test_a_call_told_inside_its_arguments_is_unwrapped(key: str) -> None:
    inner = {"todos": [{"text": "a", "status": "done"}]}

    assert fit({key: inner}, TODOS) == Fit(inner)
    assert fit({"name": "todo", key: json.dumps(inner)}, TODOS) == Fit(inner)
    assert fit({key: {"todos": 5}}, TODOS).value == {key: {"todos": 5}}
    assert fit({key: inner, "count": 1}, TODOS).problems == (
        "todos: is missing",
        f"{key}: is not a known key",
    )


def test_a_key_by_the_name_of_a_wrapper_is_a_key() -> None:
    schema = {"properties": {"input": {"type": "string"}}}

    assert fit({"input": {"a": 1}}, schema) == Fit({"input": '{"a": 1}'})


def test_raw_text_takes_the_type_that_the_schema_says() -> None:
    texts = {"todos": "[]", "note": "null", "count": "3\n", "any": '{"a": [1]}', "more": "5"}
    schema = {**TODOS, "additionalProperties": True}

    assert fit(texts, schema, as_text=True) == Fit(
        {"todos": [], "note": None, "count": 3, "any": {"a": [1]}, "more": 5}
    )


def test_raw_text_that_may_be_text_stays_letter_by_letter() -> None:
    schema = {
        "properties": {
            "content": {"type": "string"},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "named": {"$ref": "#/$defs/text"},
        },
        "$defs": {"text": {"allOf": [{"type": "string"}]}},
    }
    texts = {"content": '{"a": 1}\n', "either": "5", "named": "null", "other": "not json"}

    assert fit(texts, schema, as_text=True).value is not None
    assert fit(texts, schema, as_text=True) == Fit(texts)


def test_required_keys_may_be_missing_where_every_key_is_called_required() -> None:
    schema = {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "lines": {
                "type": "array",
                "items": {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
            },
            "mode": {"type": "string"},
        },
        "required": ["path", "lines", "mode"],
        "additionalProperties": False,
    }

    def problems(value: Any) -> tuple[str, ...]:
        return fit(value, schema, lenient_required=True).problems

    assert problems({"path": "a"}) == ()
    assert problems({"path": "a", "lines": [{"a": 1}]}) == ()
    assert problems({"lines": [{}]}) == ("lines[0].a: is missing", "lines[0].b: is missing")
    assert len(problems({})) == 3
    assert problems({"path": "a", "line": []}) == ("line: is not a known key",)
    assert fit({"path": "a", "mode": None}, schema, lenient_required=True) == Fit({"path": "a"})
    assert fit({"path": "a"}, schema).problems == ("lines: is missing", "mode: is missing")


def test_a_required_key_that_may_be_null_is_null_where_every_key_is_called_required() -> None:
    """As OpenAI's strict mode writes what is left out, and its SDK reads it."""
    inner = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["a", "b"],
    }
    schema = {
        "type": "object",
        "properties": {
            "all": {"type": "array", "items": inner},
            "size": {"type": ["integer", "null"]},
            "kind": {"type": ["string", "null"], "enum": ["x"]},
        },
        "required": ["all", "size", "kind"],
    }
    nulled = {"all": [{"a": "1", "b": None}], "size": None}

    assert fit({"all": '[{"a": 1}]'}, schema, lenient_required=True) == Fit(nulled)
    assert fit({"all": [{"a": "1"}]}, schema).problems != ()
    only_null = {"properties": {"it": {"type": ["string", "null"]}}, "required": ["it"]}
    assert fit({}, only_null, lenient_required=True) == Fit({"it": None})


def test_no_null_that_is_put_in_hides_what_is_wrong() -> None:
    schema = {
        "type": "object",
        "properties": {"path": {"type": "string"}, "size": {"type": ["integer", "null"]}},
        "required": ["path", "size"],
        "additionalProperties": False,
    }
    whole = Fit({"path": "a", "size": None})

    assert fit({"arguments": {"path": "a"}}, schema, lenient_required=True) == whole
    assert fit({"name": "n", "input": '{"path": "a"}'}, schema, lenient_required=True) == whole
    assert fit({}, schema, lenient_required=True).problems == (
        "path: is missing",
        "size: is missing",
    )
    other = fit({"path": "a", "length": 5}, schema, lenient_required=True)
    assert other.problems == ("length: is not a known key",)
    listed = {"type": "object", "properties": {"all": {"type": "array", "items": schema}}}
    assert fit({"all": [{}]}, listed, lenient_required=True).problems != ()


@pytest.mark.parametrize("more", [{"maxProperties": 1}, {"not": {"required": ["size"]}}])
def test_no_null_is_put_in_that_is_not_allowed_there(more: dict[str, Any]) -> None:
    properties = {"path": {"type": "string"}, "size": {"type": ["integer", "null"]}}
    schema = {"type": "object", "properties": properties, "required": ["path", "size"], **more}

    assert fit({"path": "a"}, schema, lenient_required=True) == Fit({"path": "a"})


def test_a_required_key_may_be_missing_in_one_of_several_forms_too() -> None:
    schema = {"anyOf": [{"type": "object", "required": ["a", "b"]}, {"type": "null"}]}

    assert fit({"a": 1}, schema, lenient_required=True) == Fit({"a": 1})
    assert fit({}, schema, lenient_required=True).problems == ("a: is missing", "b: is missing")


def _laughing() -> dict[str, Any]:
    """Rules that lead to rules, two to the power of twenty-eight times."""
    rules = {
        f"r{at}": {"anyOf": [{"$ref": f"#/$defs/r{at + 1}"}, {"$ref": f"#/$defs/r{at + 1}"}]}
        for at in range(28)
    }
    return {"$ref": "#/$defs/r0", "$defs": {**rules, "r28": {"type": "null"}}}


def _deep(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#/allOf/0"}]},
        {"$ref": "http://127.0.0.1:9/never.json"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "#/nowhere/at/all"},
        {"$id": "http://127.0.0.1:9/", "$ref": "other.json"},
        {"type": "objekt", "required": True, "properties": [], "enum": []},
        {"properties": {"a": {"pattern": "("}, "b": 5, "c": None}},
        {"multipleOf": 0, "minLength": "x", "minimum": "1", "anyOf": []},
        {"properties": {"a": {"$dynamicRef": "#x", "unevaluatedProperties": False}}},
        _laughing(),
        _deep(60),
        _deep(100),
        _deep(900),
        {"allOf": [{}] * 30_000},
    ],
)
def test_a_broken_schema_checks_what_can_be_checked(schema: dict[str, Any]) -> None:
    value = {"a": "b"}
    begun = time.thread_time()

    assert fit(value, schema) == Fit(value)
    assert time.thread_time() - begun < 5


@pytest.mark.parametrize("schema", [{"$ref": "#"}, _laughing(), {"allOf": [{}] * 30_000}])
def test_where_nothing_can_be_checked_there_has_to_be_an_object(schema: dict[str, Any]) -> None:
    assert fit([], schema).problems == ("the whole: must be an object",)


def test_one_broken_keyword_does_not_switch_the_others_off() -> None:
    schema = {
        "required": "a",
        "properties": {"a": {"type": "integer", "minimum": []}, "b": {"$ref": "nowhere"}},
    }

    assert fit({"a": "5", "b": 1}, schema) == Fit({"a": 5, "b": 1})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"uniqueItems": True}, [{"a": number} for number in range(20_000)]),
        ({"items": {"pattern": "^(a+)+$"}}, ["a" * 5_000 + "b"]),
        ({"items": {"pattern": r"^\s*\w*\s*$"}}, ["a " * 40_000]),
        ({"patternProperties": {r"\w*\d*!": {}}, "additionalProperties": False}, {"a" * 9_999: 1}),
        ({"items": {"anyOf": [{"const": number} for number in range(60)]}}, [100] * 3_000),
        ({"type": "string", "enum": ["a"]}, json.loads("[" * 400 + "]" * 400)),
    ],
    ids=["unique", "nested", "long", "key", "many", "deep"],
)
def test_hard_work_is_not_done(schema: dict[str, Any], value: Any) -> None:
    begun = time.thread_time()

    found = fit({"value": value}, {"properties": {"value": schema}})

    assert time.thread_time() - begun < 5
    assert found.value is not None


def test_a_schema_is_read_once() -> None:
    from tray_app.filters.schema.fitting import _checked

    assert _checked({"type": "object", "minProperties": 77}) is _checked(
        {"type": "object", "minProperties": 77}
    )


def test_jsonschema_is_loaded_when_the_first_value_is_checked() -> None:
    code = (
        "import sys; from tray_app.filters.schema import fit; "
        "early = 'jsonschema' in sys.modules; fit({}, {}); "
        "sys.exit(early or 'jsonschema' not in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@patient
@given(SCHEMAS, VALUES)
def test_the_standard_agrees(schema: dict[str, Any], value: Any) -> None:
    standard = Draft202012Validator(schema)

    found = fit(value, schema)

    if standard.is_valid(value):
        assert found.value is value
        assert found.problems == ()
    if not found.problems:
        assert standard.is_valid(found.value)


@pytest.mark.slow
@patient
@given(ANY_SCHEMAS, VALUES, st.booleans(), st.booleans())
def test_whatever_comes_is_fitted_once_and_for_all(
    schema: dict[str, Any], value: Any, as_text: bool, lenient: bool
) -> None:
    found = fit(value, schema, as_text=as_text, lenient_required=lenient)
    again = fit(found.value, schema, lenient_required=lenient)

    assert again == found
    assert len(found.problems) <= 3
    if not found.problems:
        assert again.value is found.value
