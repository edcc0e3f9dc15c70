"""Numbers, times and moments as windows show them."""

from datetime import UTC, datetime

from .words import Words


def count(number: int, *, about: bool = False) -> str:
    """A count, in groups of three, as every language can read it.

    Args:
        number: What is counted.
        about: It was guessed.
    """
    grouped = f"{number:,}".replace(",", " ")
    return f"≈ {grouped}" if about else grouped


def seconds(time_s: float | None, words: Words) -> str:
    """How long something took; empty where that is not known."""
    if time_s is None:
        return ""
    return words("number.seconds", time=f"{time_s:.1f}".replace(".", words("number.point")))


def moment(at_s: float, now_s: float) -> str:
    """A moment in unix seconds: the time alone where it is of today."""
    at, now = (datetime.fromtimestamp(one, UTC).astimezone() for one in (at_s, now_s))
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"
