"""The drawn icons, as trays and windows take them; no image library is loaded for it.

`assets/draw.py` draws every state at every size. The files lie in the package where Portico was
installed or built, and beside the package in a source checkout.
"""

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Literal

from .look import IconName

Theme = Literal["auto", "light", "dark", "template"]
"""What lies behind an icon: any colour, a light or a dark panel; `template` is black shapes that
macOS colours itself, for the states that need no colour."""
Pixmap = tuple[int, int, bytes]
"""Width, height, and the pixels row by row: alpha, red, green, blue."""

TEMPLATES: frozenset[IconName] = frozenset({"stopped", "starting", "running"})
"""The states that there is a template of."""

_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE / "assets", _PACKAGE.parent / "assets")


class IconMissingError(Exception):
    """A drawn icon is not where it belongs; its text is one sentence and one action."""


@cache
def pixmaps(icon: IconName) -> list[Pixmap]:
    """The icon from small to large, as a StatusNotifierItem sends it; raises `IconMissingError`."""
    path = _find(f"tray/{icon}.argb")
    try:
        return _unpacked(zlib.decompress(path.read_bytes()))
    except (zlib.error, struct.error) as error:
        raise _missing(path.name) from error


def file(icon: IconName, theme: Theme) -> Path:
    """Where the icon's file is: an ICO of every size, or the template's PNG of 36 pixels.

    Raises `IconMissingError`, also for a template that there is none of.
    """
    return _find(f"tray/{icon}-{theme}.{'png' if theme == 'template' else 'ico'}")


@cache
def png(icon: IconName, theme: Theme, size: int) -> bytes:
    """The icon as a PNG of exactly that many pixels; raises `IconMissingError`.

    There are 16, 20, 24, 32, 36, 40, 48 and 64; of a template 36 alone.
    """
    path = file(icon, theme)
    data = path.read_bytes()
    pictures = {36: data} if theme == "template" else _pictures(data)
    if size not in pictures:
        raise _missing(f"{path.name} of {size} pixels")
    return pictures[size]


def app_file(kind: Literal["ico", "png", "icns"]) -> Path:
    """Where the icon of the app itself is; raises `IconMissingError`."""
    return _find(f"portico.{kind}")


def _find(name: str) -> Path:
    for place in _PLACES:
        if (place / name).is_file():
            return place / name
    raise _missing(name)


def _missing(name: str) -> IconMissingError:
    return IconMissingError(f"Portico's icon {name} is missing or damaged; install Portico again.")


def _unpacked(data: bytes) -> list[Pixmap]:
    found = []
    at = 0
    while at < len(data):
        width, height = struct.unpack_from(">HH", data, at)
        end = at + 4 + 4 * width * height
        found.append((width, height, struct.unpack_from(f"{end - at - 4}s", data, at + 4)[0]))
        at = end
    return found


def _pictures(ico: bytes) -> dict[int, bytes]:
    """The pictures of an ICO by width; ours are PNG and smaller than 256 pixels."""
    (count,) = struct.unpack_from("<4xH", ico)
    entries = (struct.unpack_from("<B7xII", ico, 6 + 16 * number) for number in range(count))
    return {width: ico[start : start + length] for width, length, start in entries}
