"""Giving the upstream files, each of them once for as long as it is good there.

Clients send the whole conversation again with every message, pictures included. What was given is
known again by its bytes, and only ever to the session that gave it: to another it does not exist.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from weakref import WeakKeyDictionary, WeakValueDictionary

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached, File, FileKind
from tray_app.core.ports import Upstream

from .moment import Clocks, stamp
from .runner import Runner
from .session import Lane

_AT_ONCE = 8
"""So many files are given at a time."""
_KEPT = 64
"""So many files are known again, of each session."""


async def digest_of(data: bytes) -> bytes:
    """SHA-256 of a file; reckoned beside the loop, since files are large."""
    return await asyncio.to_thread(lambda: sha256(data).digest())


class _Mark(Struct, frozen=True):
    """What makes a file the same as another."""

    kind: FileKind
    name: str
    type: str
    digest: bytes


class _Given(Struct, frozen=True):
    attached: Attached
    until_s: float


class Attacher:
    """Gives files to one upstream; used in the proxy's loop.

    Args:
        upstream: Who gets them.
        runner: Drives what that takes.
        wall_clock: Unix seconds; with the other clock it tells that this computer slept.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        upstream: Upstream,
        runner: Runner,
        wall_clock: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._upstream = upstream
        self._runner = runner
        self._clock = clock
        self._clocks = Clocks(wall_clock, clock)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._given: WeakKeyDictionary[Lane, OrderedDict[_Mark, _Given]] = WeakKeyDictionary()
        self._failed: WeakKeyDictionary[asyncio.Lock, ProxyError] = WeakKeyDictionary()
        self._turns: WeakValueDictionary[tuple[Lane, _Mark], asyncio.Lock] = WeakValueDictionary()

    async def attached(self, file: File, lane: Lane) -> Attached:
        """A file as the upstream has it, given to it now if need be; raises `ProxyError`.

        Of those who bring the same file at once one gives it; the others wait for what comes of
        that, be it an error.
        """
        mark = _Mark(file.kind, file.name, file.type, file.digest or await digest_of(file.data))
        turn = self._turns.setdefault((lane, mark), asyncio.Lock())
        has_waited = turn.locked()
        async with turn:
            if (known := self._known(mark, lane)) is not None:
                return known
            if has_waited and (failed := self._failed.get(turn)) is not None:
                raise failed.copy()
            try:
                return await self._give(file, mark, lane)
            except ProxyError as error:
                # Not itself: it holds on to the file, the session and the lock it is kept for.
                self._failed[turn] = error.copy()
                raise

    def forget(self, lane: Lane) -> None:
        """Give every file anew: the upstream says that it does not have one."""
        self._given.pop(lane, None)

    def _known(self, mark: _Mark, lane: Lane) -> Attached | None:
        if self._clocks.have_parted:
            # The addresses of files end by the upstream's clock, which did not sleep.
            self._clocks.note()
            self._given.clear()
        found = self._given.get(lane, OrderedDict()).get(mark)
        return None if found is None or found.until_s <= self._clock() else found.attached

    async def _give(self, file: File, mark: _Mark, lane: Lane) -> Attached:
        async with self._places:
            began_s = self._clock()
            attached = await self._runner.reply(self._upstream.upload(file, stamp()), lane)
        if not isinstance(attached, Attached):
            raise ProxyError(Kind.INTERNAL_ERROR, "A file was given and nothing came of it")
        given = self._given.setdefault(lane, OrderedDict())
        given[mark] = _Given(attached, began_s + attached.good_for_s)
        given.move_to_end(mark)
        while len(given) > _KEPT:
            given.popitem(last=False)
        return attached
