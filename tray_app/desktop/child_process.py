"""One child process that has a window: its pipes, its pings and its end, whatever the two speak."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from msgspec import Struct

from tray_app.desktop.windows.messages import LINE_BYTES, MessageError, Ping

MISSES = 3
CLOSE_S = 2.0
_REST_S = 0.5
_TOLD_LINES = 20
_TOLD_CHARS = 500
_log = logging.getLogger(__name__)


def program() -> list[str]:
    """What starts Portico; words for it may follow."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "tray_app"]


def command(name: str) -> list[str]:
    """What starts this window."""
    return [*program(), "window", name]


class ChildProcess:
    """A process that was started, and belongs to the loop that started it.

    Args:
        name: What the log calls it.
        process: With three pipes.
        line: Makes a message a line; raises `MessageError`.
    """

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, line: Callable[[Any], bytes]
    ) -> None:
        self._name = name
        self._process = process
        self._line = line
        self._stdin = cast("asyncio.StreamWriter", process.stdin)
        self._stdout = cast("asyncio.StreamReader", process.stdout)
        self._stderr = cast("asyncio.StreamReader", process.stderr)
        self._words: deque[Struct] = deque()
        self._has_words = asyncio.Event()
        self._pinged = 0
        self._ponged = 0
        self._overheard: deque[str] = deque(maxlen=_TOLD_LINES)

    @classmethod
    async def start(
        cls, name: str, words: Sequence[str], line: Callable[[Any], bytes]
    ) -> "ChildProcess":
        """Start it, in a group of its own; raises `OSError`."""
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=LINE_BYTES,
            **_apart(),
        )
        return cls(name, process, line)

    def say(self, message: Struct, *, instead: bool = False) -> None:
        """Send this once what was said before is sent.

        Args:
            message: What `line` takes.
            instead: It takes the place of those of its type that still wait.
        """
        if instead:
            self._words = deque(one for one in self._words if type(one) is not type(message))
        self._words.append(message)
        self._has_words.set()

    async def send(self) -> None:
        """Send whatever is said, as fast as the child takes it."""
        self._stdin.transport.set_write_buffer_limits(high=0)
        with contextlib.suppress(ConnectionError):
            while True:
                await self._has_words.wait()
                self._has_words.clear()
                words, self._words = self._words, deque()
                for message in words:
                    self._write(message)
                await self._stdin.drain()

    def _write(self, message: Struct) -> None:
        try:
            self._stdin.write(self._line(message))
        except MessageError as error:
            _log.error("window=%s cannot be told: %s", self._name, error)

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Have every line heard until the child falls silent.

        Args:
            hear: Raises `MessageError` for what is no message; that is logged and left out.
        """
        while received := await _line(self._stdout):
            try:
                hear(received)
            except MessageError as error:
                _log.warning("window=%s said something odd: %s", self._name, error)

    def pong(self, number: int) -> None:
        """Note that the page answered the ping of this number."""
        self._ponged = number

    async def watch(self, ping_s: float, wanted: asyncio.Event | None = None) -> None:
        """Return once the page does not answer any more.

        Args:
            ping_s: Seconds between two looks.
            wanted: While it is not set nobody needs the page, and it is left in peace.
        """
        missing_since = self._pinged
        while self._pinged - max(self._ponged, missing_since) < MISSES:
            if wanted is not None and not wanted.is_set():
                await wanted.wait()
                missing_since = self._pinged
            self._pinged += 1
            self.say(Ping(self._pinged))
            await asyncio.sleep(ping_s)
        _log.warning("window=%s does not answer", self._name)

    async def overhear(self) -> None:
        """Keep the end of what libraries print, for the log."""
        while received := await _line(self._stderr):
            self._overheard.append(received[:_TOLD_CHARS].decode(errors="replace").rstrip())

    async def gone(self) -> None:
        """Wait until the process has ended and what it said could be heard."""
        await self._process.wait()
        await asyncio.sleep(_REST_S)

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
                async with asyncio.timeout(CLOSE_S):
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
