"""The shapes that Portico's icons are made of, each eight times larger than the icon it is for."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Pen = ImageDraw.ImageDraw
Box = tuple[float, float, float, float]

FINE = 8
"""How many times larger shapes are drawn before they are averaged."""
SMALLEST_WITH_EYE = 32
"""The size from which the gable has its round window."""


class Front(NamedTuple):
    """Where a temple front lies, in pixels.

    The columns stand in by `lip` from roof and step, and free of both by `clear`.
    """

    left: int
    top: int
    column: int
    gap: int
    lip: int
    roof: int
    beam: int
    clear: int
    shaft: int
    step: int

    @property
    def width(self) -> int:
        """From end to end of the step."""
        return 3 * self.column + 2 * self.gap + 2 * self.lip

    def times(self, factor: float) -> "Front":
        """The same front at another size."""
        return Front(*(round(factor * length) for length in self))


FRONTS = {
    16: Front(1, 1, 2, 3, 1, 4, 1, 1, 5, 2),
    20: Front(1, 1, 3, 3, 1, 6, 1, 1, 7, 2),
    22: Front(1, 1, 3, 4, 1, 7, 2, 1, 7, 2),
    24: Front(1, 1, 3, 5, 1, 7, 2, 1, 8, 3),
    36: Front(3, 3, 4, 7, 2, 10, 2, 2, 11, 3),
    40: Front(2, 2, 5, 8, 2, 12, 3, 2, 13, 4),
}
"""By size; sizes that are not here are multiples of one that is."""
TILE_FRONTS = {
    16: Front(2, 2, 2, 2, 1, 4, 1, 1, 4, 1),
    20: Front(2, 2, 2, 4, 1, 5, 1, 1, 6, 2),
    24: Front(2, 2, 4, 3, 1, 6, 2, 1, 7, 2),
    40: Front(5, 5, 4, 7, 2, 10, 2, 2, 11, 3),
    64: Front(8, 8, 8, 9, 3, 16, 4, 3, 17, 5),
}
"""The same on the tile of the app's icon."""
BADGES = {16: 9, 20: 11, 22: 12, 24: 14, 32: 18, 36: 20, 40: 22, 48: 27, 64: 36}
"""Diameter of the disc by size.

What is on it is drawn on a grid of nine, of `unit` fine pixels each.
"""


def canvas(size: int) -> tuple[Image.Image, Pen]:
    """An empty shape for an icon of that size, and a pen for it."""
    shape = Image.new("L", (size * FINE, size * FINE))
    return shape, ImageDraw.Draw(shape)


def box(left: float, top: float, right: float, foot: float, unit: float = FINE) -> Box:
    """A box as the pen takes it, its last pixel included."""
    return left * unit, top * unit, right * unit - 1, foot * unit - 1


def whole(position: float, unit: float) -> int:
    """The pixel that a position on the grid of nine falls on."""
    return round(position * unit / FINE)


def front_of(size: int, fronts: dict[int, Front]) -> Front:
    """How the front lies on the pixels of that size."""
    if size in fronts:
        return fronts[size]
    base = 64 if size > 64 else 16
    return fronts[base].times(size / base)


def eye(size: int, front: Front) -> Image.Image:
    """The round window in the gable."""
    shape, pen = canvas(size)
    x, y = front.left + front.width / 2, front.top + front.roof * 0.65
    radius = front.column * 0.55
    pen.ellipse(box(x - radius, y - radius, x + radius, y + radius), fill=255)
    return shape


def temple(size: int, front: Front, columns: int = 3) -> Image.Image:
    """The shape of the mark."""
    shape, pen = canvas(size)
    left, right, eaves = front.left, front.left + front.width, front.top + front.roof
    middle, peak = (left + right) / 2, min(1, front.column / 4)
    slope = [(left, eaves), (middle - peak, front.top), (middle + peak, front.top), (right, eaves)]
    pen.polygon([(x * FINE, y * FINE) for x, y in slope], fill=255)
    pen.rectangle(box(left, eaves, right, eaves + front.beam), fill=255)
    head = eaves + front.beam + front.clear
    ground = head + front.shaft
    for number in range(columns):
        x = left + front.lip + number * (front.column + front.gap)
        pen.rectangle(box(x, head, x + front.column, ground), fill=255)
    foot = ground + front.clear
    pen.rectangle(box(left, foot, right, foot + front.step), fill=255)
    return shape


@cache
def mark(size: int, *, badged: bool) -> tuple[Image.Image, Image.Image]:
    """The mark of the tray, and the mark with its edge; both leave the place of a disc clear."""
    front = front_of(size, FRONTS)
    # What a disc leaves of the other columns looks like dirt while it is a few pixels wide.
    shape = temple(size, front, 1 if badged and size < 48 else 3)
    if size >= SMALLEST_WITH_EYE:
        shape = ImageChops.subtract(shape, eye(size, front))
    wide = shape
    for _ in range(FINE * max(1, size // 24) // 4):
        wide = wide.filter(ImageFilter.MaxFilter(9))
    if not badged:
        return shape, wide
    clear = clearing(size)
    return ImageChops.subtract(shape, clear), ImageChops.subtract(wide, clear)


def dots(pen: Pen, unit: float) -> None:
    """Three dots: in a moment."""
    for x in (1.9, 4.5, 7.1):
        pen.ellipse(box(x - 1, 3.5, x + 1, 5.5, unit), fill=255)


def pulse(pen: Pen, unit: float) -> None:
    """A heartbeat: at work."""
    points = [(1, 4.5), (2.9, 4.5), (3.9, 1.9), (5.1, 7.1), (6.1, 4.5), (8, 4.5)]
    pen.line([(x * unit, y * unit) for x, y in points], 255, round(1.1 * unit), "curve")


def key(pen: Pen, unit: float) -> None:
    """A key: sign in."""
    top, foot, wall = whole(4, unit), whole(5, unit), int(unit / FINE)
    left, right = whole(1, unit), whole(8, unit)
    bow = foot - top + 2 * wall
    pen.ellipse(box(left, top - wall, left + bow, foot + wall), fill=255)
    pen.ellipse(box(left + wall, top, left + bow - wall, foot), fill=0)
    pen.rectangle(box(left + bow, top, right, foot), fill=255)
    for x in (5, 7):
        tooth = box(whole(x, unit), foot, whole(x + 1, unit), whole(6, unit))
        pen.rectangle(tooth, fill=255)


def exclamation(pen: Pen, unit: float) -> None:
    """An exclamation mark: a person is needed."""
    wedge = [(3.5, 1.5), (5.5, 1.5), (5.1, 5.1), (3.9, 5.1)]
    pen.polygon([(x * unit, y * unit) for x, y in wedge], fill=255)
    pen.ellipse(box(3.7, 6, 5.3, 7.6, unit), fill=255)


def clock(pen: Pen, unit: float) -> None:
    """A clock: wait."""
    pen.ellipse(box(1, 1, 8, 8, unit), fill=255)
    left, right, foot = whole(4, unit), whole(5, unit), whole(5, unit)
    pen.rectangle(box(left, whole(2, unit), right, foot), fill=0)
    pen.rectangle(box(left, left, whole(7, unit), foot), fill=0)


def cross(pen: Pen, unit: float) -> None:
    """A cross: it does not work."""
    for start, end in ((2.6, 6.4), (6.4, 2.6)):
        line = (start * unit, 2.6 * unit, end * unit, 6.4 * unit)
        pen.line(line, 255, round(1.5 * unit))


def arrow(pen: Pen, unit: float) -> None:
    """An arrow upwards: a newer version."""
    head = [(4.5, 0.9), (8.3, 5.0), (0.7, 5.0)]
    pen.polygon([(x * unit, y * unit) for x, y in head], fill=255)
    pen.rectangle(box(3, 4, 6, 8, unit), fill=255)


def disc(size: int) -> Image.Image:
    """The disc in the lower right."""
    shape, pen = canvas(size)
    first = size - BADGES[size]
    pen.ellipse(box(first, first, size, size), fill=255)
    return shape


def clearing(size: int) -> Image.Image:
    """What is cut clear for the disc: a ring around it, and the corner behind it."""
    shape, pen = canvas(size)
    ring = max(1, size / 24)
    first, middle = size - BADGES[size], size - BADGES[size] / 2
    pen.ellipse(box(first - ring, first - ring, size + ring, size + ring), fill=255)
    pen.rectangle(box(middle, middle, size, size), fill=255)
    return shape


def sign(glyph: Callable[[Pen, float], None], size: int) -> Image.Image:
    """What stands on the disc."""
    shape, _ = canvas(size)
    part, pen = canvas(BADGES[size])
    glyph(pen, BADGES[size] * FINE / 9)
    shape.paste(part, (shape.width - part.width, shape.height - part.height))
    return shape
