"""Who came to the door and was turned away, and what a person lets in for a while.

Two exceptions to the rule that every client has a key and no web page is one: the keyless mode, and
the pairing with a web app. Both end with the process and are kept nowhere. Web pages come as often
as they like and under any name, so nothing here grows with them, and no page decides how often a
person is spoken to.
"""

import ipaddress
import math
import re
import threading
from collections.abc import Callable, Iterable

from msgspec import Struct

PAIRING_S = 120.0
NOTICE_S = 600.0
"""Between two passive notices."""
KEPT = 20
"""So many origins are listed; of more the least recent are forgotten."""

_PORT = r"(?::([1-9][0-9]{0,4}))?"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORIGIN = re.compile(rf"https?://(?:({_LABEL}(?:\.{_LABEL})*\.?)|\[([0-9a-f:]{{2,39}})\]){_PORT}")
_NAME_CHARS = 254


class Blocked(Struct, frozen=True):
    """A web page that was turned away."""

    origin: str
    count: int
    """How often since it is listed."""


class VisitorsStatus(Struct, frozen=True):
    """Who came, at one moment."""

    keyless: bool
    pairing_s_left: int | None
    """None while no web app can be paired."""
    asking: str | None
    """The origin about which the person is to be asked, now and once."""
    blocked: tuple[Blocked, ...]
    """The newest first."""
    notices: int
    """Grows by one whenever the person should be told, in passing, that a page was turned away."""


class Visitors:
    """The door's memory of one process; every method may be called from any thread.

    None waits. There is no timer: pairing ends by the clock, and whoever shows the seconds that are
    left looks again by itself.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.changed: Callable[[], None] = lambda: None
        """Called when something changed that people see, in the thread that changed it."""
        self._clock = clock
        self._lock = threading.Lock()
        self._keyless = False
        self._closes_s: float | None = None
        self._asking: str | None = None
        self._answered: set[str] = set()
        self._blocked: dict[str, int] = {}
        """The newest last."""
        self._notices = 0
        self._noticed_s = -math.inf

    @property
    def is_keyless(self) -> bool:
        """Whether programs of this computer are served without a key."""
        return self._keyless

    def serve_keyless(self, on: bool) -> None:  # noqa: FBT001
        """Serve programs of this computer without a key from now on, or no longer."""
        with self._lock:
            changes, self._keyless = self._keyless != on, on
        self._tell(changes)

    def open_pairing(self) -> None:
        """Let the next unknown web page be asked about, for two minutes from now."""
        with self._lock:
            self._close()
            self._closes_s = self._clock() + PAIRING_S
        self.changed()

    def close_pairing(self) -> None:
        """Ask about no web page any more; a question without an answer ends."""
        with self._lock:
            changes = self._closes_s is not None
            self._close()
        self._tell(changes)

    def answer(self, origin: str, allowed: bool) -> None:  # noqa: FBT001
        """Note that the person answered the question about this origin; the next may be asked.

        To let it in for good is the setting `origins`, and whoever asked changes it.
        """
        with self._lock:
            self._expire()
            changes = self._asking == origin
            if changes:
                self._asking = None
                self._answered.add(origin)
            if allowed:
                changes = self._blocked.pop(origin, None) is not None or changes
        self._tell(changes)

    def admit(self, origins: Iterable[str]) -> None:
        """Note that these may come in now: they are neither listed nor asked about."""
        with self._lock:
            changes = False
            for origin in origins:
                changes = self._blocked.pop(origin, None) is not None or changes
                if self._asking == origin:
                    self._asking, changes = None, True
        self._tell(changes)

    def turned_away(self, origin: str) -> bool:
        """Note that a request of this origin was refused.

        Returns:
            Whether the person is being asked, so that it may come again.
        """
        if not is_web_origin(origin):
            return False
        with self._lock:
            self._expire()
            is_new = origin not in self._blocked
            self._blocked[origin] = self._blocked.pop(origin, 0) + 1
            if len(self._blocked) > KEPT:
                del self._blocked[next(iter(self._blocked))]
            is_open = self._closes_s is not None
            may_return = is_open and origin not in self._answered
            if may_return and self._asking is None:
                self._asking = origin
            if is_new and not is_open:
                self._notice()
        self.changed()
        return may_return

    def status(self) -> VisitorsStatus:
        """How it stands at this moment."""
        with self._lock:
            self._expire()
            left_s = None if self._closes_s is None else self._closes_s - self._clock()
            return VisitorsStatus(
                keyless=self._keyless,
                pairing_s_left=None if left_s is None else max(1, math.ceil(left_s)),
                asking=self._asking,
                blocked=tuple(
                    Blocked(origin, count) for origin, count in reversed(self._blocked.items())
                ),
                notices=self._notices,
            )

    def _notice(self) -> None:
        now_s = self._clock()
        if now_s - self._noticed_s >= NOTICE_S:
            self._noticed_s = now_s
            self._notices += 1

    def _expire(self) -> None:
        if self._closes_s is not None and self._clock() >= self._closes_s:
            self._close()

    def _close(self) -> None:
        self._closes_s = self._asking = None
        self._answered.clear()

    def _tell(self, changes: bool) -> None:  # noqa: FBT001
        if changes:
            self.changed()


def is_web_origin(origin: str) -> bool:
    """Whether this is the origin of a web page, spelled as browsers spell it."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return False
    name, address, port = found.groups()
    if int(port or 0) > 65535 or len(name or "") > _NAME_CHARS:
        return False
    try:
        return address is None or bool(ipaddress.IPv6Address(address))
    except ValueError:
        return False
