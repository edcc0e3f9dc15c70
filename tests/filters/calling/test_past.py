"""The past of a conversation, gone through turn by turn."""

import msgspec
import pytest

from tests.dialects.captures import Capture, captures
from tests.filters.calling.conversations import (
    calls,
    did,
    names_of,
    parsed,
    result,
    said,
    thinks,
)
from tray_app.core.model import Message
from tray_app.filters.calling.history import Turn, rendered, turns
from tray_app.filters.calling.past import Past, Way, weighed, weight_of
from tray_app.upstreams.qwen.flatten import flatten


def past_of(messages: list[Message]) -> tuple[Past, Turn]:
    """The past of a conversation at its end, and that end."""
    past = Past(weighed(messages))
    for turn in turns(messages):
        past.reach(turn)
    return past, turn


def loop(*results: str) -> list[Message]:
    messages = [said("user", "task")]
    for text in results:
        messages += [did(calls("write")), result(text)]
    return messages


def test_a_text_weighs_what_it_takes_inside_of_json() -> None:
    assert weight_of('a"\n€') == len(rb"a\"\n") + 3


@pytest.mark.parametrize("capture", captures(), ids=str)
def test_the_weights_of_real_conversations_are_right_and_a_little_high(capture: Capture) -> None:
    prompt = parsed(capture)
    told = rendered(prompt, names_of(*prompt.tools))
    frame = (said("system", "."), said("user", "."))
    real = len(msgspec.json.encode(flatten(told.messages)))
    real -= len(msgspec.json.encode(flatten(frame)))

    past, turn = past_of(list(prompt.messages))

    assert real - 100 <= past.weight + past.thoughts(turn) <= real * 1.05 + 200


def test_what_runs_is_not_past() -> None:
    past, _ = past_of(loop("r" * 9_000))

    assert past.free(1, 0) == 0


def test_the_oldest_is_made_short_first_and_a_quarter_of_what_could_be() -> None:
    past, _ = past_of(loop(*(f"{number}" * 9_000 for number in range(9))))

    freed = past.free(1, 0)

    assert list(past.texts) == [(2, 0), (4, 0), (6, 0)]
    assert past.ways == {Way.RESULT}
    assert 20_000 < freed < 22_000


def test_so_much_more_is_made_at_least() -> None:
    past, _ = past_of(loop(*(f"{number}" * 9_000 for number in range(9))))

    assert 30_000 < past.free(1, 30_000) < 38_000


def test_the_harmless_ways_come_before_the_others() -> None:
    same = "r" * 5_000
    talk = [said("user", "P" * 5_000), did("A" * 5_000), said("user", "Q" * 5_000)]
    messages = [
        *loop(same, same, "b" * 1_000),
        *talk,
        did(calls("write", '{"a": "' + "c" * 5_000 + '"}')),
    ]
    seen: list[Way] = []
    past, _ = past_of([*messages, result("ok"), did("Done"), said("user", "next")])

    while past.free(1, 0):
        seen += sorted(past.ways - set(seen))

    assert seen == sorted(Way)
    assert [place for place in past.texts if place[0] > 6] == [(10, 0), (7, 0), (8, 0), (9, 0)]


def test_what_the_person_said_first_and_last_stays() -> None:
    long = "x" * 5_000
    past, _ = past_of(
        [said("user", long), did(calls("write")), result("ok"), said("user", long),
         did(calls("write")), result("ok")]
    )  # fmt: skip

    assert past.free(9_999, 0) == 0


def test_thoughts_weigh_while_they_run() -> None:
    messages = [
        said("user", "go"),
        did(thinks("x" * 5_000), calls("write")),
        result("ok"),
        did("<think>\n" + "y" * 700 + "\n</think>\n\nI", calls("write")),
        result("ok"),
    ]
    past, turn = past_of(messages)

    assert 700 < past.thoughts(turn) < 800
    assert past.weight < 400
