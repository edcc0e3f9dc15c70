"""Tags that no text holds."""

import pytest

from tray_app.core.elements import free_mark, is_unfinished, tags
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
