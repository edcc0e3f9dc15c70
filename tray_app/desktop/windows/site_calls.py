"""The calls that the page makes: what waits for a page, what goes on, what came of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .site_messages import PIECE_CHARS, End, Fetch, FromSite, Head, Piece
from .site_script import Drained, Scripts, drained

_EAGER_S = 3.0
"""So long the first bytes are awaited eagerly."""
_PAUSES_S = ((0.3, 0.012), (2.0, 0.03))
"""By how long nothing has come: how long to wait until the next look."""
_SLOW_S = 0.1
_FIRST_S = 0.003
_WAIT_S = 14.0
"""How long a call waits for a page that can make it."""
_HEADERS_CHARS, _HEADER_CHARS = 64 << 10, 8 << 10
"""So much is told of an answer's headers, and of one of them."""


@dataclass
class _Open:
    began_s: float
    has_head: bool = False
    has_begun: bool = False


class Calls:
    """All calls of one window; they are drained together.

    Args:
        scripts: The scripts for the page.
        run: Runs a script in the page and gives what it gives.
        tell: Tells the parent.
        is_going: Whether the page is about to be another one.
    """

    def __init__(
        self,
        scripts: Scripts,
        run: Callable[[str], Any],
        tell: Callable[[FromSite], None],
        is_going: Callable[[], bool],
    ) -> None:
        self._scripts = scripts
        self._run = run
        self._tell = tell
        self._is_going = is_going
        self.open: dict[str, _Open] = {}
        self.waiting: dict[str, tuple[Fetch, float]] = {}
        self._heard_s = 0.0

    def add(self, call: Fetch, *, usable: bool) -> None:
        """Make a call, or wait with it until the page can."""
        self._add(call, time.monotonic() + _WAIT_S, usable=usable)

    def _add(self, call: Fetch, until_s: float, *, usable: bool) -> None:
        can_begin = usable and not self._is_going()
        begun = self._run(self._scripts.start(call)) if can_begin else 0
        if begun == 1:
            self.open[call.id] = _Open(time.monotonic())
        elif begun == 0:
            self.waiting[call.id] = (call, until_s)
        else:
            # It may have been made all the same; made again it would be there twice.
            self._tell(End(call.id, "left"))

    def start_waiting(self, *, usable: bool) -> None:
        """Make the calls that waited for a page, if it can make them by now."""
        waiting, self.waiting = self.waiting, {}
        for call, until_s in waiting.values():
            self._add(call, until_s, usable=usable)

    def give_up_late(self) -> None:
        """End the calls that waited for a page in vain."""
        now_s = time.monotonic()
        for call_id in [one for one, (_, until_s) in self.waiting.items() if now_s > until_s]:
            del self.waiting[call_id]
            self._tell(End(call_id, "unusable"))

    def abort(self, call_id: str) -> None:
        """End a call of which nobody wants to know any more."""
        self.waiting.pop(call_id, None)
        if self.open.pop(call_id, None) is not None:
            self._run(self._scripts.abort(call_id))

    def end_open(self, why: str) -> None:
        """Tell that every call that goes on is over: its page is."""
        for call_id in tuple(self.open):
            self._tell(End(call_id, why))
        self.open.clear()

    def pause_s(self) -> float | None:
        """How long until the page is worth asking again; None where it makes no call."""
        if not self.open:
            return None
        now_s = time.monotonic()
        if any(not one.has_begun and now_s - one.began_s < _EAGER_S for one in self.open.values()):
            return _FIRST_S
        if any(not one.has_begun for one in self.open.values()):
            return _PAUSES_S[0][1]
        silent_s = now_s - self._heard_s
        return next((pause for until_s, pause in _PAUSES_S if silent_s < until_s), _SLOW_S)

    def drain(self) -> bool:
        """Tell what came of every call; returns whether the page that makes them is there."""
        told = drained(self._run(self._scripts.drain))
        if told is None:
            return False
        for one in told:
            # A page may say anything, of calls that it was never asked to make too.
            if one.id in self.open:
                self._pass_on(one)
        return True

    def _pass_on(self, one: Drained) -> None:
        call = self.open[one.id]
        if one.head is not None and not call.has_head:
            call.has_head = True
            self._tell(Head(one.id, one.head.status, _told_of(one.head.headers)))
        if one.text:
            self._heard_s = time.monotonic()
            call.has_begun = True
        for at in range(0, len(one.text), PIECE_CHARS):
            self._tell(Piece(one.id, one.text[at : at + PIECE_CHARS]))
        if one.end is not None:
            del self.open[one.id]
            # An engine ends what a page loads before that page is gone, as if by the network.
            is_left = one.end in {"network", "offline"} and self._is_going()
            self._tell(End(one.id, "left" if is_left else one.end))


def _told_of(headers: dict[str, str]) -> dict[str, str]:
    """The headers that are no longer than those of a site are."""
    told, left = {}, _HEADERS_CHARS
    for name, value in headers.items():
        size = len(name) + len(value)
        if size <= min(left, _HEADER_CHARS):
            told[name] = value
            left -= size
    return told
