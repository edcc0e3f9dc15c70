"""An answer of the site's page, on its way from the window's loop to that of whoever reads it."""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable

from tray_app.core.errors import Kind, ProxyError

ANSWER_BYTES = 32 << 20
"""What one answer may have waiting: the pipe is shared, so a slow reader cannot slow the page."""
_LOOK_S = 1.0


class PageAnswer:
    """The answer to one call; made in the loop of its reader, and told in the window's.

    One thread writes and one reads, and what passes between them does so by the reader's loop.
    """

    def __init__(self) -> None:
        self.id = secrets.token_hex(16)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_head = self.has_body = False
        """What of it had come; for the window's loop."""
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._can_begin = False
        self._is_over = False
        self._error: ProxyError | None = None
        self._pieces: deque[bytes] = deque()
        self._came_bytes = 0
        self._read_bytes = 0

    def begin(self, status: int, headers: dict[str, str]) -> None:
        """Take the head; in the window's loop, as the two that follow."""
        self.has_head = True
        self._pass_on(self._take_head, status, headers)

    def add(self, text: str) -> bool:
        """Take what came next; False where too much of it is waiting already."""
        data = text.encode()
        self.has_body = self.has_body or bool(data)
        self._came_bytes += len(data)
        if self._came_bytes - self._read_bytes > ANSWER_BYTES:
            return False
        self._pass_on(self._take, data)
        return True

    def finish(self, error: ProxyError | None) -> None:
        """Nothing more comes; an error is told once what came before was read."""
        self._pass_on(self._take_end, error)

    def _pass_on(self, take: Callable[..., None], *told: object) -> None:
        # A loop that is closed has nobody who reads.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(take, *told)

    def _take_head(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.headers, self._can_begin = status, headers, True
        self._news.set()

    def _take(self, data: bytes) -> None:
        self._pieces.append(data)
        self._news.set()

    def _take_end(self, error: ProxyError | None) -> None:
        self._is_over, self._error = True, error
        self._news.set()

    async def head(self, head_s: Callable[[], float | None]) -> None:
        """Wait for the head; raises `ProxyError`.

        Args:
            head_s: How many seconds more it may take; asked about once a second.
        """
        while not self._can_begin:
            if self._is_over:
                raise self._error or ProxyError(
                    Kind.UPSTREAM_DISCONNECTED, "The connection to Qwen broke before an answer"
                )
            left_s = head_s()
            if left_s is not None and left_s <= 0:
                raise ProxyError(Kind.UPSTREAM_TIMEOUT, "Qwen did not answer in time")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S if left_s is None else min(left_s, _LOOK_S)):
                    await self._next()

    async def read(self) -> bytes:
        """Whatever came next; empty at the end. Raises `ProxyError`."""
        while not self._pieces and not self._is_over:
            await self._next()
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._read_bytes += len(data)
            return data
        if self._error is not None:
            raise self._error
        return b""

    async def _next(self) -> None:
        self._news.clear()
        await self._news.wait()
