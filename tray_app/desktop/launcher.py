"""Starts windows, tells them what to show, and looks after them: one child process each."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, cast

from tray_app.desktop.windows import WindowName
from tray_app.desktop.windows.messages import (
    LINE_BYTES,
    Close,
    Closed,
    EngineFault,
    Failed,
    Focus,
    FromWindow,
    MessageError,
    Ping,
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

End = Literal["closed", "failed"] | EngineFault
"""How a window ended that nobody here closed: by the person, by dying twice, or by what is missing
on this computer."""

MISSES = 3
DEATHS = 2
_PING_S = 5.0
_START_S = 30.0
"""So long a child may take to draw its first view, on a slow disk too."""
_YOUNG_S = 60.0
"""Who dies younger than that died at the start: one that hangs from the start does so in 45 s."""
_CLOSE_S = 2.0
_REST_S = 0.5
_TOLD_LINES = 20
_TOLD_CHARS = 500
_log = logging.getLogger(__name__)


def command(name: WindowName) -> list[str]:
    """What starts this window."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "window", name]
    return [sys.executable, "-m", "tray_app", "window", name]


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
        await self._tasks.finish(_CLOSE_S * 2)

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
        self._child: _Child | None = None
        self._is_leaving = asyncio.Event()

    def show(self, view: View) -> None:
        """Show this from now on, by whichever child."""
        self._view = view
        if self._child is not None:
            self._child.show(view)

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
            if isinstance(told, Failed) and told.why != "bad_line":
                _log.warning("window=%s missing=%s", self.name, told.why)
                return told.why
            early = early + 1 if loop.time() - began_s < _YOUNG_S else 0
            _log.warning("window=%s died early=%d", self.name, early)
            if early >= DEATHS:
                return "failed"

    async def _draw(self) -> FromWindow | None:
        """Have one child from its start to its end; gives the last thing that it told."""
        process = await asyncio.create_subprocess_exec(
            *command(self.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=LINE_BYTES,
            **_apart(),
        )
        child = self._child = _Child(self.name, process, lambda told: self._pressed(self, told))
        child.show(self._view)
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(work)
                    for work in (
                        child.send(), child.look_after(self._ping_s), child.overhear(),
                        self._see_off(child),
                    )
                ]  # fmt: skip
                told = await child.listen()
                for helper in helpers:
                    helper.cancel()
        finally:
            self._child = None
            await child.end()
        return told

    async def _see_off(self, child: "_Child") -> None:
        """End the child once the window shall be over."""
        await self._is_leaving.wait()
        child.say(Close())
        await asyncio.sleep(_CLOSE_S)
        child.kill()


class _Child:
    """One process, its pipes and what is known of it."""

    def __init__(
        self,
        name: WindowName,
        process: asyncio.subprocess.Process,
        pressed: Callable[[Pressed], None],
    ) -> None:
        self._name = name
        self._process = process
        self._pressed = pressed
        self._stdin = cast("asyncio.StreamWriter", process.stdin)
        self._stdout = cast("asyncio.StreamReader", process.stdout)
        self._stderr = cast("asyncio.StreamReader", process.stderr)
        self._is_ready = asyncio.Event()
        self._view: View | None = None
        self._words: deque[ToWindow] = deque()
        self._has_news = asyncio.Event()
        self._pong = 0
        self._overheard: deque[str] = deque(maxlen=_TOLD_LINES)

    def show(self, view: View) -> None:
        """Send this view, and not those that still wait to be sent."""
        self._view = view
        self._has_news.set()

    def say(self, message: ToWindow) -> None:
        """Send this after the view that waits."""
        self._words.append(message)
        self._has_news.set()

    async def send(self) -> None:
        """Send whatever there is, as fast as the child takes it."""
        self._stdin.transport.set_write_buffer_limits(high=0)
        with contextlib.suppress(ConnectionError):
            while True:
                await self._has_news.wait()
                self._has_news.clear()
                view, self._view = self._view, None
                words, self._words = self._words, deque()
                for message in ([Show(view)] if view else []) + [*words]:
                    self._write(message)
                await self._stdin.drain()

    def _write(self, message: ToWindow) -> None:
        try:
            self._stdin.write(line(message))
        except MessageError as error:
            _log.error("window=%s cannot be told: %s", self._name, error)

    async def listen(self) -> FromWindow | None:
        """Hear the child until it falls silent; gives the last thing that counts."""
        last: FromWindow | None = None
        while received := await _line(self._stdout):
            try:
                message = from_window(received)
            except MessageError as error:
                _log.warning("window=%s said something odd: %s", self._name, error)
                continue
            match message:
                case Ready():
                    self._is_ready.set()
                case Pressed():
                    self._pressed(message)
                case Pong(n):
                    self._pong = n
                case Closed() | Failed():
                    last = last or message
        return last

    async def look_after(self, ping_s: float) -> None:
        """Kill a child that does not begin, or does not answer any more."""
        try:
            async with asyncio.timeout(_START_S):
                await self._is_ready.wait()
        except TimeoutError:
            self.kill()
            return
        number = 0
        while number - self._pong < MISSES:
            number += 1
            self.say(Ping(number))
            await asyncio.sleep(ping_s)
        _log.warning("window=%s does not answer", self._name)
        self.kill()

    async def overhear(self) -> None:
        """Keep the end of what libraries print, for the log."""
        while received := await _line(self._stderr):
            self._overheard.append(received[:_TOLD_CHARS].decode(errors="replace").rstrip())

    def kill(self) -> None:
        """End the process without asking, and those of its engine: a page that hangs stays."""
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Wait for the end of the process, which has no more to say; kill one that lingers."""
        self._stdin.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._process.wait()
        finally:
            self.kill()
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REST_S):
                await self.overhear()
        if code != 0:
            said = " | ".join(self._overheard)
            _log.info("window=%s exit=%d said=%s", self._name, code, said)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; none at the end. One that is too long is left out, but for its end."""
    while True:
        try:
            return await stream.readline()
        except ValueError:
            _log.warning("a window said a line that is too long")


def _apart() -> dict[str, Any]:
    """How a child is started: as a group of its own, and on Windows without a console."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
