"""What Portico's icons do otherwise than pystray's, whatever the system.

pystray chooses its system when it is imported, and on Linux that already needs a screen. So
everything here imports it as late as possible.
"""

import io
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from .icons import Theme
from .look import Row

Event = Literal["sleep", "wake", "logoff", "theme"]

NAME = "portico"


class Hooks(Struct, frozen=True):
    """Whom an icon tells; neither ever raises."""

    pressed: Callable[[int], None]
    """Takes the id of a row, 0 for the icon itself."""
    happened: Callable[[Event], None]


class GuardedIcon:
    """Comes before pystray's icon in every class of ours.

    Nothing of it is used but in the thread of the tray, except `hand_over`.
    """

    hooks: Hooks
    icon: Any

    def __call__(self) -> None:
        """Someone has clicked on the icon itself."""
        self.hooks.pressed(0)

    def hand_over(self, work: Callable[[], None]) -> None:
        """Do this in the thread that may draw; from any thread, in the order of the calls."""
        work()

    def is_dark(self) -> bool | None:
        """Whether the icon is drawn upon something dark; None where nobody knows."""
        return None

    def paint(self, png: bytes, theme: Theme) -> None:
        """Have this image; the theme matters where the system colours templates."""
        from PIL import Image

        image = Image.open(io.BytesIO(png))
        image.load()
        self.icon = image

    def _handler(self, callback: Callable[["GuardedIcon"], None]) -> Callable[..., None]:
        # pystray's own builds the whole menu anew after every click.
        def chosen(*_: object) -> None:
            callback(self)

        return chosen


def menu_of(rows: tuple[Row, ...], pressed: Callable[[int], None]) -> Any:
    """A menu of pystray's; each of its items knows its `row_id`."""
    from pystray import Menu

    return Menu(*(_item(row, pressed) for row in rows))


def _item(row: Row, pressed: Callable[[int], None]) -> Any:
    from pystray import Menu, MenuItem

    if not row.label:
        return Menu.SEPARATOR

    def chosen(_icon: object, _item: object) -> None:
        pressed(row.id)

    def is_checked(_item: object) -> bool:
        return bool(row.checked)

    item = MenuItem(
        row.label,
        menu_of(row.rows, pressed) if row.rows else chosen,
        checked=None if row.checked is None else is_checked,
        enabled=row.enabled,
    )
    item.row_id = row.id
    return item
