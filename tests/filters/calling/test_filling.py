"""Texts that are cut to fill a room."""

from hypothesis import given
from hypothesis import strategies as st

from tray_app.filters.calling.filling import filling, level
from tray_app.filters.calling.past import weight_of
from tray_app.filters.calling.shorter import ends


@given(st.lists(st.integers(0, 1_000), min_size=1), st.integers(0, 20_000))
def test_all_together_fill_the_room_and_the_smaller_ones_stay(
    weights: list[int], room: int
) -> None:
    most = level(weights, room)
    used = sum(min(weight, most) for weight in weights)

    assert used <= room
    assert used == sum(weights) or used > room - len(weights)


def test_what_is_nothing_takes_nothing() -> None:
    assert level([], 9) == 0
    assert level([5], -3) == 0


@given(st.sampled_from(["x", "汉", '"', "\x01", "a line\n", "😀"]), st.integers(800, 9_000))
def test_a_text_is_as_heavy_as_it_may_be_whatever_it_is_made_of(fill: str, most: int) -> None:
    text = fill * 10_000
    short = filling(text, most, lambda size: ends(text, size // 2))

    assert most - 200 < weight_of(short) <= most


def test_a_text_of_several_kinds_is_light_enough() -> None:
    text = "\x01" * 5_000 + "x" * 50_000 + '"' * 5_000

    for most in (600, 3_000, 30_000):
        assert weight_of(filling(text, most, lambda size: ends(text, size // 2))) <= most


def test_next_to_nothing_is_not_held() -> None:
    text = "x" * 1_000

    assert weight_of(filling(text, 3, lambda size: ends(text, size // 2))) < 150
