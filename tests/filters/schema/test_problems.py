"""What is wrong, in words."""

from typing import Any

import pytest

from tray_app.filters.schema import fit
from tray_app.filters.schema.problems import shown

NULL = {"type": "null"}
FORMS = {
    "anyOf": [
        {"properties": {"kind": {"const": "a"}, "n": {"type": "integer"}}, "required": ["kind"]},
        {"properties": {"kind": {"const": "b"}, "m": {"type": "boolean"}}, "required": ["kind"]},
    ]
}


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        ({"type": ["object", "null"]}, [], "must be an object or null; got an array"),
        ({"type": ["object", "array", "null"]}, 5, "must be an object, an array or null; got 5"),
        ({"type": "boolean"}, "maybe", 'must be true or false; got "maybe"'),
        ({"const": "a"}, {}, 'must be "a"; got an object'),
        ({"enum": [1, None]}, 3, "must be one of 1, null; got 3"),
        ({"minimum": 2}, 1, "must be at least 2; got 1"),
        ({"exclusiveMaximum": 2}, 2, "must be less than 2; got 2"),
        ({"multipleOf": 5}, 6, "must be a multiple of 5; got 6"),
        ({"minLength": 3}, "ab", "must have at least 3 characters; has 2"),
        ({"maxItems": 1}, [1, 2], "must have at most 1 items; has 2"),
        ({"minProperties": 1}, {}, "must have at least 1 keys; has 0"),
        ({"pattern": "^a$"}, "b", 'must match the pattern ^a$; got "b"'),
        ({"uniqueItems": True}, [1, 1], "must not hold the same item twice"),
        ({"not": {}}, 1, "has a form that is not allowed"),
        ({"contains": {"const": 1}}, [], "lacks an item that has to be in it"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "lacks a key that another one needs"),
        ({"oneOf": [{}, {"minimum": 1}]}, 2, "must have only one of the forms that are allowed"),
        ({"anyOf": [{"type": "integer"}, NULL]}, "a", 'must be an integer or null; got "a"'),
        ({"anyOf": [{"const": 1}, NULL]}, "a", "has none of the forms that are allowed"),
        (False, 1, "is not allowed here"),
    ],
)
def test_each_rule_says_what_it_wants_and_what_there_is(
    schema: Any, value: Any, problem: str
) -> None:
    found = fit({"at": [value]}, {"properties": {"at": {"prefixItems": [schema]}}})

    assert found.problems == (f"at[0]: {problem}",)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"kind": "b", "m": "perhaps"}, 'm: must be true or false; got "perhaps"'),
        ({"kind": "a", "n": {}}, "n: must be an integer; got an object"),
        ({"n": 1}, "kind: is missing"),
        ({"kind": "c"}, "the whole: has none of the forms that are allowed"),
    ],
)
def test_of_several_forms_the_one_that_was_meant_is_told(value: Any, problem: str) -> None:
    assert fit(value, FORMS).problems == (problem,)


def test_places_are_written_as_people_write_them() -> None:
    schema = {"additionalProperties": {"items": {"type": "null"}}}

    assert fit({"a b": [1]}, schema).problems == ('["a b"][0]: must be null; got 1',)
    assert fit([], {"type": "integer"}).problems == ("the whole: must be an integer; got an array",)


def test_a_problem_is_short_whatever_it_is_about() -> None:
    schema = {"additionalProperties": {"enum": ["x" * 5_000, "y" * 5_000]}}

    problems = fit({"k" * 5_000: "z" * 5_000}, schema).problems

    assert len(problems[0]) <= 250
    assert shown("z" * 5_000) == '"' + "z" * 58 + "…"


def test_one_problem_is_told_once_and_at_most_three_are() -> None:
    twice = {"allOf": [{"required": ["a"]}, {"required": ["a"]}]}
    many = {"items": {"type": "null"}}

    assert fit({}, twice).problems == ("a: is missing",)
    assert len(fit([1, 2, 3, 4], many).problems) == 3
