"""What clients asked lately and what came of it: who, which model, how it ended; never what."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError

KEPT = 10
LEFT = "client_left"
"""The outcome where the client went away; any other but `ok` is the code of an error."""


class Deed(Struct):
    """One request."""

    at_s: float
    """Unix seconds at which it came."""
    key: str
    model: str = ""
    """Empty for one that did not get so far."""
    outcome: str = "ok"
    took_s: float = 0.0


class Activity:
    """The last requests, the newest first.

    Args:
        clock: Monotonic seconds.
        wall_clock: Unix seconds.
        changed: Called after every request.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._changed = changed
        self._deeds: deque[Deed] = deque(maxlen=KEPT)

    def recent(self) -> list[Deed]:
        """What ended lately."""
        return list(self._deeds)

    @contextmanager
    def noting(self, key: str) -> Iterator[Deed]:
        """Note a request of this key, whose outcome is that of the context."""
        deed = Deed(self._wall_clock(), key)
        began_s = self._clock()
        try:
            yield deed
        except ProxyError as error:
            deed.outcome = error.kind.value
            raise
        except (ConnectionError, asyncio.CancelledError):
            deed.outcome = LEFT
            raise
        except Exception:
            deed.outcome = Kind.INTERNAL_ERROR.value
            raise
        finally:
            deed.took_s = round(self._clock() - began_s, 3)
            self._deeds.appendleft(deed)
            self._changed()
