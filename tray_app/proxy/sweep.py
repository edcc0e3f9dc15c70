"""Deletes the chats that were left over: by a crash, or by a site that was not there.

So are those that were kept for a while, once their time has come.
"""

import asyncio
import logging
import math

from tray_app.core.calls import Later
from tray_app.core.errors import Kind, ProxyError
from tray_app.store.chats import Chats

from .desk import Desk
from .session import Lane
from .tasks import Tasks

_log = logging.getLogger(__name__)

CHALLENGED_S = 3600.0
"""How long nothing is deleted after a challenge, which nobody is asked to answer for that; a
question that was answered since shows that it is over."""


class Sweep:
    """Deletes one chat at a time, far apart, and only while nothing else is asked of the site.

    Between two it waits by a timer and not in a task, so that no stop has to wait for it.
    """

    def __init__(self, desk: Desk, chats: Chats, tasks: Tasks) -> None:
        self._desk = desk
        self._chats = chats
        self._tasks = tasks
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self._challenged_s = -math.inf

    def begin(self) -> None:
        """Take up what was left; the first look at it comes a little later."""
        count = self._chats.begin()
        if count:
            _log.info("chats=left-over count=%d", count)
        self._look_in(self._desk.limits().sweep_s)

    def end(self) -> None:
        """Begin nothing any more."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()

    def _look_in(self, pause_s: float) -> None:
        if not self._ended:
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._look)

    def _look(self) -> None:
        lane = self._desk.owner.lane
        chat = self._next(lane)
        if chat is None:
            self._look_in(self._desk.limits().sweep_again_s)
        else:
            self._tasks.spawn(self._delete(chat, lane), "sweep")

    def _next(self, lane: Lane) -> str | None:
        desk = self._desk
        is_busy = desk.gate.in_flight or desk.gate.waiting
        if lane.session is None or desk.owner.state != "signed_in":
            return None
        if self._is_challenged():
            return None
        if is_busy or desk.handoff.hold() is not None or desk.handoff.is_quiet:
            return None
        return self._chats.left_over(lane.session.account, desk.owner.time.now_s)

    def _is_challenged(self) -> bool:
        left_s = self._challenged_s + CHALLENGED_S - self._desk.clock()
        return left_s > 0 and self._desk.brakes.well_s <= self._challenged_s

    async def _delete(self, chat: str, lane: Lane) -> None:
        """Delete a chat with the session that was there when it was chosen, renewed if need be."""
        desk = self._desk
        limits = desk.limits()
        pause_s = limits.sweep_again_s
        try:
            await desk.owner.current()
            await desk.runner.tidy(Later(desk.upstream.forget(chat), chat), lane)
            spacing_s = desk.brakes.spacing_s(desk.settings().start_spacing_s)
            pause_s = max(limits.sweep_s, spacing_s)
        except ProxyError as error:
            if error.kind is Kind.VERIFICATION_NEEDED:
                self._challenged_s = desk.clock()
            raise
        finally:
            self._look_in(pause_s)
