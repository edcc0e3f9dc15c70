"""A number is found between the bounds that a schema sets."""

from typing import Any

import jsonschema
import pytest

from tray_app.practice.numbers import number_for


@pytest.mark.parametrize(
    ("schema", "number"),
    [
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": None, "maximum": None, "multipleOf": None}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "exclusiveMinimum": 5, "minimum": 9}, 9),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "minimum": 2.5}, 3),
        ({"type": "number", "exclusiveMinimum": 0.5, "maximum": 0.9}, 0.9),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, 0.25),
        ({"type": "number", "minimum": 3, "multipleOf": 0.4}, 3.2),
        ({"type": "number", "exclusiveMinimum": 5, "multipleOf": 4}, 8),
    ],
)
def test_a_number_is_found(schema: dict[str, Any], number: float) -> None:
    made = number_for(schema, 1, whole=schema["type"] == "integer")

    assert made == number
    jsonschema.validate(made, {name: one for name, one in schema.items() if one is not None})


def test_an_old_schema_says_by_true_that_a_bound_is_none_itself() -> None:
    assert number_for({"minimum": 3, "exclusiveMinimum": True}, 1, whole=True) == 4
    assert number_for({"maximum": 0, "exclusiveMaximum": True}, 1, whole=True) == -1
    assert number_for({"minimum": 3, "exclusiveMinimum": False}, 1, whole=True) == 3


def test_where_no_number_is_allowed_there_is_none() -> None:
    assert number_for({"minimum": 2, "maximum": 1}, 1, whole=False) is None
    assert number_for({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, 1, whole=True) is None
