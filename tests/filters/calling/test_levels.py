"""What every level of telling a tool has in common: each choice of values, each required name."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import Tool
from tray_app.filters.calling.signatures import Level, signature

KINDS = ["string", "object", "array", "null", ["object", "null"], ["string", "array"]]


def keys_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(["a", "b", "title", "enum"]), inner, max_size=2)
    marks = st.lists(st.just("?"), max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(KINDS),
            "properties": named,
            "required": marks,
            "enum": marks,
            "const": st.just("?"),
            "items": inner | st.lists(inner, max_size=2),
            "additionalProperties": inner,
            "anyOf": st.lists(inner, max_size=2),
            "oneOf": st.lists(inner, max_size=2),
            "allOf": st.lists(inner, max_size=2),
            "not": inner,
            "patternProperties": named,
            "$defs": named,
            "nullable": st.just(True),
            "description": st.just("About it."),
            "default": st.just("d"),
        },
    )


some_keys: st.SearchStrategy[Any] = st.recursive(st.booleans() | st.just({}), keys_of, max_leaves=8)


def marked(schema: Any, marks: list[str], key: str = "") -> Any:
    """The schema with a text of its own for each choice and each name that is required."""
    if isinstance(schema, dict):
        return {name: marked(inner, marks, name) for name, inner in schema.items()}
    if isinstance(schema, list):
        return [marked(inner, marks, key) for inner in schema]
    if schema == "?":
        marks.append(f"{key}<{len(marks)}>")
        return marks[-1]
    return schema


@given(keys_of(some_keys))
def test_every_choice_and_required_name_stands_at_every_level(schema: dict[str, Any]) -> None:
    marks: list[str] = []
    tool = Tool("f", "d", marked(schema, marks))

    for level in Level:
        told = signature(tool, "f", level, {"a", "b"})
        assert [mark for mark in marks if f'"{mark}"' not in told] == []
