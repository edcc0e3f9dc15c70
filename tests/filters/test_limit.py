"""Answers that become too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut, text_of, through
from tray_app.core.model import (
    Event,
    Finished,
    ReasoningDelta,
    Source,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tray_app.filters.ending import Ending
from tray_app.filters.limit import Limit


def limited(events: list[Event], max_tokens: int) -> tuple[list[Event], bool]:
    """What comes out, and whether nothing more is wanted."""
    ending = Ending()
    return through(lambda emit: Limit(emit, max_tokens, ending), events), ending.over


def fitting(text: str, size: int) -> str:
    """The longest beginning of a text that has at most so many bytes."""
    return max(
        (text[:end] for end in range(len(text) + 1) if len(text[:end].encode()) <= size), key=len
    )


@given(cut(st.text(st.sampled_from("ab é文字👩‍🚀\n"))), st.integers(1, 12), st.integers(0, 8))
def test_an_answer_is_as_long_as_it_may_be_however_it_was_cut(
    pieces: list[str], max_tokens: int, thoughts: int
) -> None:
    """F9"""
    thought, said = "".join(pieces[:thoughts]), "".join(pieces[thoughts:])
    events: list[Event] = [*map(ReasoningDelta, pieces[:thoughts])]
    events += map(TextDelta, pieces[thoughts:])
    out, over = limited([*events, Usage(1, 2), Finished()], max_tokens)
    kept = fitting(thought + said, max_tokens * 4)

    assert (
        "".join(one.text for one in out if isinstance(one, ReasoningDelta)) == kept[: len(thought)]
    )
    assert text_of(out) == kept[len(thought) :]
    assert over is (kept != thought + said)
    ends: list[Event] = [Finished("length"), Usage(1, 2)] if over else [Usage(1, 2), Finished()]
    assert out[-2:] == ends


@pytest.mark.parametrize(
    ("text", "max_tokens", "kept"),
    [
        ("Hello there", 2, "Hello th"),
        ("你好世界", 1, "你"),
        ("你好世界", 2, "你好"),
        ("a👍👍", 1, "a"),
        ("a👍👍", 2, "a👍"),
        ("👍👍", 1, "👍"),
    ],
)
def test_no_character_is_cut(text: str, max_tokens: int, kept: str) -> None:
    """F9"""
    out, over = limited([TextDelta(text), Finished()], max_tokens)

    assert out == [TextDelta(kept), Finished("length")]
    assert over


def test_an_answer_that_just_fits_is_complete() -> None:
    events: list[Event] = [TextDelta("four"), TextDelta(""), Usage(1, 1), Finished()]

    assert limited(events, 1) == (events, False)


def test_nothing_follows_the_end_but_usage() -> None:
    later: list[Event] = [
        TextDelta("more"),
        ReasoningDelta("hm"),
        ToolCallDelta(0, "{}", "call_1", "write"),
        Source(1, "https://a.example", "A"),
        Usage(3, 4),
        Finished(),
    ]
    out, _ = limited([TextDelta("four"), TextDelta("f"), *later], 1)

    assert out == [TextDelta("four"), Finished("length"), Usage(3, 4)]
