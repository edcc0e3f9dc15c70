"""How long texts are cut so that all of them fill a room and none is cut more than it has to be."""

from collections.abc import Callable, Sequence

from tray_app.core.model import utf8_bytes

from .past import weight_of

_TRIES = 8
_SPARE_BYTES = 8
_LEAST_BYTES = 60


def level(weights: Sequence[int], room: int) -> int:
    """The most that each of these may weigh, so that together they weigh no more than `room`."""
    left, heavier = room, len(weights)
    for weight in sorted(weights):
        if weight * heavier > left:
            return max(left // heavier, 0)
        left -= weight
        heavier -= 1
    return max(weights, default=0)


def filling(text: str, most: int, cut: Callable[[int], str]) -> str:
    """A text cut so that it weighs no more than `most`, in bytes of JSON, and not much less.

    Args:
        text: All of it.
        most: What it may weigh; not held where that is next to nothing.
        cut: Gives the text in about so many bytes of UTF-8.
    """
    size = max(min(most, utf8_bytes(text)), _LEAST_BYTES)
    short = cut(size)
    for _ in range(_TRIES):
        weight = weight_of(short)
        if weight <= most or size == _LEAST_BYTES:
            break
        size = max(size * most // weight - _SPARE_BYTES, _LEAST_BYTES)
        short = cut(size)
    return short
