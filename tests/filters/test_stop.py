"""Texts that end an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut, text_of, through
from tray_app.core.model import (
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    Source,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tray_app.filters.ending import Ending
from tray_app.filters.stop import Stop

CALL = ToolCallDelta(0, "{}", "call_1", "write")


def stopped(events: list[Event], *stops: str) -> tuple[list[Event], bool]:
    """What comes out, and whether nothing more is wanted."""
    ending = Ending()
    out = through(lambda emit: Stop(emit, stops, ending), events)
    return out, ending.over


def before_the_first(stops: list[str], text: str) -> str | None:
    """What a server would say that looks at all of its text after every character."""
    for end in range(1, len(text) + 1):
        sizes = [len(stop) for stop in stops if text[:end].endswith(stop)]
        if sizes:
            return text[: end - max(sizes)]
    return None


def held_back(stops: list[str], text: str) -> str:
    """The longest end of a text that begins one of these and is not all of it."""
    begun = (stop[:size] for stop in stops for size in range(len(stop)))
    return max((one for one in begun if text.endswith(one)), key=len, default="")


letters = st.text(st.sampled_from("abc\n é文"), min_size=1, max_size=6)


@given(st.lists(letters, min_size=1, max_size=4), cut(st.text(st.sampled_from("abc\n é文"))))
def test_an_answer_ends_before_the_first_match_however_it_was_cut(
    stops: list[str], pieces: list[str]
) -> None:
    """F9"""
    text = "".join(pieces)
    out, over = stopped([*map(TextDelta, pieces), Usage(1, 2), Finished("length")], *stops)
    wanted = before_the_first(stops, text)

    if wanted is None:
        assert text_of(out) == text
        others = [one for one in out if not isinstance(one, TextDelta)]
        assert others == [Usage(1, 2), Finished("length")]
        assert out[-1] == Finished("length")
    else:
        assert text_of(out) == wanted
        assert out[-2:] == [Finished("stop"), Usage(1, 2)]
    assert over is (wanted is not None)


@given(st.lists(letters, min_size=1, max_size=4), cut(st.text(st.sampled_from("abc\n é文"))))
def test_no_more_is_held_back_than_could_become_a_match(
    stops: list[str], pieces: list[str]
) -> None:
    ending = Ending()
    out: list[Event] = []
    feed = Stop(out.append, stops, ending)
    text = ""
    for piece in pieces:
        feed(TextDelta(piece))
        text += piece
        if ending.over:
            return
        assert text_of(out) + held_back(stops, text) == text


@pytest.mark.parametrize(
    ("stops", "text", "wanted"),
    [
        (["END"], "the END of it", "the "),
        (["abcd", "bc"], "xabcd", "xa"),
        (["bc", "abc"], "xabcd", "x"),
        (["aab"], "aaab", "a"),
        (["[a-z]", "^", "-", "\\"], "q-z", "q"),
        (["👩‍🚀"], "an 👩‍🚀!", "an "),
        (["x"], "", None),
        (["END"], "the end", None),
    ],
)
def test_the_match_that_ends_first_counts_and_of_two_the_longer(
    stops: list[str], text: str, wanted: str | None
) -> None:
    """F9"""
    out, over = stopped([TextDelta(text), Finished("length")], *stops)

    assert text_of(out) == (text if wanted is None else wanted)
    assert over is (wanted is not None)


def test_nothing_follows_a_match_but_usage() -> None:
    later: list[Event] = [
        TextDelta("more"),
        ReasoningDelta("hm"),
        CALL,
        ImageReady("https://a.example/b.png"),
        Source(1, "https://a.example", "A"),
        Usage(3, 4),
        Finished(),
    ]
    out, _ = stopped([TextDelta("one ST"), TextDelta("OP two"), *later], "STOP")

    assert out == [TextDelta("one "), Finished("stop"), Usage(3, 4)]


def test_an_answer_that_called_says_so_when_its_text_is_stopped() -> None:
    out, _ = stopped([TextDelta("S"), CALL, TextDelta("TOP, STOP"), Finished()], "STOP")

    assert out == [TextDelta("S"), CALL, TextDelta("TOP, "), Finished("tool_calls")]


def test_thoughts_are_not_searched_and_part_no_text() -> None:
    out, _ = stopped(
        [ReasoningDelta("STOP"), TextDelta("ST"), ReasoningDelta("."), TextDelta("OP")], "STOP"
    )

    assert out == [ReasoningDelta("STOP"), ReasoningDelta("."), Finished("stop")]


def test_a_picture_parts_the_text_around_it() -> None:
    picture = ImageReady("https://a.example/b.png")
    out, _ = stopped([TextDelta("ST"), picture, TextDelta("OP"), Finished()], "STOP")

    assert out == [TextDelta("ST"), picture, TextDelta("OP"), Finished()]
