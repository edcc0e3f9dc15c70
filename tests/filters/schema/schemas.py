"""Schemas and values of every kind, for properties to hold of."""

from typing import Any
from zlib import crc32

from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "c", "name", "arguments"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(-3, 3).filter(lambda number: not number.is_integer())
    | st.sampled_from(["", "a", "B", "1", "2.5", "true", "null", "[1]", '{"a": 1}', '["b"', "x y"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(KEYS, inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "properties": named,
            "required": st.lists(KEYS, max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$", "e"]), inner),
            "items": inner,
            "prefixItems": several,
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b"]),
        },
    ).map(_drawn_small)


def _drawn_small(schema: dict[str, Any]) -> dict[str, Any]:
    """Few keywords at a time, as people write them: with all of them nothing would ever fit."""
    return dict(sorted(schema.items(), key=lambda item: crc32(repr(item).encode()))[:3])


_LEAVES = st.booleans() | st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": SCALARS,
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "minLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "B$", r"\d"]),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "minProperties": st.integers(0, 2),
    },
).map(_drawn_small)

_INNER = st.recursive(_LEAVES, _nested, max_leaves=6)

SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda schema, a, b: {
        **(schema if isinstance(schema, dict) else {}),
        "$defs": {"a": a, "b": b},
    },
    _INNER,
    _LEAVES,
    _LEAVES,
)
"""Schemas that are right."""

_WORDS = st.sampled_from(
    [
        *[
            "type",
            "properties",
            "required",
            "items",
            "enum",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "if",
        ],
        *["additionalProperties", "$ref", "pattern", "minimum", "multipleOf", "nullable", "then"],
        *["exclusiveMinimum", "dependencies", "patternProperties", "const", "prefixItems", "$id"],
        *[
            "contains",
            "minContains",
            "uniqueItems",
            "propertyNames",
            "$defs",
            "maxLength",
            "format",
        ],
    ]
)
_SAID = SCALARS | st.sampled_from(
    ["#", "#/$defs/a", "#/properties/a", "http://127.0.0.1:9/a", "(a+)+$", "[", "object", "array"]
)

ANY_SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    _WORDS,
    st.recursive(
        _SAID,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(_WORDS | KEYS, inner, max_size=4)
        ),
        max_leaves=12,
    ),
    max_size=5,
)
"""What looks like schemas, and need not be any."""
