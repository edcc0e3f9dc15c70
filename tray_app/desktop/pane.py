"""What every pane works with, and what each of them is: a view, and what is done for its acts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from tray_app.proxy.instance import Instance

from . import clipboard
from .facts import Facts
from .menu import Action
from .opening import OpeningError, open_folder
from .windows.parts import AnyPane
from .words import Words

Doing = Callable[..., Awaitable[None]]
"""Does what a button or field stands for, told what it is about and what was typed."""
TOLD_S = 4.0
"""So long what just happened is shown."""
_PATIENCE_S = 20.0
"""A door that does not answer within that has a proxy behind it that hangs."""


class Desk(Struct, frozen=True):
    """What the panes work with."""

    instance: Instance
    act: Callable[[Action], Awaitable[None]]
    """Carries out what a row of the menu stands for."""
    words: Callable[[], Words]
    changed: Callable[[], None]
    """Has what is shown drawn again."""
    home: Path
    """The data folder."""
    quit: Callable[..., None]
    """Ends the app, for all that it keeps to be removed where `is_unwanted` is true."""

    async def command(self, do: str, /, **message: Any) -> Any:
        """Have a command of the door carried out; raises `DoorError`, or `TimeoutError`."""
        async with asyncio.timeout(_PATIENCE_S):
            return await asyncio.wrap_future(self.instance.carry_out(do, **message))

    def keyed(self, what: str, **more: str) -> Any:
        """The same for keys, from a thread that may wait."""
        return self.instance.carry_out("key", what=what, **more).result(_PATIENCE_S)


class Pane(Protocol):
    """The state of a window; used from one loop."""

    def view(self, facts: Facts, words: Words) -> AnyPane:
        """What it shows now."""

    def begin(self) -> None:
        """Forget what the one before left: a search, a key that was shown."""

    async def prepare(self) -> None:
        """Find out what it has to know; raises what the person is told of."""

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose; raises what the person is told of."""

    def tell(self, text: str) -> None:
        """Tell what just happened."""


class Telling:
    """What just happened, shown for a moment.

    Args:
        changed: Has it drawn.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.told = ""
        """What is shown now; empty most of the time."""
        self._changed = changed
        self._over: asyncio.TimerHandle | None = None

    def tell(self, text: str) -> None:
        """Show this from now on, for a moment."""
        if self._over is not None:
            self._over.cancel()
        self.told = text
        self._over = asyncio.get_running_loop().call_later(TOLD_S, self._end)
        self._changed()

    def _end(self) -> None:
        self.told = ""
        self._changed()


async def copy(text: str, *, secret: bool) -> None:
    """Put a text on the clipboard; raises `ClipboardError`."""
    await asyncio.wrap_future(clipboard.copy(text, secret=secret))


async def use_port(desk: Desk, port: str, _: str) -> None:
    """Listen on another port from now on, as the menu does."""
    await desk.act(Action("use_port", port))


async def show_folder(folder: Path, tell: Callable[[str], None], words: Words) -> None:
    """Open a folder as the person's desktop does, or tell where to look."""
    try:
        await asyncio.wrap_future(open_folder(folder))
    except OpeningError:
        tell(words("told.no_opener", place=folder))
