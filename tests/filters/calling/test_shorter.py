"""Texts made short."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.filters.calling.shorter import ends, repeated, short_arguments


def test_both_ends_stay_and_a_note_says_what_is_left_out() -> None:
    assert ends("a" * 100 + "b" * 900 + "c" * 100, 100, "this result") == (
        f"{'a' * 100}\n[… 900 bytes of this result are left out here …]\n{'c' * 100}"
    )
    assert "[… 900 bytes are left out here …]" in ends("a" * 1_100, 100)


@given(st.text(max_size=400), st.integers(1, 100))
def test_a_cut_is_shorter_and_splits_no_character(text: str, end: int) -> None:
    cut = ends(text, end)

    assert cut == text or len(cut.encode()) < len(text.encode())
    if cut != text:
        head, tail = cut.split("\n[… ")[0], cut.rsplit(" …]\n")[-1]
        assert text.startswith(head)
        assert text.endswith(tail)
        assert end - 3 <= len(head.encode()) <= end


def test_a_repeat_says_how_it_begins() -> None:
    assert repeated("one\n two" + "x" * 100) == (
        f"[The same text as in a later result, which begins with: one two{'x' * 52}]"
    )


@pytest.mark.parametrize(
    "arguments",
    ['{"a":  1.0e2}', json.dumps({"a": "x" * 900}), json.dumps({"a": ["x" * 900] * 3}),
     '{"a": ' + "1" * 2_000 + "}"],
)  # fmt: skip
def test_arguments_without_a_long_text_stay_letter_by_letter(arguments: str) -> None:
    assert json.loads(short_arguments(arguments)) == json.loads(arguments)
    assert len(short_arguments(arguments)) >= len(arguments) - 1


def test_long_texts_are_cut_wherever_they_are_and_the_rest_stays() -> None:
    text = "h" * 300 + "m" * 2_000 + "t" * 300
    given_ones: dict[str, Any] = {
        "path": "p",
        "n": 1,
        "text": text,
        "edits": [{"old": text, "x": 2}],
    }

    short = json.loads(short_arguments(json.dumps(given_ones)))

    cut = f"{'h' * 250}\n[… 2100 bytes are left out here …]\n{'t' * 250}"
    assert short == {"path": "p", "n": 1, "text": cut, "edits": [{"old": cut, "x": 2}]}


def test_numbers_beside_a_long_text_stay_letter_by_letter() -> None:
    assert '"n":1.0e2' in short_arguments('{"n": 1.0e2, "text": "' + "x" * 5_000 + '"}')


@pytest.mark.parametrize(
    "arguments", ["[" * 9_999, '{"a": "' + "x" * 5_000, '{"a": "\\ud800' + "x" * 5_000 + '"}']
)
def test_what_is_no_json_becomes_an_object_nevertheless(arguments: str) -> None:
    short = json.loads(short_arguments(arguments))

    assert isinstance(short, dict)
    assert len(short_arguments(arguments)) < 1_000
