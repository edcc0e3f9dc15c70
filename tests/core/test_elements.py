"""Tags that no text holds."""

import pytest

from tray_app.core.elements import free_mark, is_result, is_unfinished, tags
from tray_app.core.model import Message, Role, TextPart

BOX = tags("box", "lid")


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        ([], ""),
        (["a box", "<boxes>", "< box>", "&lt;box>"], ""),
        (["<box>"], "-2"),
        (["</BOX", "x"], "-2"),
        (["x", "<lid name='y'>"], "-2"),
        (["<box-2>"], "-3"),
        (["</box/>", "</lid-2> <box-3>"], "-4"),
    ],
)
def test_tags_carry_a_number_that_no_text_holds(texts: list[str], mark: str) -> None:
    assert free_mark(BOX, texts) == mark


@pytest.mark.parametrize(
    ("role", "texts", "unfinished"),
    [
        ("assistant", ["Roses are"], True),
        ("assistant", ["<tool_call>\n{}\n</tool_call>", "And"], True),
        ("assistant", ["And", "<tool_call>\n{}\n</tool_call>"], False),
        ("assistant", [], True),
        ("user", ["Roses are"], False),
    ],
)
def test_an_answer_that_ends_with_a_call_is_whole(
    role: Role, texts: list[str], *, unfinished: bool
) -> None:
    assert is_unfinished(Message(role, tuple(map(TextPart, texts)))) is unfinished


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("<tool_response>\n12\n</tool_response>", True),
        ("<tool_response-2>\n<tool_response>\n</tool_response-2>", True),
        ("<tool_response>\n\n</tool_response>", True),
        ("<tool_response-2>\n12\n</tool_response>", False),
        ("<tool_response>\n12\n</tool_response>\nand now a cat", False),
        ("what does <tool_response> mean", False),
        ("", False),
    ],
)
def test_only_a_whole_element_is_what_a_tool_answered(text: str, result: bool) -> None:
    assert is_result(text) is result
