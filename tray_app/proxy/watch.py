"""One watcher for all open streams: heartbeats and limits cost no timer of their own."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from .exchange import Exchange
from .limits import Limits
from .tasks import Tasks


class Watcher:
    """Looks at every open exchange once a tick; sleeps for good while there is none."""

    def __init__(
        self, limits: Callable[[], Limits], clock: Callable[[], float], tasks: Tasks
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._tasks = tasks
        self._open: set[Exchange] = set()
        self._watching = False

    @contextlib.contextmanager
    def watching(self, exchange: Exchange) -> Iterator[None]:
        """Look at this exchange until the context ends."""
        self._open.add(exchange)
        if not self._watching:
            self._watching = True
            self._tasks.spawn(self._watch(), "watcher")
        try:
            yield
        finally:
            self._open.discard(exchange)

    async def _watch(self) -> None:
        try:
            while self._open:
                limits = self._limits()
                await asyncio.sleep(limits.tick_s)
                for exchange in tuple(self._open):
                    # A client that left while we look is the relay's to notice.
                    with contextlib.suppress(ConnectionError):
                        await exchange.look(self._clock(), limits)
        finally:
            self._watching = False
