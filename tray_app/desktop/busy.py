"""How long something has been answered without a pause."""

import time

from tray_app.proxy.status import Status


class Busy:
    """Looks at one status after the other."""

    def __init__(self) -> None:
        self._since_s: float | None = None

    def for_s(self, status: Status) -> float | None:
        """Seconds since there is always something that is answered; None while nothing is."""
        if not status.queue.in_flight:
            self._since_s = None
            return None
        if self._since_s is None:
            self._since_s = time.monotonic()
        return time.monotonic() - self._since_s
