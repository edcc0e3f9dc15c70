"""Markers in text, and what looks like them in code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut
from tray_app.filters.markers import Markers


def read(*pieces: str) -> tuple[str, list[int]]:
    """The text with each marker as `<number>`, and the numbers."""
    said: list[str] = []
    numbers: list[int] = []

    def mark(number: int, space: str) -> None:
        numbers.append(number)
        said.append(f"{space}<{number}>")

    markers = Markers(said.append, mark)
    for piece in pieces:
        markers.feed(piece)
    markers.flush()
    return "".join(said), numbers


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("See [[1]], [[12]].", "See <1>, <12>."),
        ("[[1]][[2]] [[3]]", "<1><2> <3>"),
        ("[[[1]]] [[x]] [[12345]] [[1]", "[<1>] [[x]] [[12345]] [[1]"),
        ("a `b [[1]] c` [[2]]", "a `b [[1]] c` <2>"),
        ("a ``b ` [[1]]`` [[2]]", "a ``b ` [[1]]`` <2>"),
        ("a `b [[1]]\n`[[2]]`", "a `b <1>\n`[[2]]`"),
        ("a `b [[1]]", "a `b <1>"),
        ("```py\nx = [[1]]\n```\n[[2]]", "```py\nx = [[1]]\n```\n<2>"),
        ("~~~\n[[1]]\n```\n[[1]]\n~~~\n[[2]]", "~~~\n[[1]]\n```\n[[1]]\n~~~\n<2>"),
        ("````\n[[1]]\n```\n[[1]]\n`````\n[[2]]", "````\n[[1]]\n```\n[[1]]\n`````\n<2>"),
        ("```\n[[1]]\n```py\n[[1]]", "```\n[[1]]\n```py\n[[1]]"),
        (
            "- item\n  1. ```\n     [[1]]\n     ```\n[[2]]",
            "- item\n  1. ```\n     [[1]]\n     ```\n<2>",
        ),
        ("> ```\n> [[1]]\n> ```\n> [[2]]", "> ```\n> [[1]]\n> ```\n> <2>"),
        ("```a [[1]] b``` [[2]]\n[[3]]", "```a [[1]] b``` <2>\n<3>"),
        ("```\nx```\n[[1]]", "```\nx```\n[[1]]"),
        ("[[1]] ```\n[[2]]", "<1> ```\n<2>"),
        ("``` a `b\n[[1]]", "``` a `b\n<1>"),
        ("`" * 950 + "[[1]]" + "`" * 150, "`" * 950 + "[[1]]" + "`" * 150),
        ("so: ```\n[[1]]", "so: ```\n<1>"),
        ("~~old [[1]]~~ ~~~\n[[2]]", "~~old <1>~~ ~~~\n<2>"),
        ("`" + "x" * 500 + "[[1]]`", "`" + "x" * 500 + "<1>`"),
    ],
)
def test_markers_are_found_outside_of_code(text: str, wanted: str) -> None:
    assert read(text)[0] == wanted
    assert read(*text)[0] == wanted


MARKS = ["`", "``", "```", "~~~", "\n", "\n```", "\n```\n", "\n~~~\n", "[", "[[1]]", "1", "]"]
OTHERS = [" ", "x", "- ", "> ", "`" * 150, "y" * 150]
bits = st.lists(st.sampled_from([*MARKS, *OTHERS]), max_size=14).map("".join)


@given(cut(bits))
def test_where_a_text_is_cut_does_not_matter_to_its_markers(pieces: list[str]) -> None:
    """F1"""
    text = "".join(pieces)

    assert read(*pieces) == read(text) == read(*text)


@given(cut(bits))
def test_what_is_no_marker_is_passed_on_as_it_is(pieces: list[str]) -> None:
    """F2"""
    assert read(*pieces)[0].replace("<1>", "[[1]]") == "".join(pieces)


def test_little_is_held_back() -> None:
    said: list[str] = []
    markers = Markers(said.append, lambda *_: None)
    for piece in ("one ", "two [", "[x", " three\n```", "\nfour [[1]] ", "five\n``", "`\nsix"):
        markers.feed(piece)

    assert "".join(said) == "one two [[x three\n```\nfour [[1]] five\n```\nsix"


@pytest.mark.parametrize("text", ["`" + "x" * 2000, "`" * 2000, "```\n" + " " * 2000])
def test_what_never_shows_what_it_is_is_not_held_for_ever(text: str) -> None:
    said: list[str] = []
    markers = Markers(said.append, lambda *_: None)
    for char in text:
        markers.feed(char)

    assert len("".join(said)) > len(text) - 500


def test_a_text_may_go_on_after_a_flush() -> None:
    said: list[str] = []
    numbers: list[int] = []
    markers = Markers(said.append, lambda number, _: numbers.append(number))
    for piece in ("one [", "[1", " ]] [[2", "]]"):
        markers.feed(piece)
        if piece == "[1":
            markers.flush()

    assert ("".join(said), numbers) == ("one [[1 ]]", [2])
