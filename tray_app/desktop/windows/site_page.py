"""What is known of the page that is there, and how often it is worth a look."""

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
        self.is_bare = False
        """It can, and has nothing of the site's: it may be a gateway's, in the site's place."""
        self.stored: dict[str, str] | None = None
        self._complete_s: float | None = None

    def note(self, seen: Look, *, is_check: bool) -> bool:
        """Note what a look at the page told; returns whether it can make calls since now."""
        if seen.is_there and self.is_late:
            # It was to be left, and nothing came in its place.
            self.is_installed = True
        if not seen.is_complete:
            self._complete_s = None
        elif self._complete_s is None:
            self._complete_s = time.monotonic()
        is_ready = bool(seen.script) and (seen.is_wrapped or self.is_at_rest)
        is_ready = is_ready or self.is_late
        if self.is_usable or is_check or not (self.is_installed and is_ready):
            return False
        self.is_usable, self.is_bare = True, not seen.script
        return True

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
    """When a page that has nothing of the site's is loaded anew: more rarely each time.

    It can make calls, but not as a browser of the site makes them. And there may be no other.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_s, self._pause_s = 0.0, _ANEW_S

    def is_due(self) -> bool:
        """Whether it is time, which counts as done then."""
        now_s = self._clock()
        if now_s < self._next_s:
            return False
        self._next_s, self._pause_s = now_s + self._pause_s, self._pause_s * 2
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
