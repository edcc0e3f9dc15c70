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
        ('{"fn_read": {"path": "a"}}', {"path": "a"}),
        ('{"fn_read": "a"}', {"path": "a"}),
    ],
)
def test_a_text_that_is_a_call_and_nothing_else_is_one(
    text: str, arguments: dict[str, str]
) -> None:
    ended = read_untagged(text, NAMES)

    assert ended is not None
    assert [call.arguments for call in ended.calls] == [arguments]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "read", "arguments": {"path": "a"}} is how.',
        '{"name": "nobody", "arguments": {}}',
        '{"name": "read", "arguments": {"pa',
        '{"path": "a"}',
        '{"name": "write", "arguments": 3}',
    ],
)
def test_anything_else_is_text(text: str) -> None:
    assert read_untagged(text, NAMES) is None


def test_arguments_without_names_are_broken() -> None:
    ended = read_untagged('{"write": "a"}', NAMES)

    assert ended is not None
    assert ended.problem == "broken"
    assert "write" in ended.why
