"""Thoughts in the text, beside it, or nowhere."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut, text_of
from tests.filters.pieces import through as put_through
from tray_app.core.model import (
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    Source,
    TextDelta,
    Usage,
)
from tray_app.filters.reasoning import Hiding, Tagging, Untagging

ANSWER: list[Event] = [
    Source(1, "https://a.example", "A"),
    ReasoningDelta("why "),
    Usage(1, 2),
    ReasoningDelta("not"),
    Source(2, "https://b.example", "B"),
    TextDelta("Yes"),
    TextDelta("."),
    Finished(),
]


def through(make: Callable[[Callable[[Event], None]], Callable[[Event], None]]) -> list[Event]:
    """What comes out of a filter that the answer goes into."""
    out: list[Event] = []
    feed = make(out.append)
    for event in ANSWER:
        feed(event)
    return out


def test_hidden_thoughts_are_gone_and_nothing_else() -> None:
    assert through(Hiding) == [one for one in ANSWER if not isinstance(one, ReasoningDelta)]


def test_tagged_thoughts_are_text_between_one_pair_of_tags() -> None:
    out = through(Tagging)
    text = "".join(one.text for one in out if isinstance(one, TextDelta))

    assert text == "<think>\nwhy not\n</think>\n\nYes."
    assert not any(isinstance(one, ReasoningDelta) for one in out)
    assert [one for one in out if not isinstance(one, TextDelta)] == [
        one for one in ANSWER if not isinstance(one, TextDelta | ReasoningDelta)
    ]


@pytest.mark.parametrize("last", [Finished(), ImageReady("https://a.example/b.png")])
def test_thoughts_that_end_without_text_are_closed(last: Event) -> None:
    out: list[Event] = []
    feed = Tagging(out.append)
    feed(ReasoningDelta("hm"))
    feed(last)

    assert out == [TextDelta("<think>\nhm"), TextDelta("\n</think>\n\n"), last]


def untagged(*turns: list[str]) -> tuple[str, str]:
    """The thoughts and the text of answers that come in these pieces."""
    events: list[Event] = []
    for turn in turns:
        events += (*map(TextDelta, turn), Finished())
    out = put_through(Untagging, events)
    assert [one for one in out if isinstance(one, Finished)] == [Finished()] * len(turns)
    return "".join(one.text for one in out if isinstance(one, ReasoningDelta)), text_of(out)


@pytest.mark.parametrize(
    ("answer", "thoughts", "text"),
    [
        ("<think>I may <tool_call> or not.</think>\n\nYes.", "I may <tool_call> or not.", "Yes."),
        ("\n<think>why</think>", "why", ""),
        ("<think>a < b </thin", "a < b </thin", ""),
        ("</think>\n\nYes. </think>", "", "Yes. </think>"),
        ("Yes. <think>why</think>", "", "Yes. <think>why</think>"),
        ("<thinking>why</thinking>", "", "<thinking>why</thinking>"),
        ("  <thin", "", "  <thin"),
        (" \n", "", " \n"),
        ("\n" * 99 + "<think>", "", "\n" * 99 + "<think>"),
    ],
)
def test_thoughts_at_the_beginning_of_a_text_are_thoughts(
    answer: str, thoughts: str, text: str
) -> None:
    """F8"""
    assert untagged([answer]) == (thoughts, text)
    assert untagged(list(answer)) == (thoughts, text)
    assert untagged([answer], [answer]) == (thoughts * 2, text * 2)


@given(cut(st.text(st.sampled_from("</think> \na")) | st.just("<think>a</think> \nb")))
def test_it_does_not_matter_where_thoughts_are_cut(pieces: list[str]) -> None:
    """F1"""
    assert untagged(pieces) == untagged(["".join(pieces)])
