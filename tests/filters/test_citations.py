"""Markers of sources."""

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import Citation, Event, Finished, Source, TextDelta, Usage
from tray_app.filters.citations import Citing

SOURCES = [Source(1, "https://a.example/1", "A"), Source(12, "https://b.example/2", "B")]


def filtered(
    events: list[Event], *, linked: bool = True
) -> tuple[str, list[Citation], list[Event]]:
    out: list[Event] = []
    feed = Citing(out.append, linked=linked)
    for event in events:
        feed(event)
    text = "".join(event.text for event in out if isinstance(event, TextDelta))
    return text, [event for event in out if isinstance(event, Citation)], out


def test_a_known_marker_becomes_a_link_and_a_citation() -> None:
    text, citations, _ = filtered([*SOURCES, TextDelta("See [[1]], [[12]]."), Finished()])

    assert text == "See [[1]](https://a.example/1), [[12]](https://b.example/2)."
    assert [text[one.start : one.end] for one in citations] == [
        "[[1]](https://a.example/1)",
        "[[12]](https://b.example/2)",
    ]
    assert [one.title for one in citations] == ["A", "B"]


def test_markers_may_stay_as_they_are() -> None:
    text, citations, _ = filtered([*SOURCES, TextDelta("x [[1]]"), Finished()], linked=False)

    assert text == "x [[1]]"
    assert (citations[0].start, citations[0].end) == (2, 7)


def test_an_unknown_marker_stays_and_every_source_is_named_at_the_end() -> None:
    text, citations, _ = filtered([*SOURCES, TextDelta("x [[3]] ["), Finished()])

    assert text == "x [[3]] ["
    assert [(one.url, one.start, one.end) for one in citations] == [
        ("https://a.example/1", 9, 9),
        ("https://b.example/2", 9, 9),
    ]


pieces = st.lists(
    st.sampled_from(["[", "[[", "1", "2", "]", "]]", "[[1]]", "[[12]]", "[[3]]", "x", "[[1", ""]),
    max_size=14,
)


@given(pieces, st.integers(1, 5), st.booleans())
def test_where_deltas_are_cut_does_not_matter(texts: list[str], size: int, linked: bool) -> None:
    """F1"""
    whole = "".join(texts)
    cut = [TextDelta(whole[at : at + size]) for at in range(0, len(whole), size)]

    one = filtered([*SOURCES, TextDelta(whole), Finished()], linked=linked)
    many = filtered([*SOURCES, *cut, Finished()], linked=linked)

    assert one[:2] == many[:2]
    if not linked:
        assert one[0] == whole


@given(pieces)
def test_without_sources_nothing_is_touched_or_held(texts: list[str]) -> None:
    """F2"""
    events: list[Event] = [TextDelta(text) for text in texts]
    assert filtered([*events, Usage(), Finished()])[2] == [*events, Usage(), Finished()]
