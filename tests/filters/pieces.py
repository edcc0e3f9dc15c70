"""Answers cut into deltas, for tests of filters."""

from collections.abc import Callable, Iterable
from itertools import count, pairwise
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from tray_app.core.model import Event, Prompt, TextDelta, TextPart
from tray_app.core.ports import Profile
from tray_app.filters import Means, Talk, prepared
from tray_app.filters.calling.form import Grammar
from tray_app.upstreams.qwen.flatten import transcript

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


def means(**changes: Any) -> Means:
    """An upstream that keeps `read_file` for itself and weighs texts alone."""
    usual = Means(
        weigh=lambda told: sum(len(part.text) for message in told.messages for part in message.parts
                               if isinstance(part, TextPart)),
        body_bytes=96_000,
        reserved_tools=frozenset({"read_file"}),
        grammar="json",
        transcript=transcript,
    )  # fmt: skip
    return replace(usual, **changes)


def talking(
    prompt: Prompt, emit: Feed, profile: Profile | None = None, *, grammar: Grammar = "json"
) -> Talk:
    """All filters of a prompt, before an upstream as `means` has it."""
    ids = count(1)
    ready = prepared(prompt, means(grammar=grammar))
    return Talk(ready, profile or Profile(), lambda: f"id-{next(ids)}", emit)
