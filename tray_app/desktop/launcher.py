"""Starts windows, tells them what to show, and looks after them: one child process each."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Literal

from tray_app.desktop.windows import WindowName
from tray_app.desktop.windows.messages import (
    Close,
    Closed,
    EngineFault,
    Failed,
    Focus,
    FromWindow,
    Pong,
    Pressed,
    Ready,
    Show,
    ToWindow,
    View,
    from_window,
    line,
)
from tray_app.proxy.tasks import Tasks

from .child_process import CLOSE_S, ChildProcess, command

End = Literal["closed", "failed"] | EngineFault
"""How a window ended that nobody here closed: by the person, by dying twice, or by what is missing
on this computer."""

DEATHS = 2
_PING_S = 5.0
_START_S = 30.0
"""So long a child may take to draw its first view, on a slow disk too."""
_YOUNG_S = 60.0
"""Who dies younger than that died at the start: one that hangs from the start does so in 45 s."""
_log = logging.getLogger(__name__)


class Launcher:
    """The windows of one tray; belongs to the loop that it is used from, and never blocks it.

    Args:
        on_pressed: Told the window, the id of the row or answer that the person chose, and what
            was typed beside it.
        on_end: Told the window and how it ended, unless it was closed by `close`.
        ping_s: Seconds between two looks at a window.
    """

    def __init__(
        self,
        on_pressed: Callable[[WindowName, int | str, str], None],
        on_end: Callable[[WindowName, End], None],
        ping_s: float = _PING_S,
    ) -> None:
        self._on_pressed = on_pressed
        self._on_end = on_end
        self._ping_s = ping_s
        self._windows: dict[WindowName, _Window] = {}
        self._tasks = Tasks()

    def open(self, name: WindowName, view: View) -> None:
        """Show this window, or bring it to the front if it is there."""
        window = self._windows.get(name)
        if window is not None:
            window.show(view)
            window.say(Focus())
            return
        window = self._windows[name] = _Window(name, view, self._ping_s, self._pressed)
        self._tasks.spawn(self._keep(window), f"window {name}")

    def update(self, name: WindowName, view: View) -> None:
        """Show this from now on, if the window is open."""
        window = self._windows.get(name)
        if window is not None:
            window.show(view)

    def close(self, name: WindowName) -> None:
        """Close this window, if it is open; nothing more comes from it."""
        window = self._windows.pop(name, None)
        if window is not None:
            window.leave()

    async def close_all(self) -> None:
        """Close every window, and wait until their processes are gone."""
        for name in tuple(self._windows):
            self.close(name)
        await self._tasks.finish(CLOSE_S * 2)

    def is_open(self, name: WindowName) -> bool:
        """Whether this window is there, or about to be."""
        return name in self._windows

    def _pressed(self, window: "_Window", pressed: Pressed) -> None:
        if self._windows.get(window.name) is window:
            self._on_pressed(window.name, pressed.id, pressed.typed)

    async def _keep(self, window: "_Window") -> None:
        """Draw a window until it is over; one that dies is drawn again."""
        end: End = "failed"
        try:
            end = await window.keep()
        finally:
            if self._windows.get(window.name) is window:
                del self._windows[window.name]
                self._on_end(window.name, end)


class _Window:
    """A window, across the children that draw it."""

    def __init__(
        self,
        name: WindowName,
        view: View,
        ping_s: float,
        pressed: "Callable[[_Window, Pressed], None]",
    ) -> None:
        self.name = name
        self._view = view
        self._ping_s = ping_s
        self._pressed = pressed
        self._child: ChildProcess | None = None
        self._is_ready = asyncio.Event()
        self._told: FromWindow | None = None
        self._is_leaving = asyncio.Event()

    def show(self, view: View) -> None:
        """Show this from now on, by whichever child."""
        self._view = view
        if self._child is not None:
            self._child.say(Show(view), instead=True)

    def say(self, message: ToWindow) -> None:
        """Tell the child this, if there is one."""
        if self._child is not None:
            self._child.say(message)

    def leave(self) -> None:
        """Be over soon."""
        self._is_leaving.set()

    async def keep(self) -> End:
        """Be there until it is over; gives how it ended."""
        loop = asyncio.get_running_loop()
        early = 0
        while True:
            began_s = loop.time()
            told = await self._draw()
            if self._is_leaving.is_set() or isinstance(told, Closed):
                return "closed"
            # Whoever lost its page or its way may do better the next time.
            if isinstance(told, Failed) and told.why != "bad_line" and told.why != "lost_page":
                _log.warning("window=%s missing=%s", self.name, told.why)
                return told.why
            early = early + 1 if loop.time() - began_s < _YOUNG_S else 0
            _log.warning("window=%s died early=%d", self.name, early)
            if early >= DEATHS:
                return "failed"

    async def _draw(self) -> FromWindow | None:
        """Have one child from its start to its end; gives the last thing that it told."""
        child = self._child = await ChildProcess.start(self.name, command(self.name), line)
        self._is_ready.clear()
        self._told = None
        self.show(self._view)
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(work)
                    for work in (
                        child.send(), self._look_after(child), child.overhear(),
                        self._see_off(child),
                    )
                ]  # fmt: skip
                await child.listen(lambda received: self._hear(child, received))
                for helper in helpers:
                    helper.cancel()
        finally:
            self._child = None
            await child.end()
        return self._told

    def _hear(self, child: ChildProcess, received: bytes) -> None:
        match from_window(received):
            case Ready():
                self._is_ready.set()
            case Pressed() as pressed:
                self._pressed(self, pressed)
            case Pong(n):
                child.pong(n)
            case Closed() | Failed() as end:
                self._told = self._told or end

    async def _look_after(self, child: ChildProcess) -> None:
        """Kill a child that does not begin, or does not answer any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                await self._is_ready.wait()
        if self._is_ready.is_set():
            await child.watch(self._ping_s)
        child.kill()

    async def _see_off(self, child: ChildProcess) -> None:
        """End the child once the window shall be over."""
        await self._is_leaving.wait()
        child.say(Close())
        await asyncio.sleep(CLOSE_S)
        child.kill()
