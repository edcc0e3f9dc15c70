"""What answers used."""

import pytest

from tests.filters.pieces import Feed, through
from tray_app.core.model import (
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from tray_app.filters.counting import Counting
from tray_app.filters.ending import Ending
from tray_app.filters.limit import Limit
from tray_app.filters.stop import Stop

TOLD = Usage(10, 20, 5, 3)


def counted(events: list[Event], *, over: bool = False, max_tokens: int | None = None) -> Usage:
    """The one usage that comes out, just before the end, of an answer to forty bytes."""
    ending = Ending(over)
    out = through(lambda emit: Counting(emit, lambda: 40, ending, max_tokens=max_tokens), events)
    assert [type(one) for one in out].count(Usage) == 1
    assert type(out[-1]) is Finished
    assert [one for one in out if type(one) is not Usage] == [
        one for one in events if type(one) is not Usage
    ]
    usage = out[-2]
    assert isinstance(usage, Usage)
    return usage


def test_what_the_upstream_told_is_told() -> None:
    assert counted([TextDelta("Hello"), TOLD, Finished()]) == TOLD


def test_turns_are_summed_and_the_prompt_is_counted_once() -> None:
    again = Usage(99, 7, 1, 99, estimated=True)
    events: list[Event] = [TOLD, TextDelta("Hello"), again, Finished("tool_calls")]

    assert counted(events) == Usage(10, 27, 6, 3, estimated=True)


@pytest.mark.parametrize("over", [False, True])
def test_what_nobody_told_is_guessed_from_sizes(over: bool) -> None:
    events: list[Event] = [
        ReasoningDelta("想" * 4),
        TextDelta("你好 hello"),
        ToolCallDelta(0, "", "call_1", "write"),
        ToolCallDelta(0, '{"a":1}'),
        Finished("tool_calls"),
    ]

    assert counted(events, over=over) == Usage(11, 10, 3, estimated=True)


def test_a_turn_that_was_cut_is_guessed_and_those_before_it_are_not() -> None:
    events: list[Event] = [TextDelta("x" * 400), TOLD, TextDelta("y" * 40), Finished()]

    assert counted(events, over=True) == Usage(10, 31, 5, 3, estimated=True)


@pytest.mark.parametrize(("max_tokens", "output"), [(25, 25), (20, 20), (5, 20), (90, 90)])
def test_a_guess_stays_within_the_limit(max_tokens: int, output: int) -> None:
    events: list[Event] = [TOLD, ReasoningDelta("y" * 40), Finished("length")]
    usage = counted(events, over=True, max_tokens=max_tokens)

    assert (usage.output_tokens, usage.estimated) == (output, True)
    assert usage.reasoning_tokens <= output


def test_what_the_upstream_tells_is_no_guess_and_has_no_limit() -> None:
    assert counted([TOLD, Finished()], max_tokens=4) == TOLD


@pytest.mark.parametrize("text", ["four" * 9, "four STOP and more"])
def test_an_answer_that_was_cut_has_one_usage_whatever_follows(text: str) -> None:
    ending = Ending()

    def filters(emit: Feed) -> Feed:
        counting = Counting(emit, lambda: 40, ending, max_tokens=3)
        return Limit(Stop(counting, ["STOP"], ending), 3, ending)

    out = through(filters, [TextDelta(text), TOLD, Finished()])

    assert [type(one) for one in out] == [TextDelta, Usage, Finished]
    assert isinstance(out[1], Usage)
    assert out[1].estimated
    assert 0 < out[1].output_tokens <= 3
