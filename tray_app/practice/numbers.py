"""Finds a number that a JSON schema takes."""

from collections.abc import Iterator
from fractions import Fraction
from math import isfinite
from typing import Any


def number_for(told: dict[str, Any], wanted: int, *, whole: bool) -> int | float | None:
    """The number that is wanted, or the nearest that is easy to find; None where there is none."""
    step = _number(told, "multipleOf") or (Fraction(1) if whole else None)
    least, above = _bound(told, "minimum", "exclusiveMinimum", max)
    most, below = _bound(told, "maximum", "exclusiveMaximum", min)

    def fits(value: Fraction) -> bool:
        return not (
            (least is not None and (value < least or (above and value == least)))
            or (most is not None and (value > most or (below and value == most)))
            or (step is not None and value % step)
            or (whole and value.denominator != 1)
        )

    for value in _candidates(Fraction(wanted), least, most, step):
        if fits(value):
            return int(value) if value.denominator == 1 else float(value)
    return None


def _candidates(
    wanted: Fraction, least: Fraction | None, most: Fraction | None, step: Fraction | None
) -> Iterator[Fraction]:
    """What may do, the best first."""
    places = [wanted, least, most]
    if least is not None and most is not None:
        places.append((least + most) / 2)
    for place in places:
        if place is None:
            continue
        near = place // step * step if step else place
        pace = step or Fraction(1)
        yield from (near, near + pace, near - pace, near + 2 * pace)


def _bound(
    told: dict[str, Any], name: str, beyond: str, stricter: Any
) -> tuple[Fraction | None, bool]:
    """A bound, and whether it is not allowed itself; older schemas say the latter by true."""
    bound, other = _number(told, name), _number(told, beyond)
    if other is None:
        return bound, told.get(beyond) is True
    if bound is None or stricter(bound, other) == other:
        return other, True
    return bound, False


def _number(told: dict[str, Any], name: str) -> Fraction | None:
    value = told.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        return None
    return Fraction(str(value))
