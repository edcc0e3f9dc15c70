"""The network breaker: while nothing gets through to the site, asking it costs nothing.

Five failures of the way there within a minute open it, for the whole site. Then whoever asks is
refused at once and no call is made. After half a minute one may try, whoever comes first, and the
others are refused until it is known how that went: a good answer closes the breaker, a failure
opens it anew. What the site says for itself (a challenge, a limit, the end of a session, bad input)
is no failure here, however bad it is.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tray_app.core.errors import Kind, ProxyError

from .brakes import HoldStatus
from .foreign import NoConnectionError
from .moment import Clocks

_log = logging.getLogger(__name__)

FAILURES = 5
WITHIN_S = 60.0
OPEN_S = 30.0
TRYING_S = 5.0
"""When to come again, for those who are refused while somebody tries."""

_GATEWAY = {502, 503, 504}
_NO_WAY = {Kind.UPSTREAM_UNREACHABLE, Kind.UPSTREAM_DISCONNECTED}
_GATEWAY_KINDS = {Kind.UPSTREAM_ERROR, Kind.UPSTREAM_TIMEOUT, Kind.UPSTREAM_BAD_RESPONSE}
"""What the answer of a gateway comes to; with such a status the site says other things as well."""


class Attempt:
    """One flow on its way through the breaker: what came of the last of its calls."""

    def __init__(self, breaker: "Breaker") -> None:
        self._breaker = breaker
        self.era = 0
        """Between which two changes of the breaker it was admitted."""
        self.status: int | None = None
        """Of the answer to the call; None as long as nothing came."""

    @property
    def probes(self) -> bool:
        """Whether it is the one that tries."""
        return self._breaker.is_tried_by(self)

    def asking(self) -> None:
        """Begin a call; raises `ProxyError` where none may be made any more."""
        self.status = None
        self._breaker.admit(self)

    def heard(self, status: int) -> None:
        """Note the head of an answer."""
        self.status = status

    def answered(self) -> None:
        """Note that the head was that of the answer itself, which may go on for long."""
        if self.status not in _GATEWAY:
            self._breaker.worked(self)


class Breaker:
    """The breaker of one proxy; `status` may be called from any thread.

    Args:
        wall_clock: Unix seconds; with the other clock it tells that this computer slept.
        clock: Monotonic seconds.
        changed: Called when it opened or closed.
    """

    def __init__(
        self,
        wall_clock: Callable[[], float],
        clock: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._clocks = Clocks(wall_clock, clock)
        self._changed = changed
        self._failures: deque[float] = deque()
        self._until_s: float | None = None
        self._probe: Attempt | None = None
        self._era = 0
        self._cause = ""

    @property
    def is_closed(self) -> bool:
        """Whether everybody may ask."""
        return self._until_s is None

    def status(self) -> HoldStatus | None:
        """How long it stays open; 0 s where the next one who asks may try."""
        until_s = self._until_s
        if until_s is None:
            return None
        left_s = max(0, math.ceil(until_s - self._clock()))
        return HoldStatus(kind="network", seconds_left=left_s)

    def check(self) -> None:
        """Raise `ProxyError` where nothing may be asked now."""
        if self._clocks.have_parted:
            self.half_open()
        until_s = self._until_s
        if until_s is None:
            return
        left_s = until_s - self._clock()
        if left_s > 0:
            raise self._refusal(math.ceil(left_s))
        if self._probe is not None:
            raise self._refusal(TRYING_S)

    def _refusal(self, wait_s: float) -> ProxyError:
        said = f"Qwen keeps failing, the last time so: {self._cause}"
        return ProxyError(Kind.BREAKER_OPEN, said, retry_after_s=wait_s)

    @contextmanager
    def trying(self) -> Iterator[Attempt]:
        """Ask the site, and learn from the outcome; raises `ProxyError` where that may not be."""
        attempt = Attempt(self)
        self.admit(attempt)
        attempt.era = self._era
        try:
            yield attempt
        except ProxyError as error:
            self._went_wrong(attempt, error)
            raise
        else:
            self.worked(attempt)
        finally:
            if attempt.probes:
                self._probe = None

    def admit(self, attempt: Attempt) -> None:
        """Let an attempt make a call, as the one that tries where only one may.

        Raises `ProxyError` where it may not.
        """
        if attempt.probes:
            return
        self.check()
        if not self.is_closed:
            self._probe, attempt.era = attempt, self._era

    def is_tried_by(self, attempt: Attempt) -> bool:
        """Whether this is the one attempt that may be made now."""
        return self._probe is attempt

    def half_open(self) -> None:
        """Let the next one try: the computer slept, its network changed, or a person says so."""
        self._clocks.note()
        self._failures.clear()
        self._era += 1
        self._probe = None
        if self._until_s is not None:
            self._until_s = min(self._until_s, self._clock())
            self._changed()

    def worked(self, attempt: Attempt) -> None:
        """Note a good answer: what tried closes the breaker with it."""
        if not attempt.probes:
            return
        self._failures.clear()
        # Its answer may go on for long, and says no more of new calls.
        self._probe = None
        self._until_s = None
        self._era += 1
        _log.info("breaker=closed")
        self._changed()

    def _went_wrong(self, attempt: Attempt, error: ProxyError) -> None:
        if _is_failure(error, attempt.status):
            self._failed(attempt, error)
        elif attempt.status is not None:
            self.worked(attempt)

    def _failed(self, attempt: Attempt, error: ProxyError) -> None:
        if attempt.era != self._era:
            # It was asked before the last change, and says nothing of what is since.
            return
        now_s = self._clock()
        self._failures.append(now_s)
        while now_s - self._failures[0] >= WITHIN_S:
            self._failures.popleft()
        if attempt.probes or len(self._failures) >= FAILURES:
            self._open(error)

    def _open(self, error: ProxyError) -> None:
        self._failures.clear()
        self._probe = None
        self._until_s = self._clock() + OPEN_S
        self._era += 1
        self._cause = error.message or error.kind.row.title
        # Another try of the same request would only be refused, for a reason that is not its own.
        error.again = None
        _log.warning("breaker=open kind=%s", error.kind.value)
        self._changed()


def _is_failure(error: ProxyError, status: int | None) -> bool:
    """Whether the way to the site failed, and not what was asked."""
    if status is None:
        return error.kind in _NO_WAY or isinstance(error, NoConnectionError)
    return status in _GATEWAY and error.kind in _GATEWAY_KINDS
