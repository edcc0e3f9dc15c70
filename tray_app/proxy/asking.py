"""Asking the person to answer the site's check, while whoever waits goes on waiting.

The window in which the site asked is shown. The person's answer is seen by the check being gone,
and by one call that changes nothing; it can be said by `portico resume` as well. Whoever does not
answer within two minutes finds the account on hold, and can still answer then. Nothing here answers
a check, and while one stands the site is asked nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.site import Site

from .window import SiteWindow

_log = logging.getLogger(__name__)

REPEATED_S = 600.0
"""A check that comes back so soon after an answer is not put to the person at once again."""
LEAVING_S = 10.0
"""How long the page of a check may take to go after it was answered."""
_SOON_S = 0.05
LEAD_S = 30.0
"""How long the page of a check waits for answers that run in the page that is there."""
COOKIE_S = 2.0
"""How often it is looked for the cookie of an answer, while somebody is asked."""
TRIES = 5
"""So often the site is asked whether a check that is gone was answered, if nothing comes of it."""


class Asked(Struct, frozen=True):
    """What asking works with."""

    window: SiteWindow
    site: Site
    probe: Callable[[], Awaitable[object]]
    """Makes one call that changes nothing; raises `ProxyError` where the site still asks."""
    unanswered: Callable[[], None]
    """Called when nobody answered in time."""
    answered: Callable[[], None]
    """Called when somebody did, also after that time."""
    changed: Callable[[], None]
    in_flight: Callable[[], int]
    """How many answers run, with the one that met the check."""
    clock: Callable[[], float]
    within_s: float


class Asking:
    """Asks, one check at a time; used in the proxy's loop."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._window = asked.window
        self._until_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._outcome: asyncio.Future[bool] | None = None
        self._watching = False
        self._saw = False
        self._answered_s: float | None = None
        self._is_proven = False
        self._looking: asyncio.Task[None] | None = None
        self._tasting: asyncio.Task[None] | None = None
        self._leading: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether a person is being asked now; from any thread."""
        return self._until_s is not None

    @property
    def seconds_left(self) -> float:
        """How long the person still has; 0 where nobody is asked."""
        until_s = self._until_s
        return 0.0 if until_s is None else max(0.0, until_s - self._asked.clock())

    @property
    def stands(self) -> bool:
        """Whether a check is not answered yet, in time or not."""
        return self._watching

    @property
    def is_seen(self) -> bool:
        """Whether the page shows a check now: it would hold back or lose what it is asked."""
        return self._window.news.check or self._is_check_page()

    def begin(self, url: str = "") -> bool:
        """Ask, if somebody can be asked; returns whether somebody is.

        Who has answered just now finds the check in the window, and is not waited for again.

        Args:
            url: Where the site said that its check is; empty where it did not.
        """
        if self.is_on:
            return True
        if self._window.status.state == "absent":
            return False
        now_s = self._asked.clock()
        is_repeated = self._answered_s is not None and now_s - self._answered_s < REPEATED_S
        self._answered_s = None
        if not is_repeated:
            self._ask()
        self._watch(url)
        self._asked.changed()
        return self.is_on

    def _ask(self) -> None:
        _log.info("check=asked")
        loop = asyncio.get_running_loop()
        self._until_s = self._asked.clock() + self._asked.within_s
        self._timer = loop.call_later(self._asked.within_s, self._give_up)
        self._outcome = loop.create_future()

    def stand(self) -> None:
        """Look out for a late answer to a check of before, of which nobody is asked any more."""
        self._watching, self._is_proven, self._saw = True, False, self.is_seen

    def _watch(self, url: str) -> None:
        """Show the check, and look out for its answer."""
        self._watching = True
        self._is_proven = False
        self._saw = self.is_seen
        if self._saw:
            # It has to be answered where it stands: nothing is loaded over it.
            self._window.show(None)
        elif self._asked.in_flight() <= 1:
            self._window.show(self._path_of(url))
        elif self._leading is None:
            # Beside the one that met the check others run, in the page that would be left.
            self._window.show(None)
            loop = asyncio.get_running_loop()
            self._leading = loop.create_task(self._lead(self._path_of(url)), name="lead")
        if self.is_on:
            self._tasting = asyncio.get_running_loop().create_task(self._taste(), name="cookie")

    async def _lead(self, path: str) -> None:
        """Go to the page of the check, once that ends no answer that runs in this one."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAD_S):
                    while self._asked.in_flight() > 0 and not self.is_seen:  # noqa: ASYNC110
                        await asyncio.sleep(_SOON_S)
            if self._watching and not self.is_seen:
                self._window.show(path)
        finally:
            self._leading = None

    async def _taste(self) -> None:
        """Look for the cookie that an answer leaves: not every check can be seen to be gone."""
        before: str | None = None
        while True:
            value = await self._cookie()
            if before is not None and value not in {"", before} and self._looking is None:
                self._look_soon()
            before = value
            await asyncio.sleep(COOKIE_S)

    async def _cookie(self) -> str:
        name = self._asked.site.pages.check_cookie
        try:
            cookies = await self._window.cookies()
        except ProxyError:
            return ""
        return next((cookie.value for cookie in cookies if cookie.name == name), "")

    async def answer(self) -> None:
        """Return when the person has answered; raises `ProxyError` when nobody does."""
        outcome = self._outcome
        is_answered = outcome is not None and await asyncio.shield(outcome)
        if not is_answered:
            raise ProxyError(
                Kind.VERIFICATION_NEEDED, "Qwen asked for a person, and nobody answered"
            )
        # The page that asked is left, and a call that it was to make would be lost.
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_S):
                while self.is_seen:  # noqa: ASYNC110  it is told in another thread
                    await asyncio.sleep(_SOON_S)

    def look(self) -> None:
        """Note what the page says now."""
        if not self._watching or self._looking is not None:
            return
        if self.is_seen:
            if not self._saw:
                self._saw = True
                self._asked.changed()
            return
        if self._saw and self._window.news.url:
            # A window that is gone has answered nothing.
            self._look_soon()

    def _look_soon(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._try(), name="check")

    async def _try(self) -> None:
        """Ask the site once whether the check is answered, now that it is not to be seen."""
        try:
            for _ in range(TRIES):
                if await self._is_answered():
                    self.resume()
                if not self._saw or self.is_seen:
                    return
                await asyncio.sleep(COOKIE_S)
        finally:
            self._looking = None

    async def _is_answered(self) -> bool:
        was_seen = self.is_seen
        try:
            await self._asked.probe()
        except ProxyError as error:
            if error.kind is not Kind.SESSION_ENDED:
                _log.info("check=stands kind=%s", error.kind.value)
                # Whatever else went wrong says nothing of the check; one that is on its way out
                # is looked at again.
                is_other = error.kind is not Kind.VERIFICATION_NEEDED
                self._saw = is_other or was_seen or self.is_seen
                return False
            # The site itself spoke: no check stands before it.
        self._saw = self.is_seen
        return not self._saw

    def proven(self) -> None:
        """Note that an answer came through, after the person's or in the same moment."""
        self._answered_s = None
        self._is_proven = True

    def resume(self) -> None:
        """Go on: the person has answered, or says so."""
        if not self._watching:
            return
        _log.info("check=answered")
        self._answered_s = None if self._is_proven else self._asked.clock()
        self._end(answered=True)
        self._watching = False
        if self._is_check_page():
            self._window.show(self._asked.site.pages.home)
        self._window.hide()
        self._asked.answered()
        self._asked.changed()

    def _give_up(self) -> None:
        _log.info("check=unanswered")
        self._end(answered=False)
        self._asked.unanswered()
        self._asked.changed()

    def _end(self, *, answered: bool) -> None:
        self._until_s = None
        if self._timer is not None:
            self._timer.cancel()
        if self._tasting is not None:
            self._tasting.cancel()
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(answered)

    def close(self) -> None:
        """End without an answer: the proxy ends, or the session of which it was asked is gone."""
        self._watching = False
        self._answered_s = None
        self._end(answered=False)
        for task in (self._looking, self._leading):
            if task is not None:
                task.cancel()

    def _is_check_page(self) -> bool:
        return self._asked.site.pages.check_path in urlsplit(self._window.news.url).path

    def _path_of(self, url: str) -> str:
        """Where the person is asked: the site's own page for it, if it named one of its own."""
        site = self._asked.site
        try:
            parts = urlsplit(urljoin(site.chat_origin, url))
            is_own = parts.hostname == urlsplit(site.chat_origin).hostname
        except ValueError:
            return site.pages.home
        if not is_own or site.pages.check_path not in parts.path:
            return site.pages.home
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
