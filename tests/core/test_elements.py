"""Tags that no text holds."""

import pytest

from tray_app.core.elements import free_mark, tags

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
