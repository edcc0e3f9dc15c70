"""The owner of the session while the proxy runs: hands it out, renews it, keeps its cookies.

The access token lives about fifteen minutes. It is renewed shortly before it ends, by whoever needs
it first, and only once however many wait: the cookie that renews it changes with each use.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tray_app.core.calls import Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Session

_log = logging.getLogger(__name__)

RENEW_BEFORE_S = 120.0

Renewal = Callable[[], Awaitable[Tokens]]


class SessionOwner:
    """The one holder of a session; used from one event loop.

    Args:
        session: What a person signed in to, or None.
        wall_clock: Unix seconds: the site's expiry is told in them.
        learn: Told every secret of the session, so that none reaches a log.
    """

    def __init__(
        self,
        session: Session | None,
        wall_clock: Callable[[], float],
        learn: Callable[..., None] = lambda *_: None,
    ) -> None:
        self._session: Session | None = None
        self._learn = learn
        self._wall_clock = wall_clock
        self._renewal: Renewal | None = None
        self._renewing: asyncio.Task[Session] | None = None
        self._ended = False
        if session is not None:
            self._keep(session)

    def renew_by(self, renewal: Renewal) -> None:
        """Learn how to renew; said once, by whoever owns the transport."""
        self._renewal = renewal

    @property
    def session(self) -> Session | None:
        """The session as it is now, renewed or not."""
        return self._session

    @property
    def state(self) -> str:
        """In a word: `signed_in`, `signed_out` or `ended`."""
        if self._session is None:
            return "signed_out"
        return "ended" if self._ended else "signed_in"

    def check(self) -> Session:
        """The session, due for renewal or not; raises `ProxyError` where there is none."""
        if self._session is None:
            raise ProxyError(Kind.NOT_SIGNED_IN, "Nobody is signed in to Qwen Chat")
        if self._ended:
            raise _ended()
        return self._session

    async def current(self) -> Session:
        """A session that is good for a call now; raises `ProxyError`."""
        session = self.check()
        if session.expires_at is not None:
            left_s = session.expires_at - self._wall_clock()
            if left_s < RENEW_BEFORE_S:
                return await self.renewed(session.token, still_good=left_s > 0)
        return session

    async def renewed(self, stale: str, *, still_good: bool = False) -> Session:
        """The session after `stale`, the token of the one at hand, was renewed.

        Whoever comes while somebody renews gets that one's result. With `still_good` a renewal that
        fails for the network's sake is no reason to fail.
        """
        session = self.check()
        if session.token != stale:
            return session
        try:
            # Who leaves must not take the renewal along: the site may have changed the cookie
            # already, and the answer that says so would be lost.
            return await asyncio.shield(self._under_way(stale))
        except ProxyError as error:
            if still_good and not self._ended:
                _log.info("renewal=failed kind=%s session=still-good", error.kind.value)
                return session
            raise

    def _under_way(self, stale: str) -> "asyncio.Task[Session]":
        """The one renewal that goes on, begun if there is none."""
        if self._renewing is None or self._renewing.done():
            loop = asyncio.get_running_loop()
            self._renewing = loop.create_task(self._renew(stale), name="renewal")
            self._renewing.add_done_callback(_seen)
        return self._renewing

    async def _renew(self, stale: str) -> Session:
        if self._renewal is None:
            raise _ended()
        try:
            return self._take(await self._renewal(), stale)
        except ProxyError as error:
            if error.kind in {Kind.SESSION_ENDED, Kind.ACCOUNT_FORBIDDEN}:
                self._ended = True
                raise _ended() from None
            raise

    def _take(self, tokens: Tokens, stale: str) -> Session:
        session = self.check()
        if session.token != stale:
            # Somebody brought another session meanwhile, and these tokens are not its own.
            return session
        _log.info("renewal=done")
        return self._keep(
            msgspec.structs.replace(
                session,
                token=tokens.token,
                expires_at=tokens.expires_at,
                cookies={**session.cookies, **tokens.cookies},
            )
        )

    def _keep(self, session: Session) -> Session:
        self._learn(session.token, *session.cookies.values())
        self._session = session
        return session

    def replace(self, session: Session | None) -> None:
        """Take another session instead, or none: what was known of the one before is gone."""
        self._ended = False
        self._session = None
        if session is not None:
            self._keep(session)

    def absorb(self, cookies: Mapping[str, str | None]) -> None:
        """Keep the cookies that an answer set; None takes one away."""
        session = self._session
        if session is None or not cookies:
            return
        kept = {**session.cookies, **{name: value for name, value in cookies.items() if value}}
        for name, value in cookies.items():
            if value is None:
                kept.pop(name, None)
        if kept != session.cookies:
            self._keep(msgspec.structs.replace(session, cookies=kept))


def _seen(renewal: "asyncio.Task[Session]") -> None:
    """Look at a failure that nobody waits for any more, so that it is not reported as forgotten."""
    if not renewal.cancelled():
        renewal.exception()


def _ended() -> ProxyError:
    return ProxyError(Kind.SESSION_ENDED, "Qwen ended the session")
