"""What happens when the site asks for a person: who is asked, what waits, what ends it.

Three things are kept apart. A person is *asked* where the window has the session: whoever waits
goes on waiting. An account on *hold* is left alone: nobody could be asked, or nobody answered.
*Direct closed* ends nothing but our own calls, while the page goes on.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

from tray_app.core.calls import Call
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.site import Site

from .asking import Asked, Asking
from .brakes import SAID, Brakes, Cause, HoldStatus, cause_of
from .gate import Gate
from .ladder import Ladder, PageSide
from .runner import Runner
from .session import SessionOwner
from .window import SiteWindow


class Hands(Struct, frozen=True):
    """What a hand-off works with."""

    site: Site
    upstream: Upstream
    owner: SessionOwner
    brakes: Brakes
    gate: Gate
    ladder: Ladder
    runner: Runner
    changed: Callable[[], None]
    clock: Callable[[], float]
    asking_s: float


class HandOff:
    """Hands the site's checks to the person; used in the proxy's loop."""

    def __init__(self, hands: Hands, page: PageSide | None) -> None:
        self._hands = hands
        self._page = page
        window = None if page is None else page.window
        self._window = window
        self._probing: asyncio.Task[object] | None = None
        self._cause: Cause = "check"
        """Why a person was asked last."""
        self._unfollow: Callable[[], None] | None = None
        self._asking = None if window is None else Asking(self._asked(window))
        hands.brakes.ask = self._ask
        hands.brakes.held = hands.gate.send_away

    def _asked(self, window: SiteWindow) -> Asked:
        hands = self._hands
        return Asked(
            window=window,
            site=hands.site,
            probe=self._probe,
            unanswered=self._unanswered,
            answered=self._answered,
            changed=hands.changed,
            in_flight=lambda: hands.gate.in_flight,
            clock=hands.clock,
            within_s=hands.asking_s,
        )

    def begin(self) -> None:
        """Follow the window, if there is one."""
        if self._window is None:
            return
        loop = asyncio.get_running_loop()

        def told() -> None:
            # The loop may end at this moment.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._look)

        self._unfollow = self._window.follow(told)
        if self._asking is not None and self._hands.brakes.is_holding and self._is_page_used():
            self._asking.stand()
        self._look()

    def end(self) -> None:
        """Ask nobody any more; may be said twice."""
        unfollow, self._unfollow = self._unfollow, None
        if unfollow is not None:
            unfollow()
        if self._asking is not None:
            self._asking.close()

    @property
    def is_asking(self) -> bool:
        """Whether a person is being asked now; from any thread."""
        return self._asking is not None and self._asking.is_on

    @property
    def stands(self) -> bool:
        """Whether the window shows a check that nobody has answered yet; from any thread."""
        return self._asking is not None and self._asking.stands

    @property
    def sees_check(self) -> bool:
        """Whether the window's page shows a check now."""
        return self._asking is not None and self._asking.is_seen

    @property
    def is_left_alone(self) -> bool:
        """Whether the page shows a check that nobody answered in time."""
        return self.sees_check and self._hands.brakes.is_holding

    def drop(self) -> None:
        """Ask no more, since the session of which the site asked is gone."""
        if self._asking is not None:
            self._asking.close()
        self._hands.gate.look()

    def hold(self) -> HoldStatus | None:
        """What keeps us from the site now, as people see it; from any thread."""
        asking = self._asking
        if asking is not None and asking.is_on:
            return HoldStatus("asking", round(asking.seconds_left), self._cause)
        return self._hands.brakes.status()

    def check(self, call: Call) -> None:
        """Raise `ProxyError` where a call may not be made now.

        While a person is asked none is made, nor by a page that shows a check; on hold no prompt,
        and nothing that nobody waits for.
        """
        if self._would_be_lost():
            raise ProxyError(
                Kind.VERIFICATION_NEEDED, "Qwen asks for a person just now", again="answered"
            )
        if (call.bare or call.streams) and self._hands.brakes.is_holding:
            raise ProxyError(Kind.COOLING_DOWN)

    def _would_be_lost(self) -> bool:
        """Whether a call that is made now only makes a check worse, but for the one that looks."""
        if self._probing is not None and self._probing is asyncio.current_task():
            return False
        if self.is_asking:
            return True
        return self.sees_check and self._is_page_used()

    def _is_page_used(self) -> bool:
        return self._hands.ladder.way(self._hands.owner.session) == "page"

    @property
    def is_quiet(self) -> bool:
        """Whether what can be done later should be."""
        return self._would_be_lost() or self._hands.brakes.is_holding

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Make calls; if the site asks for a person in a direct one, the page takes over."""
        session = self._hands.owner.session
        is_direct = self._hands.ladder.way(session) == "direct"
        try:
            yield
        except ProxyError as error:
            is_challenge = error.kind is Kind.VERIFICATION_NEEDED and error.again is None
            if is_direct and is_challenge and self._hands.ladder.challenged(session):
                error.again = "page"
            raise

    async def answer(self) -> None:
        """Return when the person has answered; raises `ProxyError` where nobody does."""
        if self._asking is not None:
            await self._asking.answer()

    def resume(self) -> bool:
        """Go on: the person has answered, or says so; returns whether there was a reason not to."""
        held = self.hold() is not None or self._hands.ladder.direct_closed_s > 0
        if self._asking is not None:
            self._asking.resume()
        self._hands.brakes.release()
        self._hands.ladder.reopen()
        self._hands.gate.look()
        return held

    def worked(self) -> None:
        """Note that the site answered a prompt."""
        if self._asking is not None:
            self._asking.proven()

    def _ask(self, error: ProxyError) -> bool:
        """See to it that a challenge does not end in a hold, if that can be."""
        hands, session = self._hands, self._hands.owner.session
        if error.again == "page":
            return True
        if hands.ladder.way(session) == "direct" and hands.ladder.challenged(session):
            return True
        if self._asking is None or session is None or not session.by_window:
            return False
        if error.kind is Kind.VERIFICATION_NEEDED or not self._asking.is_on:
            self._cause = cause_of(error)
        if not self._asking.begin(error.place):
            error.again = None
            return False
        if error.kind is Kind.VERIFICATION_NEEDED:
            error.again = "answered"
        return True

    def _look(self) -> None:
        if self._page is not None:
            self._page.session.look()
        asking, window = self._asking, self._window
        if asking is None or window is None:
            return
        asking.look()
        if not self._is_page_used() or asking.stands:
            return
        # The page shows its check before the call that met it has an answer, and makes that call
        # again by itself when the person has answered.
        if window.news.check and self._hands.gate.in_flight > 0:
            self._cause = "check"
            if not asking.begin():
                self._hands.brakes.hold()

    async def _probe(self) -> object:
        self._probing = asyncio.current_task()
        try:
            return await self._hands.runner.reply(self._hands.upstream.probe())
        finally:
            self._probing = None

    def _unanswered(self) -> None:
        # Before the hold, of which those would be told who had not been told of this.
        self._hands.gate.send_away(
            ProxyError(Kind.VERIFICATION_NEEDED, f"{SAID[self._cause]}, and nobody answered")
        )
        self._hands.brakes.hold(self._cause)
        self._hands.gate.look()

    def _answered(self) -> None:
        self._hands.brakes.answered()
        self._hands.gate.look()
