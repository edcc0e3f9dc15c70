"""Values whose types may change."""

from typing import Any

import pytest

from tray_app.upstreams.qwen.told import entries_of, flag_of, number_of, table_of, text_of


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), (1e6, 1_000_000), (1.5, 0), (float("inf"), 0), (float("nan"), 0), (-1, 0), (True, 0),
     ("5", 0), (None, 0), ([5], 0)],
)  # fmt: skip
def test_a_number_is_whole_however_it_is_written(value: object, number: int) -> None:
    found = number_of(value)
    assert (found, type(found)) == (number, int)


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), (1, True), (4, True), (0, False), (1.0, True), ("true", True),
     ("False", False), ("maybe", None), ("", None), (None, None), ([], None), ({"a": 1}, None)],
)  # fmt: skip
def test_yes_and_no_are_told_in_many_ways(value: object, flag: bool | None) -> None:
    assert flag_of(value) is flag


@pytest.mark.parametrize("value", [None, 7, True, [], {}])
def test_what_is_no_text_is_none(value: object) -> None:
    assert text_of(value) == ""
    assert text_of("a") == "a"


@pytest.mark.parametrize(
    ("value", "table", "entries"),
    [
        ({"a": 1}, {"a": 1}, [("a", 1)]),
        ([1, None], {}, [("", 1), ("", None)]),
        ("text", {}, []),
        (None, {}, []),
    ],
)
def test_maps_and_lists_hold_entries(
    value: object, table: dict[str, Any], entries: list[tuple[str, Any]]
) -> None:
    assert table_of(value) == table
    assert entries_of(value) == entries
