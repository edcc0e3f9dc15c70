"""Pictures that practice mode draws: plain shapes in the colours and kinds that a prompt names.

The same prompt gives the same bytes. What it does not name is chosen by its hash.
"""

import hashlib
import math
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

Colour = tuple[int, int, int]
Spans = list[tuple[float, float]]

SIZES = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "4:3": (1152, 864),
    "3:4": (864, 1152),
}
"""Width and height in points of each ratio that can be asked for."""
COLOURS: dict[str, Colour] = {
    "red": (220, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 215, 50),
    "gold": (212, 175, 55),
    "green": (40, 160, 70),
    "turquoise": (50, 190, 190),
    "blue": (40, 90, 220),
    "purple": (130, 60, 180),
    "violet": (130, 60, 180),
    "pink": (245, 150, 190),
    "brown": (130, 85, 45),
    "black": (20, 20, 20),
    "white": (250, 250, 250),
    "grey": (128, 128, 128),
    "gray": (128, 128, 128),
}
_MOST = 4
_WORD = re.compile(r"[a-z]+")


def _round(height: float) -> Spans:
    half = math.sqrt(max(0.0, 1 - height * height))
    return [(-half, half)]


def _striped(height: float) -> Spans:
    return [(-1.0, 1.0)] if int((height + 1) * 3.5) % 2 == 0 else []


def _cornered(*corners: tuple[float, float]) -> Callable[[float], Spans]:
    """The inside of a line through these corners, from left to right at each height."""
    sides = [*pairwise(corners), (corners[-1], corners[0])]

    def spans(height: float) -> Spans:
        met = sorted(
            x + (height - y) * (to_x - x) / (to_y - y)
            for (x, y), (to_x, to_y) in sides
            if (y <= height) != (to_y <= height)
        )
        return list(zip(met[::2], met[1::2], strict=True))

    return spans


def _star() -> Iterator[tuple[float, float]]:
    for at in range(10):
        far, turn = (0.4 if at % 2 else 1.0), math.pi * at / 5
        yield far * math.sin(turn), -far * math.cos(turn)


SHAPES: dict[str, Callable[[float], Spans]] = {
    "circle": _round,
    "square": _cornered((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": _cornered((0.0, -0.9), (0.95, 0.8), (-0.95, 0.8)),
    "diamond": _cornered((0.0, -1.0), (0.7, 0.0), (0.0, 1.0), (-0.7, 0.0)),
    "star": _cornered(*_star()),
    "stripes": _striped,
}
"""Where each shape is at a height: both go from -1 to 1, heights from the top."""
_OTHER_NAMES = {"ball": "circle", "sun": "circle", "box": "square", "cube": "square"}


@dataclass(frozen=True)
class Drawing:
    """A picture that can be drawn at any time.

    Args:
        prompt: What is wanted.
        ratio: One of `SIZES`.
        number: Which of several pictures of one prompt this is.
        ground: The colour behind everything; None for what the prompt says, else a pale one.
    """

    prompt: str
    ratio: str = "1:1"
    number: int = 0
    ground: Colour | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in points."""
        return SIZES[self.ratio]

    def png(self) -> bytes:
        """The picture; a few milliseconds of work."""
        width, height = self.size
        shapes, named = self._named()
        ground = self.ground or named or _pale(shapes[0][1], self.number)
        cell = width / len(shapes)
        radius = min(cell, height) * (0.42 - 0.05 * (self.number % 4))
        rows = []
        for y in range(height):
            level = (y + 0.5 - height / 2) / radius
            row = b"\0"
            at = 0
            for place, (name, colour) in enumerate(shapes):
                middle = cell * (place + 0.5)
                for left, right in SHAPES[name](level) if abs(level) < 1 else ():
                    begin, end = round(middle + left * radius), round(middle + right * radius)
                    row += bytes(ground) * (begin - at) + bytes(colour) * (end - begin)
                    at = end
            rows.append(row + bytes(ground) * (width - at))
        return _packed(width, height, b"".join(rows))

    def _named(self) -> tuple[list[tuple[str, Colour]], Colour | None]:
        """The shapes with their colours, and the colour of the ground where one is named.

        A colour is that of the shape named next; one that no shape follows is the ground's.
        """
        digest = hashlib.sha256(self.prompt.encode(errors="replace")).digest()
        others = list(COLOURS.values())
        shapes: list[tuple[str, Colour]] = []
        colours: list[Colour] = []
        for word in _WORD.findall(self.prompt.lower()):
            shape = _shape(word)
            if word in COLOURS:
                colours.append(COLOURS[word])
            elif shape and len(shapes) < _MOST:
                other = others[digest[len(shapes)] % len(others)]
                shapes.append((shape, colours.pop() if colours else other))
        if not shapes:
            shape = list(SHAPES)[digest[-1] % len(SHAPES)]
            shapes.append((shape, colours.pop(0) if colours else others[digest[0] % len(others)]))
        return shapes, colours[0] if colours else None


def _shape(word: str) -> str:
    for one in (word, word.removesuffix("s"), f"{word}s"):
        if one in SHAPES or one in _OTHER_NAMES:
            return _OTHER_NAMES.get(one, one)
    return ""


def _pale(colour: Colour, number: int) -> Colour:
    """A ground on which a colour is seen, another one for each number."""
    red, green, blue = (255 - (255 - part) // (8 - number % 4) for part in colour)
    if min(colour) > 200:
        return red // 4, green // 4, blue // 4
    return red, green, blue


def _packed(width: int, height: int, rows: bytes) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows, 1)) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
