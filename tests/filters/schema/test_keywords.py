"""The checks that are ours."""

from typing import Any

import pytest

from tray_app.filters.schema.keywords import checker
from tray_app.filters.schema.rules import Steps, read


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        (False, [], [None]),
        ({"properties": {"a": False}}, [{}], [{"a": 1}]),
        ({"type": "integer"}, [3, -(10**400)], [3.0, True, "3"]),
        ({"type": "number"}, [3, 3.5], [True]),
        ({"pattern": "^a+$"}, ["aa", 1], ["ab"]),
        (
            {"patternProperties": {"^n": {"type": "null"}}, "additionalProperties": False},
            [{"n": None, "nn": None}, 1],
            [{"n": 1}, {"m": None}],
        ),
        (
            {"properties": {"a": {}}, "additionalProperties": {"type": "null"}},
            [{"a": 1, "b": None}],
            [{"b": 1}],
        ),
        ({"uniqueItems": True}, [[1, 2, {"a": 1}], "aa"], [[{"a": 1, "b": 2}, {"b": 2, "a": 1}]]),
        ({"uniqueItems": False}, [[1, 1]], []),
        ({"multipleOf": 0.1}, [0.3, 7, 10**400, "a", True], [0.35]),
        ({"multipleOf": 3}, [9, 9.0], [10, 9.5]),
        ({"not": {"type": "null"}}, [1], [None]),
        ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5], [3, 1.5]),
        ({"oneOf": [False, True]}, [1], []),
        ({"anyOf": [False, {"type": "null"}]}, [None], [1]),
        ({"required": ["a"]}, [{"a": None}, []], [{}]),
        ({"propertyNames": {"maxLength": 1}}, [{"a": 1}], [{"ab": 1}]),
        ({"contains": {"const": 1}, "maxContains": 1}, [[1, 2]], [[2], [1, 1]]),
        ({"if": {"minimum": 5}, "then": {"multipleOf": 5}}, [1, 10], [11]),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, [None], [1]),
    ],
)
def test_a_keyword_tells_right_from_wrong(schema: Any, right: list[Any], wrong: list[Any]) -> None:
    check = checker(read(schema, Steps()))

    assert [value for value in right if not check.is_valid(value)] == []
    assert [value for value in wrong if check.is_valid(value)] == []
