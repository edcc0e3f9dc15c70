"""A look made ready for the tray of one system, and when it is drawn; pure, without a clock."""

from typing import Literal

import msgspec
from msgspec import Struct

from .icons import TEMPLATES, Theme
from .look import IconName, Look, Row

System = Literal["windows", "macos", "linux"]
Part = Literal["image", "tip", "rows"]

TIP_UNITS, TITLE_UNITS, TEXT_UNITS = 127, 63, 255
"""What Windows takes of a tip, of a notice's title and of its text, in UTF-16 units."""
SPACING_S = 0.25
"""Panels have died of more than a few updates a second."""


class Picture(Struct, frozen=True):
    """What is drawn; equal pictures look the same."""

    icon: IconName
    theme: Theme
    tip: str
    rows: tuple[Row, ...]


def picture(look: Look, system: System, *, is_dark: bool | None) -> Picture:
    """What this look is on this system; None: nobody knows what the icon is drawn upon."""
    tip = _line(" – ".join(filter(None, (look.title, look.tip))))
    return Picture(
        icon=look.icon,
        theme=theme_of(look.icon, system, is_dark=is_dark),
        tip=cut(tip, TIP_UNITS) if system == "windows" else tip,
        rows=tuple(_row(row, system) for row in look.rows),
    )


def theme_of(icon: IconName, system: System, *, is_dark: bool | None) -> Theme:
    """Which drawing of this icon is readable there."""
    if system == "macos" and icon in TEMPLATES:
        return "template"
    if is_dark is None:
        return "auto"
    return "dark" if is_dark else "light"


def changed(before: Picture | None, after: Picture) -> tuple[Part, ...]:
    """What has to be drawn anew."""
    if before is None:
        return ("image", "tip", "rows")
    same: dict[Part, bool] = {
        "image": (before.icon, before.theme) == (after.icon, after.theme),
        "tip": before.tip == after.tip,
        "rows": before.rows == after.rows,
    }
    return tuple(part for part, is_same in same.items() if not is_same)


def notice(title: str, text: str, system: System) -> tuple[str, str]:
    """Title and text of a notice as this system takes them."""
    if system == "windows":
        return cut(_line(title), TITLE_UNITS), cut(text, TEXT_UNITS)
    return _line(title), text


def cut(text: str, units: int) -> str:
    """The text in at most so many UTF-16 units; no character is cut in two."""
    data = text.encode("utf-16-le", "surrogatepass")
    if len(data) <= 2 * units:
        return text
    return data[: 2 * (units - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


class Latest:
    """The newest of many looks, given out no more often than panels can take.

    Seconds are those of any clock that never goes back. Not safe for threads by itself.
    """

    def __init__(self) -> None:
        self._wanted: Look | None = None
        self._taken: Look | None = None
        self._next_s = float("-inf")
        self.has_begun = False

    def put(self, look: Look) -> None:
        """This one instead of all before."""
        self._wanted = look

    def repeat(self) -> None:
        """Give the present one out again."""
        self._taken = None

    def wait_s(self, now_s: float) -> float | None:
        """How long until there is one to take; None as long as nothing changes."""
        if self._wanted == self._taken:
            return None
        return max(0.0, self._next_s - now_s)

    def take(self, now_s: float) -> Look | None:
        """The newest one; None where nothing is to be drawn now."""
        if self.wait_s(now_s) != 0.0:
            return None
        self._next_s = now_s + SPACING_S
        self.has_begun = True
        self._taken = self._wanted
        return self._taken


def _row(row: Row, system: System) -> Row:
    label = _line(row.label)
    if system == "windows":
        label = label.replace("&", "&&")
    return msgspec.structs.replace(
        row, label=label, rows=tuple(_row(inner, system) for inner in row.rows)
    )


def _line(text: str) -> str:
    """Without the line ends and tabs to which menus and tips give a meaning of their own."""
    return " ".join(text.split())
