"""Answers cut into deltas, for tests of filters."""

from collections.abc import Callable, Iterable
from itertools import pairwise

from hypothesis import strategies as st

from tray_app.core.model import Event, TextDelta

Feed = Callable[[Event], None]


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """A text in pieces, some of them empty."""
    text = draw(texts)
    places = draw(st.lists(st.integers(0, len(text)), max_size=8))
    return [text[start:end] for start, end in pairwise([0, *sorted(places), len(text)])]


def through(make: Callable[[Feed], Feed], events: Iterable[Event]) -> list[Event]:
    """What comes out of a filter that these go into."""
    out: list[Event] = []
    feed = make(out.append)
    for event in events:
        feed(event)
    return out


def text_of(events: Iterable[Event]) -> str:
    """The text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))
