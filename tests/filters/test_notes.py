"""What stands in the place of texts that were too long."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tray_app.filters.calling.past import weight_of
from tray_app.filters.notes import (
    CONVERSATION,
    KEPT,
    NOTE_BYTES,
    both_ends,
    free_name,
    gone,
    left_out,
    numbered,
    told_in_file,
    told_twice,
)


def said(size: int) -> str:
    return f"[{size}]"


def test_a_text_is_cut_between_lines_where_one_ends_near() -> None:
    text = "the first line\n" + "m" * 500 + "\nthe last line"

    assert both_ends(text, 17, 16, said) == "the first line\n[501]\nthe last line"


def test_a_text_without_lines_is_cut_where_the_bytes_end() -> None:
    assert both_ends("a" * 100, 10, 20, said) == f"{'a' * 10}\n[70]\n{'a' * 20}"


def test_a_text_that_would_gain_nothing_stays() -> None:
    assert both_ends("a" * 35, 10, 20, said) == "a" * 35


@given(st.text(), st.integers(1, 9), st.integers(1, 9))
def test_the_bytes_that_are_told_and_those_that_are_gone_are_all(
    text: str, head: int, tail: int
) -> None:
    cut = both_ends(text, head, tail, said)

    if cut != text:
        found = re.search(r"\n?\[(\d+)\]\n", cut)
        assert found is not None
        left = len(cut.encode()) - len(f"[{found[1]}]\n")
        assert left - int(found[0].startswith("\n")) <= len(text.encode()) - int(found[1]) <= left
        assert len(cut.encode()) < len(text.encode())


def test_files_of_one_name_are_numbered() -> None:
    assert [numbered("a.txt", number) for number in (1, 2)] == ["a.txt", "a-2.txt"]


def test_a_file_has_a_name_that_no_other_has() -> None:
    assert free_name("a.txt", ()) == "a.txt"
    assert free_name("a.txt", {"b.txt", "x/A.TXT", "a-2.txt"}) == "a-3.txt"


def test_a_note_says_that_no_tool_opens_the_file() -> None:
    for note in (told_in_file("c.txt", is_first=True), gone("file", "c.txt")(9)):
        assert "file c.txt" in note
        assert "attached to this message" in note
        assert "no tool opens it" in note
        assert not re.search(r"\bread\b", note, re.IGNORECASE)


def test_every_note_is_lighter_than_what_is_kept_free_for_it() -> None:
    notes = [
        told_in_file("conversation-12.txt", is_first=True, goes_on=True),
        told_in_file("conversation-12.txt", is_first=False, goes_on=True),
        left_out(10**6, 10**9),
        gone("file", CONVERSATION)(10**9),
        gone("trim", "")(10**9),
        KEPT,
        told_twice("conversation-12.txt"),
    ]

    assert max(map(weight_of, notes)) + 100 < NOTE_BYTES


def test_a_note_says_how_much_is_left_out() -> None:
    assert left_out(1, 20) == (
        "[… 1 message was here, 20 bytes in all, and left out for being too long …]"
    )
    assert "3 messages were here, 20 bytes" in left_out(3, 20)
