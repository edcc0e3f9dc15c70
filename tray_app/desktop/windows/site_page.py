"""What is known of the page that is there, and how often it is worth a look."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from .site_script import Look

USABLE_S = 12.0
"""How long a new page may take until it can make calls."""
REST_S = 5.0
"""So long after it was loaded a page's script has put itself before `fetch`, seen or not: what a
script has bound looks like the browser's own."""
RENEWS_S = 15.0
"""So long a new page may take to renew its session."""
RENEWAL_S = 25.0
"""How long a renewal may take altogether."""
_ANEW_S = 60.0
"""How far apart pages that have nothing of the site's are loaded anew at first."""
_LOST_S, _LOST_AT_MOST_S = 24.0, 48.0
"""The same for pages that did not come: at first, and from then on."""
_LOOK_S = 0.25
"""How often a page is looked at that somebody sees, or that may be renewing its session."""
_LOOK_BUSY_S = 1.0
"""The same while it makes calls and nobody sees it."""
_LOOK_NEW_S = 0.1
"""The same until something comes that is waited for."""


class PageState:
    """What is known of a page, from the moment when the one before it was left."""

    def __init__(self) -> None:
        self.since_s = time.monotonic()
        self.is_installed = False
        """Our script is in it."""
        self.is_usable = False
        """It can make calls."""
        self.stored: dict[str, str] | None = None
        self._complete_s: float | None = None
        self.is_elsewhere = False
        """It is somebody else's, as on the way through signing in."""
        self._script = ""
        self._is_wrapped = self._is_check = False

    def note(self, seen: Look, *, is_check: bool) -> bool:
        """Note what a look at the page told.

        Returns:
            Whether it can make calls since now, or has its script only since now.
        """
        if seen.is_there and self.is_late:
            # It was to be left, and nothing came in its place.
            self.is_installed = True
        if not self.is_installed:
            # It is the one that is about to be left.
            return False
        if not seen.is_complete:
            self._complete_s = None
        elif self._complete_s is None:
            self._complete_s = time.monotonic()
        is_late_script = self.is_usable and bool(seen.script) and not self._script
        self._script, self._is_wrapped = seen.script or self._script, seen.is_wrapped
        self._is_check = seen.check
        is_ready = bool(seen.script) and (seen.is_wrapped or self.is_at_rest)
        is_ready = is_ready or self.is_late
        if self.is_usable or is_check or not is_ready:
            return is_late_script
        self.is_usable = True
        return True

    @property
    def is_bare(self) -> bool:
        """Whether it can make calls and has nothing of the site's, with all that it names there.

        It may be a gateway's, in the site's place. One that is still loading may be the site's.
        """
        return self.is_usable and self._complete_s is not None and not self.has_something

    @property
    def has_something(self) -> bool:
        """Whether something of the site's is in it."""
        return bool(self._script) or self._is_wrapped or self._is_check

    @property
    def is_lost(self) -> bool:
        """Whether no page came in the site's place: an engine shows one of its own there."""
        return self.is_late and not self.is_installed and not self.is_elsewhere

    @property
    def is_strange(self) -> bool:
        """Whether it is not the site's page, as far as can be seen."""
        return self.is_bare or self.is_lost

    @property
    def is_at_rest(self) -> bool:
        """Whether everything was loaded for so long that no script is still to come."""
        complete_s = self._complete_s
        return complete_s is not None and time.monotonic() - complete_s > REST_S

    @property
    def is_late(self) -> bool:
        """Whether it had its time to get ready."""
        return time.monotonic() - self.since_s > USABLE_S

    @property
    def is_young(self) -> bool:
        """Whether it may still be renewing its session."""
        return time.monotonic() - self.since_s <= RENEWS_S

    def look_s(self, *, is_waited_for: bool, is_shown: bool, is_busy: bool) -> float | None:
        """How long after a look the next one is worth it; None for as long as nothing happens."""
        if is_waited_for or not (self.is_usable or self.is_late):
            return _LOOK_NEW_S
        if is_shown or self.is_young:
            return _LOOK_S
        return _LOOK_BUSY_S if is_busy else None


class Anew:
    """When a page is loaded anew that is lost or bare: more rarely each time.

    A lost one may only be slow. A bare one can make calls, but not as a browser of the site makes
    them, and there may be no other.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bare, self._lost = _Pauses(_ANEW_S), _Pauses(_LOST_S, _LOST_AT_MOST_S)

    def is_due(self, page: PageState) -> bool:
        """Whether it is time, which counts as done then."""
        if page.is_lost:
            return self._lost.is_over(self._clock())
        return page.is_bare and self._bare.is_over(self._clock())

    def heed(self, page: PageState) -> None:
        """Begin with the first pause again once the site's page came.

        One that has nothing yet may only be slow, and bare all the same.
        """
        if page.has_something:
            self._bare, self._lost = _Pauses(_ANEW_S), _Pauses(_LOST_S, _LOST_AT_MOST_S)


@dataclass
class _Pauses:
    """Pauses that grow, the first before the second time."""

    pause_s: float
    most_s: float = math.inf
    next_s: float = 0.0

    def is_over(self, now_s: float) -> bool:
        """Whether a pause is over, and the next one begins."""
        if now_s < self.next_s:
            return False
        self.next_s, self.pause_s = now_s + self.pause_s, min(self.pause_s * 2, self.most_s)
        return True


@dataclass
class Renewal:
    """A renewal that goes on.

    Args:
        before: What was stored when it began.
        end: Ends the page that was loaded beside, if one was.
    """

    before: dict[str, str] | None
    end: Callable[[], None] | None
    is_reloaded: bool = False
    """The page itself was loaded anew for it."""

    def __post_init__(self) -> None:
        self._began_s = time.monotonic()

    @property
    def is_vain(self) -> bool:
        """Whether a page had its time and renewed nothing: asked again, another is loaded."""
        return time.monotonic() - self._began_s > RENEWS_S

    def is_over(self, page: PageState) -> bool:
        """Whether it has come to something, or to nothing in time."""
        if time.monotonic() - self._began_s > RENEWAL_S:
            return True
        is_new = page.stored is not None and page.stored != self.before
        if self.is_reloaded:
            return page.is_usable and (is_new or not page.is_young)
        return is_new
