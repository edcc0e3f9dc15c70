"""Markers of sources."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut, talking, text_of, through
from tray_app.core.model import (
    Citation,
    Event,
    Finished,
    ImageReady,
    Prompt,
    ReasoningDelta,
    Source,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tray_app.core.ports import CitationStyle, Profile
from tray_app.filters.citations import Citing

SOURCES = [Source(1, "https://a.example/1", "A"), Source(12, "https://b.example/2", "B")]
STYLES: tuple[CitationStyle, ...] = get_args(CitationStyle)


def filtered(
    events: list[Event], style: CitationStyle = "links"
) -> tuple[str, list[Citation], list[Event]]:
    out = through(lambda emit: Citing(emit, style), events)
    return text_of(out), [event for event in out if isinstance(event, Citation)], out


def shown(text: str, style: CitationStyle, *sources: Source) -> str:
    """An answer of one delta in a style."""
    return filtered([*(sources or SOURCES), TextDelta(text), Finished()], style)[0]


def test_a_known_marker_becomes_a_link_and_a_citation() -> None:
    text, citations, _ = filtered([*SOURCES, TextDelta("See [[1]], [[12]]."), Finished()])

    assert text == "See [[1]](https://a.example/1), [[12]](https://b.example/2)."
    assert [text[one.start : one.end] for one in citations] == [
        "[[1]](https://a.example/1)",
        "[[12]](https://b.example/2)",
    ]
    assert [one.title for one in citations] == ["A", "B"]


def test_markers_may_stay_as_they_are() -> None:
    text, citations, _ = filtered([*SOURCES, TextDelta("x [[1]]"), Finished()], "plain")

    assert text == "x [[1]]"
    assert (citations[0].start, citations[0].end) == (2, 7)


def test_markers_may_count_a_list_of_what_is_cited() -> None:
    said = TextDelta("👍 [[12]] and [[1]], [[12]].")
    text, citations, _ = filtered([*SOURCES, said, Finished()], "list")

    assert text == (
        "👍 [1] and [2], [1].\n\n1. [B](https://b.example/2)\n2. [A](https://a.example/1)"
    )
    assert [(one.title, text[one.start : one.end]) for one in citations] == [
        ("B", "[1]"),
        ("A", "[2]"),
        ("B", "[1]"),
    ]


def test_a_list_tells_every_source_where_none_is_cited_and_nothing_where_nothing_is_said() -> None:
    text, citations, _ = filtered([*reversed(SOURCES), TextDelta("x"), Finished()], "list")
    call = ToolCallDelta(0, "{}", "call_1", "write")
    silent = filtered([*SOURCES, call, Finished("tool_calls")], "list")[0]

    assert text == "x\n\n1. [A](https://a.example/1)\n2. [B](https://b.example/2)"
    assert [one.start for one in citations] == [1, 1]
    assert silent == ""


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("It rains [[1]].", "It rains."),
        ("It rains[[1]].", "It rains."),
        ("It rains [[1]] today", "It rains today"),
        ("It rains [[1]][[12]], says [[1]] [[3]] he.", "It rains, says he."),
        ("It rains [[1]] (today)", "It rains (today)"),
        ("It [[1]]rains", "It rains"),
        ("It [[1]][[12]]rains", "It rains"),
        ("下雨了 [[1]]。", "下雨了。"),
        ("It rains [[1]]", "It rains"),
        ("It rains [[1]]\nand", "It rains\nand"),
        ("[[1]]", ""),
    ],
)
def test_markers_may_go_and_leave_no_hole(said: str, wanted: str) -> None:
    text, citations, _ = filtered([*SOURCES, *map(TextDelta, said), Finished()], "none")

    assert shown(said, "none") == text == wanted
    assert citations == []


@pytest.mark.parametrize("style", STYLES)
def test_a_marker_without_a_source_goes_in_every_style(style: CitationStyle) -> None:
    text, citations, _ = filtered([*SOURCES, TextDelta("x [[3]] [[4]]. ["), Finished()], style)

    assert text.startswith("x. [")
    assert "[[" not in text
    assert {(one.start, one.end) for one in citations} == ({(4, 4)} if style != "none" else set())


@pytest.mark.parametrize("style", STYLES)
def test_what_is_code_is_left_alone(style: CitationStyle) -> None:
    code = "```py\nx = [[1]] + [[3]]\n```\nand `y[[1]]`"

    assert shown(code, style).startswith(code)


def test_what_would_break_markdown_is_escaped() -> None:
    hostile = Source(1, "https://a.example/a)b](c\nd e", "A [b](c)\n`d` <e> \\")
    nameless = Source(2, "https://b.example/(x)", " ")

    assert shown("x [[1]]", "links", hostile) == "x [[1]](https://a.example/a%29b%5D%28c%0Ad%20e)"
    assert shown("x [[1]] [[2]]", "list", hostile, nameless) == (
        "x [1] [2]\n\n"
        "1. [A \\[b\\](c) \\`d\\` \\<e> \\\\](https://a.example/a%29b%5D%28c%0Ad%20e)\n"
        "2. [https://b.example/(x)](https://b.example/%28x%29)"
    )


@pytest.mark.parametrize("style", STYLES)
def test_text_goes_before_a_picture_or_a_call_that_follows_it(style: CitationStyle) -> None:
    picture = ImageReady("https://a.example/b.png")
    call = ToolCallDelta(0, "{}", "call_1", "write")
    said: list[Event] = [TextDelta("x [["), picture, TextDelta("y [[1"), call, Finished()]
    out = filtered([*SOURCES, *said], style)[2]

    assert text_of(out[: out.index(picture)]) == "x [["
    assert text_of(out[: out.index(call)]) == "x [[y [[1"


pieces = cut(
    st.lists(
        st.sampled_from(
            ["[", "[[", "1", "2", "]", "[[1]]", "[[12]]", "[[3]]", "x", " ", ".", "`", "```", "\n"]
        ),
        max_size=14,
    ).map("".join)
)


@given(pieces, st.sampled_from(STYLES))
def test_where_deltas_are_cut_does_not_matter(texts: list[str], style: CitationStyle) -> None:
    """F1"""
    whole = TextDelta("".join(texts))

    one = filtered([*SOURCES, whole, Finished()], style)
    many = filtered([*SOURCES, *map(TextDelta, texts), Finished()], style)

    assert one[:2] == many[:2]


@given(pieces, st.sampled_from(STYLES))
def test_every_citation_is_where_it_says(texts: list[str], style: CitationStyle) -> None:
    text, citations, _ = filtered([*SOURCES, *map(TextDelta, texts), Finished()], style)
    looks = {
        "links": ("[[1]](https://a.example/1)", "[[12]](https://b.example/2)"),
        "plain": ("[[1]]", "[[12]]"),
        "list": ("[1]", "[2]"),
        "none": (),
    }[style]

    assert {text[one.start : one.end] for one in citations} <= {*looks, ""}


@given(pieces, st.sampled_from(STYLES))
def test_without_sources_nothing_is_touched_or_held(texts: list[str], style: CitationStyle) -> None:
    """F2"""
    events: list[Event] = [TextDelta(text) for text in texts]
    assert filtered([*events, Usage(), Finished()], style)[2] == [*events, Usage(), Finished()]


@pytest.mark.parametrize("style", ["links", "plain", "list"])
def test_citations_stand_right_behind_thoughts_in_the_text(style: CitationStyle) -> None:
    events: list[Event] = [
        ReasoningDelta("hm [[1]] ```"),
        *SOURCES,
        TextDelta("x [[1]] ["),
        ReasoningDelta("again"),
        TextDelta("[12]]"),
        Finished(),
    ]
    profile = Profile(reasoning="think", citations=style)
    out = through(lambda emit: talking(Prompt("m", ()), emit, profile).feed, events)
    text = text_of(out)
    marks = [text[one.start : one.end] for one in out if isinstance(one, Citation)]

    assert text.startswith("<think>\nhm [[1]] ```\n</think>\n\nx ")
    assert text.count("[[1]] ```") == 1
    assert [mark.partition("(")[0] for mark in marks] == (
        ["[1]", "[2]"] if style == "list" else ["[[1]]", "[[12]]"]
    )
