"""What keeps us from asking: the account's hold after a challenge, and models that cool down.

Where a person can be asked, that comes first, and a hold only after nobody answered. A hold lasts
10, then 20, then 30 minutes. It ends with one careful try after its time, with a
person's answer (`portico resume`), and in no other way. While it stands, requests are refused at
once and the site is left alone: every call would make it longer (seen: 2026-09, several sources).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError

HOLD_S = (600.0, 1200.0, 1800.0)
CAREFUL_S = 600.0
"""For so long after a hold, starts keep a distance of `CAREFUL_SPACING_S`."""
CAREFUL_SPACING_S = 4.0
_EMPTIES = 2
"""Empty answers in a row that are taken for a silent hold."""
_COOL_S = 10.0


class HoldStatus(Struct, frozen=True):
    """A hold as people see it."""

    kind: str
    seconds_left: int


class Brakes:
    """The brakes of one account."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._steps = 0
        self._until_s: float | None = None
        self._trying = False
        self._careful_until_s = 0.0
        self._empties = 0
        self._cool: dict[str, tuple[float, ProxyError]] = {}
        self.ask: Callable[[ProxyError], bool] = lambda _: False
        """Has a person asked, if that can be; returns whether somebody is."""

    def check(self, model: str) -> None:
        """Raise `ProxyError` where nothing may be asked of this model now."""
        if self._until_s is not None and (self._clock() < self._until_s or self._trying):
            raise self._holding(self._until_s)
        until_s, error = self._cool.get(model, (0.0, None))
        left_s = until_s - self._clock()
        if error is None:
            return
        if left_s <= 0:
            del self._cool[model]
            return
        raise ProxyError(error.kind, error.message, retry_after_s=left_s)

    def _holding(self, until_s: float) -> ProxyError:
        minutes = max(1, round((until_s - self._clock()) / 60))
        return ProxyError(
            Kind.COOLING_DOWN,
            f"Qwen asked for a check, so Portico pauses for about {minutes} more min",
        )

    @property
    def is_holding(self) -> bool:
        """Whether the site is to be left alone, but for the one careful try after a hold's time."""
        return self._until_s is not None and not self._trying

    @contextmanager
    def trying(self, model: str) -> Iterator[None]:
        """Ask the site, and learn from the outcome; after a hold's time only one may try."""
        self.check(model)
        careful_try = self._until_s is not None
        self._trying = self._trying or careful_try
        try:
            yield
        except ProxyError as error:
            self._went_wrong(error, model)
            raise
        else:
            self._empties = 0
            if careful_try:
                self.release()
        finally:
            if careful_try:
                self._trying = False

    def _went_wrong(self, error: ProxyError, model: str) -> None:
        if error.kind is Kind.VERIFICATION_NEEDED:
            self._challenged(error)
        elif error.kind is Kind.UPSTREAM_EMPTY:
            self._empties += 1
            if self._empties >= _EMPTIES:
                self._empties = 0
                self._challenged(error)
        elif error.kind in {Kind.RATE_LIMITED, Kind.DAILY_LIMIT}:
            wait_s = error.retry_after_s or _COOL_S
            self._cool[model] = (self._clock() + wait_s, error)

    def _challenged(self, error: ProxyError) -> None:
        if self._stands and not self._trying:
            # It was asked before the hold began, and says nothing new.
            return
        if not self.ask(error):
            self.hold()

    @property
    def _stands(self) -> bool:
        return self._until_s is not None and self._clock() < self._until_s

    def hold(self) -> None:
        """Leave the site alone, for longer each time."""
        length_s = HOLD_S[min(self._steps, len(HOLD_S) - 1)]
        self._steps += 1
        self._empties = 0
        self._until_s = self._clock() + length_s

    def release(self) -> None:
        """End the hold: an answer came through, or a person says the check is answered."""
        if self._until_s is not None:
            self._careful_until_s = self._clock() + CAREFUL_S
        self._until_s = None
        self._steps = 0
        self._trying = False
        self._empties = 0

    def answered(self) -> None:
        """Go on with care: a person has answered a check."""
        self.release()
        self._careful_until_s = self._clock() + CAREFUL_S

    def spacing_s(self, usual_s: float) -> float:
        """How far apart starts should be now."""
        careful = self._until_s is not None or self._clock() < self._careful_until_s
        return max(usual_s, CAREFUL_SPACING_S) if careful else usual_s

    def status(self) -> HoldStatus | None:
        """The hold that stands, if one does; may be called from any thread."""
        until_s = self._until_s
        if until_s is None:
            return None
        left_s = max(0.0, until_s - self._clock())
        return HoldStatus(kind="verification", seconds_left=round(left_s))
