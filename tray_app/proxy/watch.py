"""One watcher for all that goes on: heartbeats and limits cost no timer of their own."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from tray_app.core.errors import ProxyError

from .exchange import Exchange
from .limits import Limits
from .tasks import Tasks


class Watcher:
    """Looks at every open exchange once a tick, and can end them all.

    It sleeps for good while there is none.
    """

    def __init__(
        self, limits: Callable[[], Limits], clock: Callable[[], float], tasks: Tasks
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._tasks = tasks
        self._open: set[Exchange] = set()
        self._watching = False
        self._nobody = asyncio.Event()
        self._nobody.set()

    @contextlib.contextmanager
    def watching(self, exchange: Exchange) -> Iterator[None]:
        """Look at this exchange, and let it be ended, until the context is over."""
        self._open.add(exchange)
        self._nobody.clear()
        if not self._watching:
            self._watching = True
            self._tasks.spawn(self._watch(), "watcher")
        try:
            yield
        finally:
            self._open.discard(exchange)
            if not self._open:
                self._nobody.set()

    async def idle(self, within_s: float) -> None:
        """Return when nothing is being answered or waits for it, or when the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._nobody.wait()

    def stop(self, error: ProxyError) -> None:
        """End every answer that goes on."""
        for exchange in tuple(self._open):
            exchange.fuse.blow(error)

    async def _watch(self) -> None:
        try:
            while self._open:
                limits = self._limits()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(limits.tick_s):
                        await self._nobody.wait()
                for exchange in tuple(self._open):
                    # A client that left while we look is the relay's to notice.
                    with contextlib.suppress(ConnectionError):
                        await exchange.look(self._clock(), limits)
        finally:
            self._watching = False
