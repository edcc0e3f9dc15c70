"""The site's time, by which its tokens end, whatever this computer's clock says.

The clock of a computer may be off by minutes or years. Every answer of the site says what time it
is there; a session is measured by that. Without it, a token that had ended by our clock when it was
fresh shows the same: its end is not known then, and the site will say so.
"""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from tray_app.core.session import Session

from .moment import Clocks

RENEW_BEFORE_S = 120.0
"""How long before its end a token is renewed; a token that lives briefly is used a while first."""
WINDOW_RENEWS_BEFORE_S = 5.0
"""The same where a page renews it: it does so as it is loaded, and perhaps not before the end."""
TOLERATED_S = 60.0
TOLD_FROM_S = 300.0


class SiteTime:
    """Knows how far the site's clock is from ours.

    Args:
        wall_clock: Unix seconds, ours.
        clock: Monotonic seconds.
    """

    def __init__(
        self, wall_clock: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_clock = wall_clock
        self._clocks = Clocks(wall_clock, clock)
        self._ahead_s = 0.0
        self._heard = ""
        self._endless: str | None = None
        self._margin_s = RENEW_BEFORE_S

    def hear(self, date: str) -> None:
        """Learn from the `Date` header of an answer; what is none changes nothing."""
        if date == self._heard and not self._clocks.have_parted:
            return
        try:
            told_s = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError):
            return
        self._heard = date
        self._clocks.note()
        ahead_s = told_s - self._wall_clock()
        self._ahead_s = ahead_s if abs(ahead_s) > TOLERATED_S else 0.0

    @property
    def now_s(self) -> float:
        """Unix seconds at the site, as far as it told."""
        return self._wall_clock() + self._ahead_s

    @property
    def ahead_s(self) -> float:
        """How far the site's clock is ahead of ours, as far as it told; 0 where that is little."""
        return self._ahead_s

    @property
    def is_sure(self) -> bool:
        """Whether the site told its time, and nobody has set our clock since."""
        return bool(self._heard) and not self._clocks.have_parted

    def left_s(self, session: Session) -> float | None:
        """How long a token still lives, None where nobody can tell."""
        if session.expires_at is None or session.token == self._endless:
            return None
        return session.expires_at - self.now_s

    def is_good(self, session: Session) -> bool:
        """Whether it is known that a token has not ended."""
        return (self.left_s(session) or 0.0) > 0

    def is_due(self, session: Session) -> bool:
        """Whether a token should be renewed before it is used again."""
        left_s = self.left_s(session)
        margin_s = self._margin_s
        if session.by_window:
            margin_s = min(margin_s, WINDOW_RENEWS_BEFORE_S)
        return left_s is not None and left_s < margin_s

    def renewed(self, session: Session) -> None:
        """Learn from a token that is fresh: if it seems to have ended, the clock is wrong."""
        self._endless = None
        life_s = self.left_s(session)
        if life_s is not None and life_s <= 0:
            self._endless = session.token
        elif life_s is not None:
            self._margin_s = min(RENEW_BEFORE_S, life_s / 2)

    def forget(self) -> None:
        """Another session begins: what was concluded from the one before is void."""
        self._endless = None
        self._margin_s = RENEW_BEFORE_S

    @property
    def note(self) -> str:
        """What a person should know of the clock; empty where it is right."""
        if abs(self._ahead_s) <= TOLD_FROM_S and self._endless is None:
            return ""
        if self._endless is not None:
            return "The clock of this computer seems to be wrong. Set it."
        side = "behind" if self._ahead_s > 0 else "ahead of"
        return f"The clock of this computer is {_span(abs(self._ahead_s))} {side} Qwen's. Set it."


def _span(seconds: float) -> str:
    for unit_s, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:.0f} seconds"
