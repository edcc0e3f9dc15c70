"""Thoughts in the text, or nowhere."""

from collections.abc import Callable

import pytest

from tray_app.core.model import (
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    Source,
    TextDelta,
    Usage,
)
from tray_app.filters.reasoning import Hiding, Tagging

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
