"""The owner of the session while the proxy runs: hands it out, renews it, keeps its cookies.

The access token lives about fifteen minutes. It is renewed shortly before it ends, by whoever needs
it first, and only once however many wait: the cookie that renews it changes with each use. The new
cookie is kept before the new token is used, so that a crash in between costs nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from msgspec import Struct

from tray_app.core.calls import Place, Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Account, Session, SetCookie, to_text, with_cookies

from .safe import SESSION, Safe
from .sitetime import SiteTime
from .unusable import unusable

_log = logging.getLogger(__name__)

COOKIES_KEPT_AFTER_S = 5.0
"""Cookies that change with ordinary answers are kept together, after so long."""

PATIENCE_S = 3.0
"""How long a request waits for a renewal while its token is good."""
STALE_S = 12 * 3600.0
"""A session that nobody uses is renewed once in so long: what renews it ends after 30 days."""

Renewal = Callable[["Lane"], Awaitable[Tokens]]


class Lane:
    """One session through its renewals; calls that belong together stay on one lane.

    Who signs in anew opens another lane, and what was begun before ends on its own.
    """

    def __init__(self, session: Session | None = None) -> None:
        self.session = session
        self.renewing: asyncio.Task[Session] | None = None


class _Before(Struct, frozen=True):
    """What there was before a session was tried out."""

    lane: Lane
    over: str | None = None
    unread: bool = False
    refused_token: str | None = None
    state: str = ""
    """As others were told it; empty where it was not known yet."""
    claim: str = ""
    """Whose the new one is by its token, which may say anything."""


class SessionOwner:
    """The one holder of a session; used from one event loop.

    Args:
        session: What a person signed in to, or None.
        safe: Where it is kept.
        wall_clock: Unix seconds: the site's expiry is told in them.
        learn: Told every secret of the session, so that none reaches a log.
    """

    def __init__(
        self,
        session: Session | None,
        safe: Safe,
        wall_clock: Callable[[], float],
        learn: Callable[..., None] = lambda *_: None,
    ) -> None:
        self.lane = Lane()
        self._safe = safe
        self._learn = learn
        self.time = SiteTime(wall_clock)
        self._renewal: Renewal | None = None
        self._can_renew: Callable[[Session], bool] = lambda _: True
        self._has_window: Callable[[], bool] = lambda: True
        self._keeping: asyncio.TimerHandle | None = None
        self._over: str | None = None
        self._refused_token: str | None = None
        self._unread = False
        self._before: _Before | None = None
        if session is not None:
            self._hold(self.lane, session)

    def renew_by(
        self,
        renewal: Renewal,
        can_renew: Callable[[Session], bool],
        has_window: Callable[[], bool] = lambda: False,
    ) -> None:
        """Learn how to renew, and which sessions can be; said by who owns the transport.

        Args:
            renewal: Brings the new token of the session on a lane.
            can_renew: Whether it can do that for a session.
            has_window: Whether there is a window for those sessions that a window has.
        """
        self._renewal = renewal
        self._can_renew = can_renew
        self._has_window = has_window

    @property
    def session(self) -> Session | None:
        """The session as it is now, renewed or not."""
        return self.lane.session

    @property
    def state(self) -> str:
        """In a word: `signed_in`, or why it is of no use."""
        # Asked from other threads as well: the session may be another one the next moment.
        session, over = self.session, self._over
        if session is None:
            return "locked" if self._unread else "signed_out"
        if over is not None:
            return over
        if session.by_window and not self._has_window():
            return "windowless"
        if session.guest:
            return "guest"
        if self._is_spent(session):
            return "expired"
        return "refused" if session.token == self._refused_token else "signed_in"

    @property
    def told_state(self) -> str:
        """The state as others are told it: a session that is tried out does not count yet."""
        before = self._before
        return before.state if before is not None and before.state else self.state

    @property
    def note(self) -> str:
        """What a person should know and do, in a sentence or two; empty where all is well."""
        state = self.told_state
        if state != "signed_in":
            return unusable(state).text
        return self.time.note

    def check(self) -> Session:
        """The session, due for renewal or not; raises `ProxyError` where there is none of use."""
        state = self.state
        # One that was refused may be taken the next time: only asking tells.
        session = self.session
        if session is None or state not in {"signed_in", "refused"}:
            raise unusable(state)
        return session

    async def current(self) -> Session:
        """A session that is good for a call now; raises `ProxyError`."""
        session = self.check()
        if not self.time.is_due(session) or not self._can_renew(session):
            return session
        return await self.renewed(session.token, still_good=self.time.is_good(session))

    def _is_spent(self, session: Session) -> bool:
        """Whether a session has surely ended: where the clock may be wrong, the site will tell."""
        left_s = self.time.left_s(session) if self.time.is_sure else None
        return left_s is not None and left_s <= 0 and not self._can_renew(session)

    def is_stale(self) -> bool:
        """Whether nobody has renewed the session for so long that it should be kept alive."""
        session = self.session
        if session is None or self.state not in {"signed_in", "refused"}:
            return False
        left_s = self.time.left_s(session)
        return left_s is not None and left_s < -STALE_S and self._can_renew(session)

    async def renewed(self, stale: str, *, still_good: bool = False) -> Session:
        """The session after `stale`, the token of the one at hand, was renewed.

        Whoever comes while somebody renews gets that one's result. With `still_good` a renewal that
        fails for the network's sake, or takes long, is no reason to fail or to wait.
        """
        session = self.check()
        if session.token != stale:
            return session
        try:
            async with asyncio.timeout(PATIENCE_S if still_good else None):
                # Who leaves must not take the renewal along: the site may have changed the cookie
                # already, and the answer that says so would be lost.
                return await asyncio.shield(self._under_way(session))
        except (ProxyError, TimeoutError) as error:
            if still_good and self._over is None:
                _log.info("renewal=%s session=still-good", type(error).__name__)
                return session
            raise

    def refused(self, token: str) -> None:
        """Note that the site does not take a token that was renewed just now."""
        self._refused_token = token

    def taken(self, token: str) -> None:
        """Note that the site took a token."""
        if self._refused_token == token:
            self._refused_token = None
        session = self.session
        if session is not None and session.token == token and not session.by_window:
            self._over = None

    def observed(self, session: Session) -> None:
        """Note what the window's page has of its session now: it renewed that by itself."""
        before = self.session
        if before is None or not before.by_window or self._before is not None:
            return
        if self._over is not None:
            # Whoever signs in after that may be somebody else, and is asked about first.
            return
        if (before.token, before.expires_at) == (session.token, session.expires_at):
            return
        news = msgspec.structs.replace(before, token=session.token, expires_at=session.expires_at)
        self.time.renewed(self._hold(self.lane, news))
        self._safe.save_soon(SESSION, to_text(news))

    def ended_in_window(self, why: str) -> None:
        """Note that the window's page has the session no more: it is `revoked`, or a `guest`'s."""
        session = self.session
        if session is not None and session.by_window and self._over is None:
            self._end(why, self.lane)

    def _under_way(self, session: Session) -> "asyncio.Task[Session]":
        """The one renewal that goes on for this session, begun if there is none."""
        lane = self.lane
        if lane.renewing is None or lane.renewing.done():
            loop = asyncio.get_running_loop()
            lane.renewing = loop.create_task(self._renew(session, lane), name="renewal")
            lane.renewing.add_done_callback(_seen)
        return lane.renewing

    async def _renew(self, session: Session, lane: Lane) -> Session:
        if self._renewal is None or not self._can_renew(session):
            raise self._end("expired", lane)
        try:
            tokens = await self._renewal(lane)
        except ProxyError as error:
            if error.kind is Kind.SESSION_ENDED:
                raise self._end("revoked", lane) from None
            if error.kind is Kind.ACCOUNT_FORBIDDEN:
                raise self._end("refused", lane) from None
            raise
        # From here on whatever is kept of this session has the cookie that renews it next.
        session = lane.session or session
        self._hold(lane, _with_cookies_of(session, tokens))
        if lane is self._kept_lane:
            self._unschedule()
            await self._safe.save(SESSION, to_text(_with(lane.session or session, tokens)))
        # Other cookies may have come while it was kept.
        renewed = self._hold(lane, _with(lane.session or session, tokens))
        _log.info("renewal=done")
        if lane is not self.lane:
            # Somebody brought another session meanwhile, and these tokens are not its own.
            return self.check()
        self._over = None
        self.time.renewed(renewed)
        return renewed

    @property
    def _kept_lane(self) -> Lane:
        """The lane whose session the keyring holds: one that is tried out has not got there yet."""
        return self.lane if self._before is None else self._before.lane

    def _end(self, why: str, lane: Lane) -> ProxyError:
        if self.lane is lane:
            self._over = why
            _log.info("session=%s", why)
        return unusable(why)

    def _hold(self, lane: Lane, session: Session) -> Session:
        self._learn(*session.secrets())
        lane.session = session
        return session

    def await_store(self) -> None:
        """Note that the keyring may hold a session, and cannot be read yet."""
        self._unread = True

    def take_up(self, session: Session | None) -> None:
        """Take what the keyring held, unless somebody brought or cleared a session meanwhile."""
        if self._before is not None and self._before.unread:
            self._before = _Before(Lane(), claim=self._before.claim)
        elif self._unread:
            self._unread = False
        else:
            return
        if session is not None:
            self._hold(self._kept_lane, session)

    def belongs_to(self, account: Account) -> None:
        """Learn whose the session is that is tried out."""
        session, before = self.session, self._before
        if session is not None and before is not None:
            # Only a number that the site says of the account too tells people apart.
            who = account.who if account.who == before.claim else ""
            self.lane.session = msgspec.structs.replace(
                session, account=account.label, guest=session.guest or account.guest, who=who
            )

    def try_out(self, session: Session) -> None:
        """Take another session, which is kept by `keep` or given back by `undo`."""
        self._before = _Before(
            self.lane, self._over, self._unread, self._refused_token, self.told_state, session.who
        )
        self._take(msgspec.structs.replace(session, who=""))

    def undo(self) -> None:
        """Be again as before a session was tried out."""
        before, self._before = self._before, None
        if before is not None:
            self.lane, self._over, self._unread = before.lane, before.over, before.unread
            self._refused_token = before.refused_token
            self.time.forget()

    def forget(self) -> None:
        """Sign out, without keeping that yet: what was known of the session is gone."""
        self._before = None
        self._unschedule()
        self._take(None)

    def _take(self, session: Session | None) -> None:
        self.lane = Lane()
        self._over = self._refused_token = None
        self._unread = False
        self.time.forget()
        if session is not None:
            self._hold(self.lane, session)

    async def keep(self) -> bool:
        """Keep the session as it is now; returns whether that is done."""
        self._before = None
        self._unschedule()
        session = self.session
        return await self._safe.save(SESSION, None if session is None else to_text(session))

    def absorb(self, cookies: Iterable[SetCookie], place: Place, lane: Lane) -> None:
        """Keep the cookies that the answer to a call from `place` on `lane` set."""
        if lane.session is None or lane.session.by_window:
            return
        session = with_cookies(lane.session, cookies, place)
        if session is lane.session:
            return
        self._hold(lane, session)
        if lane is self._kept_lane:
            self._schedule()

    def _schedule(self) -> None:
        if self._keeping is None and not self._safe.is_memory:
            loop = asyncio.get_running_loop()
            self._keeping = loop.call_later(COOKIES_KEPT_AFTER_S, self._keep_soon)

    def _unschedule(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None

    def _keep_soon(self) -> None:
        self._keeping = None
        if (session := self._kept_lane.session) is not None:
            self._safe.save_soon(SESSION, to_text(session))

    async def quiet(self, within_s: float) -> None:
        """Let a renewal come to its end: cut off, it may have used up the cookie all the same."""
        renewing = self._kept_lane.renewing
        if renewing is not None and not renewing.done():
            await asyncio.wait({renewing}, timeout=within_s)
            renewing.cancel()

    def flush(self) -> None:
        """Have what was not kept yet be kept: this loop ends, or one before it ended early."""
        if self._keeping is not None:
            self._unschedule()
            self._keep_soon()


def _with(session: Session, tokens: Tokens) -> Session:
    """A session with what a renewal brought."""
    return msgspec.structs.replace(
        _with_cookies_of(session, tokens),
        token=tokens.token,
        expires_at=tokens.expires_at,
        guest=session.guest or tokens.guest,
    )


def _with_cookies_of(session: Session, tokens: Tokens) -> Session:
    own = session.own.get("auth", {})
    news = [
        SetCookie(name, value, everywhere=name not in own) for name, value in tokens.cookies.items()
    ]
    return with_cookies(session, news, "auth")


def _seen(renewal: "asyncio.Task[Session]") -> None:
    """Look at a failure that nobody waits for any more, so that it is not reported as forgotten."""
    if not renewal.cancelled():
        renewal.exception()
