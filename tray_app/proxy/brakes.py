"""What keeps us from asking: the account's hold after a challenge, and what cools down.

A model cools down for chats and for drawings apart: the site counts them apart.

Where a person can be asked, that comes first, and a hold only after nobody answered. A hold lasts
10, then 20, then 30 minutes. It ends with one careful try after its time, with a
person's answer (`portico resume`), and in no other way. While it stands, requests are refused at
once and the site is left alone: every call would make it longer (seen: 2026-09, several sources).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError

HOLD_S = (600.0, 1200.0, 1800.0)
CAREFUL_S = 600.0
"""For so long after a hold, starts keep a distance of `CAREFUL_SPACING_S`."""
CAREFUL_SPACING_S = 4.0
_EMPTIES = 2
"""Empty answers in a row that are taken for a silent hold."""
_COOL_S = 10.0
_USED_UP_S = 1800.0
"""Where an allowance of a day is used up and nobody says for how long."""
TRYING_S = 5.0
"""When to come again, for those who are refused while the one careful try goes on."""

_USED_UP = "Today's allowance for this model is used up"
_RETURNS = " and returns "
"""Between what is used up and when it is there again."""
_LONG_S = 60.0
"""More than a client hears of in seconds."""
_HOURS_S = 5400.0

Cause = Literal["check", "silence"]
SAID: dict[Cause, str] = {
    "check": "Qwen asked for a check",
    "silence": "Qwen answered nothing twice, which may be a silent block",
}
"""Why an account is on hold, in words."""
_COOLS = frozenset({Kind.RATE_LIMITED, Kind.DAILY_LIMIT})
_STUMBLES = frozenset({Kind.UPSTREAM_ERROR, Kind.UPSTREAM_TIMEOUT})
"""These let a model cool only where the site says for how long."""


class HoldStatus(Struct, frozen=True):
    """A hold as people see it."""

    kind: str
    seconds_left: int
    cause: Cause | None = None
    """Why the account is on hold or a person asked; None for whatever else keeps us from the site.
    """


class Brakes:
    """The brakes of one account."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._steps = 0
        self._until_s: float | None = None
        self._cause: Cause = "check"
        self._trying: object = None
        """The one careful try, while it goes on."""
        self.well_s = -math.inf
        """When the newest question was begun that the site answered."""
        self._careful_until_s = 0.0
        self._empties = 0
        self._cool: dict[str, tuple[float, ProxyError]] = {}
        self.ask: Callable[[ProxyError], bool] = lambda _: False
        """Has a person asked, if that can be; returns whether somebody is."""
        self.held: Callable[[ProxyError], None] = lambda _: None
        """Told of a hold that begins: what everybody hears who asks from now on."""

    def cools(self, matter: str) -> bool:
        """Whether this model cools down for what is asked of it."""
        return self._cool.get(matter, (0.0,))[0] > self._clock()

    def check(self, matter: str) -> None:
        """Raise `ProxyError` where this may not be asked of this model now."""
        if self._until_s is not None and (
            self._clock() < self._until_s or self._trying is not None
        ):
            raise self._holding(self._until_s)
        self.check_cool(matter)

    def check_cool(self, matter: str) -> None:
        """Raise `ProxyError` where this model cools down for it."""
        until_s, error = self._cool.get(matter, (0.0, None))
        left_s = until_s - self._clock()
        if error is None:
            return
        if left_s <= 0:
            del self._cool[matter]
            return
        told = error.copy()
        told.message, told.retry_after_s = _said(error, left_s), left_s
        # It is another request that hears of it.
        told.param = told.again = None
        raise told

    def _holding(self, until_s: float) -> ProxyError:
        left_s = until_s - self._clock()
        if left_s <= 0:
            said = f"{SAID[self._cause]}, and Portico is trying again just now"
            return ProxyError(Kind.COOLING_DOWN, said, retry_after_s=TRYING_S)
        return ProxyError(
            Kind.COOLING_DOWN,
            f"{SAID[self._cause]}, so Portico pauses for about {_minutes(left_s)} more min",
        )

    @property
    def is_holding(self) -> bool:
        """Whether the site is to be left alone, but for the one careful try after a hold's time."""
        return self._until_s is not None and self._trying is None

    @contextmanager
    def trying(self, matter: str) -> Iterator[None]:
        """Ask the site, and learn from the outcome; after a hold's time only one may try."""
        self.check(matter)
        began_s, careful_try = self._clock(), object()
        if self._until_s is not None:
            self._trying = careful_try
        try:
            with self.heeding(matter):
                yield
            self._empties = 0
            self.well_s = max(self.well_s, began_s)
            # Only for the hold after which it was made: of a later one it says nothing.
            if self._trying is careful_try:
                self.release()
        finally:
            if self._trying is careful_try:
                self._trying = None

    @contextmanager
    def heeding(self, matter: str) -> Iterator[None]:
        """Make calls that are no question: learn from what goes wrong, and nothing from the rest.

        A site that answers nothing any more may well take files.
        """
        self.check_cool(matter)
        try:
            yield
        except ProxyError as error:
            self._went_wrong(error, matter)
            raise

    @contextmanager
    def apart(self, matter: str) -> Iterator[None]:
        """Do within a question what the site counts apart: the model does not cool down for it."""
        try:
            yield
        except ProxyError as error:
            self._cool_down(error, matter)
            raise

    def _went_wrong(self, error: ProxyError, matter: str) -> None:
        if error.kind is Kind.VERIFICATION_NEEDED:
            self._challenged(error)
        elif error.kind is Kind.UPSTREAM_EMPTY:
            self._empties += 1
            if self._empties >= _EMPTIES:
                self._empties = 0
                self._challenged(error)
        else:
            self._cool_down(error, matter)

    def _cool_down(self, error: ProxyError, matter: str) -> None:
        """Let a matter alone for a while where an error says so that was not of another."""
        is_told = error.kind in _COOLS or (error.kind in _STUMBLES and error.retry_after_s)
        if not is_told or error.has_cooled:
            return
        usual_s = _USED_UP_S if error.kind is Kind.DAILY_LIMIT else _COOL_S
        wait_s = error.retry_after_s or usual_s
        until_s = self._clock() + wait_s
        # Who asked before that, and hears of less, does not end it sooner.
        if until_s >= self._cool.get(matter, (0.0,))[0]:
            # Not itself: it holds on to the request that met it, and it may be hours.
            self._cool[matter] = (until_s, error.copy())
        error.message, error.has_cooled = _said(error, wait_s), True

    def _challenged(self, error: ProxyError) -> None:
        if self._stands and self._trying is None:
            # It was asked before the hold began, and says nothing new.
            return
        if not self.ask(error):
            self.hold(cause_of(error))

    @property
    def _stands(self) -> bool:
        return self._until_s is not None and self._clock() < self._until_s

    def hold(self, cause: Cause = "check") -> None:
        """Leave the site alone, for longer each time."""
        length_s = HOLD_S[min(self._steps, len(HOLD_S) - 1)]
        self._steps += 1
        self._empties = 0
        self._until_s = self._clock() + length_s
        self._cause = cause
        self._trying = None
        self.held(self._holding(self._until_s))

    def release(self) -> None:
        """End the hold: an answer came through, or a person says the check is answered."""
        if self._until_s is not None:
            self._careful_until_s = self._clock() + CAREFUL_S
        self._until_s = None
        self._steps = 0
        self._trying = None
        self._empties = 0

    def answered(self) -> None:
        """Go on with care: a person has answered a check."""
        self.release()
        self._careful_until_s = self._clock() + CAREFUL_S

    def spacing_s(self, usual_s: float) -> float:
        """How far apart starts should be now."""
        return max(usual_s, CAREFUL_SPACING_S) if self.is_careful else usual_s

    @property
    def is_careful(self) -> bool:
        """Whether a hold stands or stood a while ago."""
        return self._until_s is not None or self._clock() < self._careful_until_s

    def status(self) -> HoldStatus | None:
        """The hold that stands, if one does; may be called from any thread."""
        until_s = self._until_s
        if until_s is None:
            return None
        left_s = max(0.0, until_s - self._clock())
        return HoldStatus("verification", round(left_s), self._cause)


def cause_of(error: ProxyError) -> Cause:
    """Why an account goes on hold that met this error."""
    return "silence" if error.kind is Kind.UPSTREAM_EMPTY else "check"


def _said(error: ProxyError, left_s: float) -> str:
    """What cools down, and for how much longer, where the site says so and it is long."""
    if error.retry_after_s is None:
        return error.message
    if error.kind is Kind.DAILY_LIMIT:
        used_up, returns, _ = error.message.partition(_RETURNS)
        return f"{used_up if returns else _USED_UP}{_RETURNS}in about {_about(left_s)}"
    if left_s < _LONG_S:
        return error.message
    said = error.message or error.kind.row.title
    return f"{said}, so Portico leaves this model alone for about {_about(left_s)}"


def _about(left_s: float) -> str:
    if left_s < _HOURS_S:
        return f"{_minutes(left_s)} min"
    return f"{round(left_s / 3600)} hours"


def _minutes(left_s: float) -> int:
    return max(1, round(left_s / 60))
