"""What a tray shows, as one frozen value, and what a tray is."""

from typing import Literal, Protocol

from msgspec import Struct

IconName = Literal[
    "stopped",
    "starting",
    "running",
    "busy",
    "signed_out",
    "needs_you",
    "cooling_down",
    "error",
    "update_ready",
]


class Row(Struct, frozen=True):
    """A row of the menu.

    A row's id says what it is and stays the same as long as the row is there, so that an open menu
    does not jump when another row comes or goes.
    """

    id: int
    """Above 0."""
    label: str = ""
    """As people read it; empty for a line between rows."""
    enabled: bool = True
    checked: bool | None = None
    """For a row that switches something."""
    rows: tuple["Row", ...] = ()
    """What opens beside it."""


class Look(Struct, frozen=True):
    """Everything a tray shows."""

    icon: IconName
    title: str
    """What it is, in one or two words."""
    tip: str
    """How it goes, in one line."""
    rows: tuple[Row, ...]


class Tray(Protocol):
    """Draws looks; every method may be called from any thread and returns at once.

    A click is told as the row's id, a click on the icon itself as 0, in whatever thread it comes.
    """

    def show(self, look: Look) -> None:
        """Show this from now on; looks that follow each other quickly are drawn as the last one."""

    def notify(self, title: str, text: str) -> None:
        """Tell the person something once, beside the icon."""

    def retry(self) -> None:
        """Look for a place to be shown in at once, where there was none."""
