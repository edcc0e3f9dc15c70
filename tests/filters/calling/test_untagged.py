"""Calls as JSON without any tag."""

import pytest

from tray_app.core.model import Tool
from tray_app.filters.calling.names import Names
from tray_app.filters.calling.untagged import read_untagged

ONE = {"type": "object", "properties": {"path": {"type": "string"}}}
TWO = {"type": "object", "properties": {"path": {}, "text": {}}}
NAMES = Names([Tool("read", "", ONE), Tool("write", "", TWO)], frozenset({"read"}))


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"name": "read", "arguments": {"path": "a"}}', {"path": "a"}),
        ('```json\n{"name": "read", "arguments": {"path": "a"}}\n```\n', {"path": "a"}),
        ('{"name": "read", "arguments": {"path": "a",}}\n</tool_call>', {"path": "a"}),
        ('[{"name": "read", "parameters": {"path": "a"}}]', {"path": "a"}),
        ('{"type": "function", "function": {"name": "read", "arguments": "{}"}}', {}),
        ('{"tool_calls": [{"function": {"name": "read", "arguments": "{}"}}]}', {}),
        ('{"fn_read": {"path": "a"}}', {"path": "a"}),
        ('{"fn_read": "a"}', {"path": "a"}),
        ('{"read": {"path": "a"}}', {"path": "a"}),
    ],
)
def test_a_text_that_is_a_call_and_nothing_else_is_one(
    text: str, arguments: dict[str, str]
) -> None:
    ended = read_untagged(text, NAMES, is_whole=True)

    assert ended is not None
    assert [call.arguments for call in ended.calls] == [arguments]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "read", "arguments": {"path": "a"}} is how.',
        '{"name": "nobody", "arguments": {}}',
        '{"name": "read", "version": "1.0.0"}',
        '{"type": "function", "function": {"name": "read", "description": "x", "parameters": {}}}',
        '{"path": "a"}',
        '{"tool_calls": [{"name": "nobody", "arguments": {}}]}',
        '{"content": "So:", "tool_calls": [{"name": "read", "arguments": {}}]}',
        '{"tool_calls": 3}',
        '{"tool_calls": []}',
        '{"name": "write", "arguments": 3}',
    ],
)
def test_anything_else_is_text(text: str) -> None:
    assert read_untagged(text, NAMES, is_whole=True) is None


def test_arguments_without_names_are_broken() -> None:
    ended = read_untagged('{"write": "a"}', NAMES, is_whole=True)

    assert ended is not None
    assert ended.problem == "broken"
    assert "write" in ended.why


def test_a_name_for_a_key_needs_arguments_that_the_tool_has() -> None:
    assert read_untagged('{"fn_read": {"items": 3}}', NAMES, is_whole=False) is None
    assert read_untagged('{"fn_read": ["a"]}', NAMES, is_whole=True) is None
    broken = read_untagged('{"fn_read": "a"}', NAMES, is_whole=False)
    assert broken is not None
    assert broken.problem == "broken"


def test_several_calls_are_read_and_half_of_one_is_half() -> None:
    one = '{"name": "read", "arguments": {"path": "a"}}'
    several = read_untagged(f"{one}\n{one}", NAMES, is_whole=False)
    half = read_untagged(one[:-5], NAMES, is_whole=False)

    assert several is not None
    assert len(several.calls) == 2
    assert half is not None
    assert half.problem == "half"
