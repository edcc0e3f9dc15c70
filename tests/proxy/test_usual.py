"""How long answers of one kind take, as far as lately seen."""

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import Variant
from tray_app.proxy.usual import FEW, Like, Usual

CHAT = Like("m", Variant(), streams=False)
GUESS_S = 8.0
TIMES = st.lists(st.floats(0.01, 1000), max_size=40)


class Clock:
    """A clock that goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def usual(*seconds: float, share: float = 0.75) -> Usual:
    known = Usual(Clock(), share, GUESS_S)
    for took_s in seconds:
        known.took(CHAT, took_s)
    return known


def test_until_some_were_seen_it_is_a_guess() -> None:
    assert usual().seconds(CHAT) == GUESS_S
    assert usual(2).seconds(CHAT) == GUESS_S
    assert usual(2, 2, 2).seconds(CHAT) == 2


def test_one_that_is_slow_is_no_rule() -> None:
    assert usual(100).seconds(CHAT) == GUESS_S
    assert usual(*[2] * 10, 100).seconds(CHAT) == 2
    assert usual(100, 100).seconds(CHAT) == 100


def test_the_last_twenty_count() -> None:
    known = usual(*[50] * 30, *[3] * 20)

    assert known.seconds(CHAT) == 3


def test_what_is_old_says_nothing_of_now() -> None:
    clock = Clock()
    known = Usual(clock, 0.75, GUESS_S)
    for _ in range(20):
        known.took(CHAT, 110)
    clock.now_s += 899
    late = known.seconds(CHAT)
    clock.now_s += 2

    assert (late, known.seconds(CHAT)) == (110, GUESS_S)


def test_one_that_was_not_over_counts_only_if_that_is_unusual() -> None:
    known = usual(*[10] * 4)
    for _ in range(10):
        known.took_longer(CHAT, 1)
    quick = known.seconds(CHAT)
    for _ in range(10):
        known.took_longer(CHAT, 101)

    assert (quick, known.seconds(CHAT)) == (10, 101)


def test_kinds_are_known_apart_and_only_so_many() -> None:
    known = usual(*[2] * 4)
    thinking = Like("m", Variant(thinking=True), streams=False)
    streamed = Like("m", Variant(), streams=True)
    apart = [known.seconds(like) for like in (CHAT, thinking, streamed)]
    for number in range(1000):
        known.took(Like(f"m{number}", Variant(), streams=False), 1)

    assert apart == [2, GUESS_S, GUESS_S]
    assert known.seconds(CHAT) == GUESS_S


@given(TIMES)
def test_most_take_no_longer(took: list[float]) -> None:
    last = [*took[-20:], *[GUESS_S] * (FEW - len(took[-20:]))]
    most_s = usual(*took).seconds(CHAT)

    assert most_s in last
    assert sum(one <= most_s for one in last) >= 0.75 * len(last)
    assert sum(one < most_s for one in last) < 0.75 * len(last)
