"""What was asked and answered, for as long as somebody wants to see it."""

import pytest

from tests.harness import Running
from tray_app.core.model import (
    FilePart,
    Message,
    Part,
    Prompt,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from tray_app.practice import acts
from tray_app.proxy.bodies import KEPT_S, LONGEST, MOST, MOST_BYTES, Bodies


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def prompt(*parts: Part, **more: object) -> tuple[Prompt, ...]:
    return (Prompt("m", (Message("user", parts or (TextPart("Hello"),)),), **more),)  # type: ignore[arg-type]


def kept(bodies: Bodies, number: int = 1, text: str = "Hello") -> None:
    bodies.keep(number, 1.0, "roo", prompt(TextPart(text)))


def test_nothing_is_kept_until_somebody_switches_it_on() -> None:
    """S122"""
    bodies = Bodies(Time())

    assert bodies.keep(1, 1.0, "roo", prompt()) is None
    assert (bodies.all(), bodies.left_s()) == ([], None)


def test_after_an_hour_it_is_off_and_everything_is_forgotten() -> None:
    """S122"""
    clock = Time()
    bodies = Bodies(clock)
    bodies.begin()
    kept(bodies)
    clock.now_s += KEPT_S - 1
    before = len(bodies.all()), bodies.left_s()
    clock.now_s += 1

    assert before == (1, 1)
    assert bodies.all() == []
    bodies.begin()
    assert bodies.all() == []


def test_switching_it_off_forgets_everything() -> None:
    bodies = Bodies(Time())
    bodies.begin()
    kept(bodies)

    bodies.end()

    assert (bodies.all(), bodies.left_s()) == ([], None)


def test_the_oldest_go_when_there_are_too_many() -> None:
    bodies = Bodies(Time())
    bodies.begin()
    for number in range(MOST + 3):
        kept(bodies, number)

    assert [one.number for one in bodies.all()] == list(range(MOST + 2, 2, -1))


def test_the_oldest_go_when_they_are_too_large() -> None:
    bodies = Bodies(Time())
    bodies.begin()
    for number in range(MOST):
        body = bodies.keep(number, 1.0, "roo", prompt(TextPart("\N{GRINNING FACE}" * LONGEST)))
        assert body is not None
        body.add("\N{GRINNING FACE}" * LONGEST)

    assert 10 < len(bodies.all()) < MOST
    assert sum(one.size for one in bodies.all()[1:]) <= MOST_BYTES


def test_of_a_long_text_the_beginning_is_kept() -> None:
    bodies = Bodies(Time())
    bodies.begin()
    body = bodies.keep(1, 1.0, "roo", prompt(TextPart("a" * 9 * LONGEST)))
    assert body is not None
    for _ in range(9):
        body.add("b" * (LONGEST // 4))

    assert len(body.asked) == LONGEST + 1
    assert body.answered == "b" * LONGEST


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (TextPart("Hello"), "Hello"),
        (ToolCallPart("1", "read", '{"a":1}'), '[call read] {"a":1}'),
        (ToolResultPart("1", "found"), "[result of 1] found"),
        (FilePart("data:image/png;base64,AAAA", "picture", "p"), "[picture]"),
    ],
)
def test_a_question_is_told_as_people_read_it(part: Part, told: str) -> None:
    bodies = Bodies(Time())
    bodies.begin()
    body = bodies.keep(1, 1.0, "roo", prompt(part, tools=(Tool("read"), Tool("write"))))

    assert body is not None
    assert body.asked == f"model: m\n\ntools: read, write\n\nuser:\n{told}"


def test_what_an_app_asks_and_gets_is_kept_while_it_is_on(proxy: Running) -> None:
    """S122"""
    bodies = proxy.service.parts.person.activity.bodies
    proxy.chat("before")
    bodies.begin()
    proxy.site.will(acts.say("The ", "answer", thoughts=["Hm. "]))
    proxy.chat("What is it?", stream=True)
    left_s = proxy.control("status")["bodies_s"]

    [body] = bodies.all()
    assert body.key == "default"
    assert body.asked.endswith("user:\nWhat is it?")
    assert body.answered == "Hm. The answer"
    # The clock of this proxy goes ten times as fast.
    assert KEPT_S / 2 < left_s <= KEPT_S
    bodies.end()
    proxy.chat("after")
    assert bodies.all() == []
    assert proxy.control("status")["bodies_s"] is None
