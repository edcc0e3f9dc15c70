"""What follows a tag, and whether that makes it a call: F8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.calling import hostile
from tray_app.core.model import Tool
from tray_app.filters.calling.names import Names
from tray_app.filters.calling.opening import Opening

NAMES = Names([Tool("read"), Tool("list_files")], frozenset())


def opening(inner: str, *, is_alone: bool, is_bare: bool = False) -> Opening:
    return Opening("<tag>", is_bare=is_bare, is_alone=is_alone, inner=inner)


@pytest.mark.parametrize(
    ("inner", "alone", "behind"),
    [
        ('\n{"name"', True, True),
        ("[{", True, True),
        ('{name: "read"', True, True),
        ('\'{"name"', True, True),
        ("{\n  na", True, None),
        ("{nay", True, False),
        ("\n<function=read>", True, True),
        ("\nread\n{", True, True),
        ('" is one', True, False),
        ("' + body", True, False),
        ("{...}", True, False),
        ("{}", True, False),
        ("# say", True, False),
        ("</tool_call>", False, False),
        (" tags", None, None),
        (" tags are", False, False),
        ("\n", None, None),
        ("read", None, None),
        ("\n</tool_", None, False),
    ],
)
def test_behind_other_text_a_call_has_to_follow_plainly(
    inner: str, alone: bool | None, behind: bool | None
) -> None:
    """F8"""
    assert opening(inner, is_alone=True).is_call(NAMES) is alone
    assert opening(inner, is_alone=False).is_call(NAMES) is behind


@pytest.mark.parametrize(
    ("inner", "is_call"),
    [("\n<parameter=a>", True), ('{"a"', True), (" to call it", False), ("\n", None), ("", None)],
)
def test_the_tag_of_a_function_is_followed_by_what_it_is_given(
    inner: str, is_call: bool | None
) -> None:
    assert opening(inner, is_alone=False, is_bare=True).is_call(NAMES) is is_call


def test_a_block_of_nothing_ends_where_its_tag_ends() -> None:
    assert opening("\n</tool_call>\nSo.", is_alone=True).empty == len("\n</tool_call>")
    assert opening("</tool_call>", is_alone=True).empty is None
    assert opening("\n</tool_call>", is_alone=False).empty is None


@pytest.mark.parametrize("inner", ["", "\n", "\n{", "re", " list_fil"])
def test_an_end_right_behind_the_tag_is_half_a_call(inner: str) -> None:
    """F8"""
    assert opening(inner, is_alone=False).is_half(NAMES)
    assert not opening(" tags", is_alone=False).is_half(NAMES)


@given(hostile.blocks, hostile.blocks, st.booleans(), st.booleans())
def test_more_text_never_takes_back_what_was_told(
    inner: str, more: str, is_alone: bool, is_bare: bool
) -> None:
    """F1"""
    told = opening(inner, is_alone=is_alone, is_bare=is_bare).is_call(NAMES)
    if told is not None:
        assert opening(inner + more, is_alone=is_alone, is_bare=is_bare).is_call(NAMES) is told
