"""Which transport makes a call: the window's page, or we ourselves.

`page` has the signed-in page make every call of a session that the window has. `auto` makes them
directly until the site asks for a person there; then direct is closed for half an hour, doubling
up to four hours, and the page goes on. `direct` never asks the page. A session that somebody pasted
has no page, and what needs no session is asked for directly while there is none open.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Literal

from msgspec import Struct

from tray_app.core.calls import Answer, Call, Upload
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Session
from tray_app.store.settings import TransportName

from .activity import note_call
from .deferred import Deferred
from .transport import Body, Transport
from .uploading import Uploader
from .window import SiteWindow, WindowState
from .windowed import WindowedSession

Way = Literal["page", "direct"]
CLOSED_S = (1800.0, 3600.0, 7200.0, 14_400.0)

_OPEN = {"hidden", "shown"}


class PageSide(Struct, frozen=True):
    """The window's side of a ladder."""

    transport: Transport
    window: SiteWindow
    session: WindowedSession


Why = Literal["window", "chosen", "closed", "quiet", "pasted", "no_window", "nobody"]
"""The page makes calls since the window has the session (`window`), or since direct is `closed`;
we do since that was `chosen`, since nobody asked for a person (`quiet`), since the session was
`pasted`, since there is `no_window`, or since there is no session (`nobody`)."""


_SAID: dict[Why, str] = {
    "window": "made by Qwen's page in Portico's window",
    "closed": "made by Qwen's page, as Qwen asked for a person elsewhere",
    "chosen": "made by Portico itself, as the setting transport says",
    "quiet": "made by Portico itself, as long as Qwen asks for nobody",
    "pasted": "made by Portico itself, as the session was brought from a browser",
    "no_window": "not possible: the session is a window's, and there is none here",
    "nobody": "none: nobody is signed in",
}
"""For people, by why."""


class TransportStatus(Struct, frozen=True):
    """How calls are made now, and why."""

    way: Way = "direct"
    why: Why = "nobody"
    since_s: float | None = None
    """Unix seconds at which it became so."""
    said: str = _SAID["nobody"]
    """The same in words."""
    window: WindowState = "absent"
    missing: str = ""
    """What this computer lacks for a window."""
    direct_closed_s: int = 0
    """How long direct calls are not made."""


class Ladder:
    """The transport of a proxy, which uses one of two for each call.

    Args:
        direct: Calls made by us.
        page: Calls made by the window's page, where there is a window.
        uploader: Takes files to the store, whichever makes the calls.
        mode: The setting in force.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        direct: Transport,
        page: PageSide | None,
        uploader: Uploader,
        mode: Callable[[], TransportName],
        clock: Callable[[], float],
    ) -> None:
        self.direct = direct
        self._uploader = uploader
        self._page = page
        self._mode = mode
        self._clock = clock
        self._steps = 0
        self._closed_until_s: float | None = None
        self._noted: tuple[Way, Why] | None = None
        self._since_s: float | None = None

    def way(self, session: Session | None) -> Way:
        """How a call that carries this session is made now."""
        if session is None or not session.by_window or self._page is None:
            return "direct"
        mode = self._mode()
        if mode == "auto":
            return "page" if self._closed_s() > 0 else "direct"
        return "direct" if mode == "direct" else "page"

    def why(self, session: Session | None) -> Why:
        """Why `way` is what it is, in a word of `TransportStatus`."""
        if session is None:
            return "nobody"
        if not session.by_window:
            return "pasted"
        if self._page is None or self._page.window.status.state == "absent":
            return "no_window"
        if self._mode() == "auto":
            return "closed" if self._closed_s() > 0 else "quiet"
        return "window" if self._mode() == "page" else "chosen"

    def _closed_s(self) -> float:
        until_s = self._closed_until_s
        return 0.0 if until_s is None else max(0.0, until_s - self._clock())

    @property
    def direct_closed_s(self) -> int:
        """How long direct calls are not made; from any thread."""
        return round(self._closed_s())

    def status(self, session: Session | None, wall_s: float) -> TransportStatus:
        """How calls of this session are made now; from any thread."""
        now = self.way(session), self.why(session)
        if now != self._noted:
            self._noted, self._since_s = now, wall_s
        window = None if self._page is None else self._page.window.status
        return TransportStatus(
            way=now[0],
            why=now[1],
            since_s=self._since_s,
            said=_SAID[now[1]],
            window="absent" if window is None else window.state,
            missing="" if window is None else window.missing,
            direct_closed_s=round(self._closed_s()),
        )

    def challenged(self, session: Session | None) -> bool:
        """Close direct, in which the site asked for a person; whether the page can go on.

        Where it is closed already, that was asked of a call which was under way.
        """
        if self._mode() != "auto" or self._page is None:
            return False
        if session is None or not session.by_window:
            return False
        if self._closed_s() > 0:
            return True
        if self._closed_until_s is not None and self._clock() - self._closed_until_s > CLOSED_S[-1]:
            self._steps = 0
        length_s = CLOSED_S[min(self._steps, len(CLOSED_S) - 1)]
        self._steps += 1
        self._closed_until_s = self._clock() + length_s
        return True

    def reopen(self) -> None:
        """Make direct calls again: somebody says that the check is answered."""
        self._closed_until_s = None
        self._steps = 0

    async def call(
        self, call: Call, session: Session | None, heed: Callable[[Body], None]
    ) -> Answer:
        """The whole answer, by the way of the moment."""
        transport, session = await self._chosen(call, session)
        self._note(transport)
        return await transport.call(call, session, heed)

    def open(self, call: Call, session: Session | None) -> AbstractAsyncContextManager[Body]:
        """The answer as it comes, by the way of the moment."""
        return Deferred(partial(self._opened, call, session))

    async def _opened(
        self, call: Call, session: Session | None
    ) -> AbstractAsyncContextManager[Body]:
        transport, session = await self._chosen(call, session)
        self._note(transport)
        return transport.open(call, session)

    async def put(self, upload: Upload) -> Answer:
        """What the store answers: the page could bring it nothing that we cannot."""
        return await self._uploader.put(upload)

    def _note(self, transport: Transport) -> None:
        way: Way = "direct" if transport is self.direct else "page"
        note_call(way)

    async def _chosen(
        self, call: Call, session: Session | None
    ) -> tuple[Transport, Session | None]:
        page = self._page
        if session is None or not session.by_window or not call.signed:
            return self.direct, session
        if page is None:
            raise ProxyError(Kind.WINDOW_CLOSED, "The window that has the session is not there")
        is_open = page.window.status.state in _OPEN
        if call.bare and not is_open:
            # No window of half a gigabyte is opened for what anybody may ask.
            return self.direct, None
        if self.way(session) == "page":
            return page.transport, session
        return self.direct, await page.session.with_cookies(session)

    def wake(self) -> None:
        """Take fresh connections from now on."""
        self.direct.wake()
        if self._page is not None:
            self._page.transport.wake()

    async def forget(self) -> None:
        """Close what could be used for another session."""
        await self.direct.forget()
        if self._page is not None:
            await self._page.transport.forget()

    async def close(self) -> None:
        """Close every connection, for good; the window is another's to close."""
        await self.direct.close()
        if self._page is not None:
            await self._page.transport.close()
