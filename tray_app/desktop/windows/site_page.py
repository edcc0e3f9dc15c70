"""What is known of the page that is there, and how often it is worth a look."""

import time
from collections.abc import Callable
from dataclasses import dataclass

USABLE_S = 12.0
"""How long a new page may take until it can make calls."""
REST_S = 5.0
"""So long after it was loaded a page's script has put itself before `fetch`, seen or not: what a
script has bound looks like the browser's own."""
RENEWS_S = 15.0
"""So long a new page may take to renew its session."""
RENEWAL_S = 25.0
"""How long a renewal may take altogether."""
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

    def note(self, *, is_complete: bool) -> None:
        """Note whether everything of the page was loaded."""
        if not is_complete:
            self._complete_s = None
        elif self._complete_s is None:
            self._complete_s = time.monotonic()

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
