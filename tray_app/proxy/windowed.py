"""The session that the window has: what its page says reaches the owner, and the page renews it.

The window's profile owns the session: its page renews the token as it is loaded, and the cookies
stay there. Python has the access token, and sees the cookies for the one call that needs them.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from tray_app.core.calls import Place, Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import PageSession, Session
from tray_app.core.site import Site

from .session import SessionOwner
from .unusable import unusable
from .window import PageCookie, SiteWindow

TAKES_S = 16.0
"""So long a page that was loaded may take to renew; after that it saw no reason to. A little more
than the window gives it, which loads another only then."""
LEFT_S = 3.0
"""So long after somebody left the page where people sign in it has told what they did there: where
it is and what it keeps are told apart."""


class WindowedSession:
    """Joins a window and the owner of the session; used in the proxy's loop.

    Args:
        window: The window.
        site: Which hosts its cookies go to.
        upstream: Reads what the page keeps.
        owner: Who hands the session out.
        wall_clock: Unix seconds.
    """

    def __init__(
        self,
        window: SiteWindow,
        site: Site,
        upstream: Upstream,
        owner: SessionOwner,
        wall_clock: Callable[[], float],
    ) -> None:
        self._window = window
        self._site = site
        self._upstream = upstream
        self._owner = owner
        self._wall_clock = wall_clock
        self._token_at_sign_in: str | None = None
        """The one that was known when a person was last where somebody else could sign in."""
        self._left_s: float | None = None
        """When that was over, with the same token."""

    def look(self) -> None:
        """Note what the page says of the session now."""
        found, known = self.found(), self._owner.session
        # Nobody can sign in in a window that is hidden; in one that is shown it may be anybody.
        if known is not None and self._is_at_sign_in() and self._is_shown:
            self._token_at_sign_in, self._left_s = known.token, None
        if found.kind in {"signed_out", "guest"}:
            self._owner.ended_in_window("guest" if found.kind == "guest" else "revoked")
        elif found.session is not None:
            self._take_note(found.session, is_new=found.kind == "signed_in")

    def _take_note(self, session: Session, *, is_new: bool) -> None:
        """Note a session of the page; one that somebody just signed in to may be anybody's."""
        known = self._owner.session
        if known is None or known.token == session.token:
            if self._is_shown and self._is_on_the_way():
                self._left_s = None
            elif self._left_s is None:
                self._left_s = self._wall_clock()
        elif session.is_of_another(known):
            # A page may sign people out, or let a guest in, without a word about it.
            self._owner.ended_in_window("revoked")
        elif self._token_at_sign_in == known.token and not self._has_left():
            self._owner.ended_in_window("revoked")
        elif is_new:
            self._owner.observed(session)

    def _has_left(self) -> bool:
        """Whether whoever was there has gone for good, without having signed in."""
        return self._left_s is not None and self._wall_clock() - self._left_s >= LEFT_S

    @property
    def _is_shown(self) -> bool:
        return self._window.status.state == "shown"

    def _is_on_the_way(self) -> bool:
        """Whether whoever signs in may still be at it, here or at a site that vouches for them."""
        url = self._window.news.url
        is_elsewhere = bool(url) and not f"{url}/".startswith(f"{self._site.chat_origin}/")
        return is_elsewhere or self._is_at_sign_in()

    def _is_at_sign_in(self) -> bool:
        path = urlsplit(self._window.news.url).path
        sign_in = self._site.pages.sign_in
        return path == sign_in or path.startswith(f"{sign_in}/")

    def found(self, stored: Mapping[str, str] | None = None) -> PageSession:
        """Who is signed in, by what the page keeps."""
        kept = self._window.news.stored if stored is None else stored
        return self._upstream.read_page(kept, self._wall_clock() + self._owner.time.ahead_s)

    async def renew(self, stale: str) -> Tokens:
        """The token after `stale`; raises `ProxyError` where there is none."""

        def is_settled(stored: Mapping[str, str]) -> bool:
            found = self.found(stored)
            is_new = found.session is not None and found.session.token != stale
            return found.kind in {"signed_out", "guest"} or (found.kind == "signed_in" and is_new)

        known, stored = self._owner.session, None
        if known is not None and known.token == stale and self._owner.time.is_good(known):
            stored = await self._renewed_early(is_settled)
        found = self.found(await self._renewed(is_settled) if stored is None else stored)
        session = found.session
        is_another = session is not None and known is not None and session.is_of_another(known)
        is_in = found.kind == "signed_in" and not is_another
        if is_in and session is not None and session.token != stale:
            return Tokens(session.token, session.expires_at)
        if found.kind == "old":
            raise ProxyError(Kind.UPSTREAM_TIMEOUT, "Qwen's page did not renew the session in time")
        raise ProxyError(Kind.SESSION_ENDED, "Qwen's page is signed out")

    async def _renewed_early(
        self, is_settled: Callable[[Mapping[str, str]], bool]
    ) -> Mapping[str, str] | None:
        """What a renewal before the token's end brings; None where the page renewed nothing.

        A page may renew only what has ended, or is nearer to its end than we hold to be near. It
        looks once, as it is loaded.
        """
        try:
            async with asyncio.timeout(TAKES_S):
                return await self._renewed(is_settled)
        except TimeoutError:
            return None

    async def _renewed(self, is_settled: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        try:
            return await self._window.renew(is_settled)
        except ProxyError as error:
            # A page that was there and has nothing after so long has not merely been slow.
            is_late = error.kind is Kind.UPSTREAM_TIMEOUT and bool(self._window.news.script)
            if is_late and self.found().kind == "nobody":
                return {}
            raise

    async def with_cookies(self, session: Session) -> Session:
        """The session with the window's cookies, for one call that is not made by its page.

        Raises `ProxyError`, also where they are somebody else's by now.
        """
        cookies = await self._window.cookies()
        found = self.found().session
        if found is not None and found.is_of_another(session):
            raise unusable("revoked")
        if found is not None:
            session = msgspec.structs.replace(session, token=found.token)
        return session_with(session, cookies, self._site)


def session_with(session: Session, cookies: Iterable[PageCookie], site: Site) -> Session:
    """A session with cookies of the window's profile, but for those that renew it."""
    shared: dict[str, str] = {}
    own: dict[Place, dict[str, str]] = {}
    hosts: dict[str, Place] = {
        urlsplit(site.chat_origin).hostname or "": "chat",
        urlsplit(site.auth_origin).hostname or "": "auth",
    }
    for cookie in cookies:
        if cookie.name in site.pages.kept_back:
            continue
        place = hosts.get(cookie.domain)
        if place is None or len(hosts) == 1:
            shared[cookie.name] = cookie.value
        else:
            own.setdefault(place, {})[cookie.name] = cookie.value
    return msgspec.structs.replace(session, cookies=shared, own=own)


async def settled(read: Callable[[], PageSession], pause_s: float) -> PageSession:
    """What a page says of who is signed in, once it says the same twice."""
    before = read()
    while True:
        await asyncio.sleep(pause_s)
        now = read()
        if now == before:
            return now
        before = now
