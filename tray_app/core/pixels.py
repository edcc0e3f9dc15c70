"""How large a picture is in pixels, by its head alone: nothing is ever decoded here.

See: PNG 11.2.1, GIF89a 18, the headers of bitmaps, RFC 9649 (WebP), ITU T.81 annex B (JPEG).
"""

from collections.abc import Callable
from struct import unpack_from

_STEPS = 512
"""How many segments of a JPEG are passed over until the one that tells."""
_FILLING = 0xFF
"""Any number of these may stand before a marker."""
_FRAME_STARTS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that nothing belongs to."""


def pixels_of(data: bytes, kind: str) -> tuple[int, int] | None:
    """Width and height; None where the head does not say them, or says none.

    Args:
        data: A picture, or its first bytes.
        kind: The name of its kind.
    """
    look = _LOOKS.get(kind)
    found = look(data) if look else None
    return found if found and min(found) > 0 else None


def _png(data: bytes) -> tuple[int, int] | None:
    return _pair(">II", data, 16) if data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> tuple[int, int] | None:
    return _pair("<HH", data, 6)


def _bitmap(data: bytes) -> tuple[int, int] | None:
    if data[14:18] == b"\x0c\x00\x00\x00":
        return _pair("<HH", data, 18)
    found = _pair("<ii", data, 18)
    # A bitmap that begins at the top has a height below zero.
    return (found[0], abs(found[1])) if found else None


def _webp(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8X" and len(data) >= 30:
        return _little(data[24:27]) + 1, _little(data[27:30]) + 1
    if form == b"VP8L" and len(data) >= 25 and data[20] == 0x2F:
        bits = _little(data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        found = _pair("<HH", data, 26)
        return (found[0] & 0x3FFF, found[1] & 0x3FFF) if found else None
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_STEPS):
        if len(data) < at + 4 or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _FRAME_STARTS:
            found = _pair(">HH", data, at + 5)
            return (found[1], found[0]) if found else None
        if marker == _FILLING:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _pair(form: str, data: bytes, at: int) -> tuple[int, int] | None:
    if len(data) < at + (4 if "H" in form else 8):
        return None
    first, second = unpack_from(form, data, at)
    return int(first), int(second)


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


_LOOKS: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "png": _png,
    "gif": _gif,
    "bmp": _bitmap,
    "webp": _webp,
    "jpeg": _jpeg,
}
