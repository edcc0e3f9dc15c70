"""What is the person's, beyond one run of the proxy: session, keys, brakes, who came to the door.

A proxy is stopped and started again; the session goes on, keys stay in force, and a pause that the
site asked for is not over. What the keyring held is taken up once, and what changes is kept.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from tray_app.core.session import Session, from_text
from tray_app.store.keeper import Keeper
from tray_app.store.profile import Profile
from tray_app.store.ring import RingAbsentError, RingError
from tray_app.store.statistics import Statistics

from .activity import Activity
from .brakes import Brakes
from .keys import DEFAULT_NAME, Keys, LocalKey, keys_from_text, keys_to_text
from .safe import KEYS, SESSION, Safe
from .session import SessionOwner
from .visitors import Visitors

_log = logging.getLogger(__name__)

START_S = 1.5
"""How long clients are kept waiting at the start for a keyring that does not answer."""
LAST_S = 0.5
"""How long the last saving may take when the proxy stops."""


class Person:
    """The one person whose proxy this is; used from one event loop at a time.

    Args:
        keeper: What keeps session and keys; None for nothing, as in practice mode.
        session: A session that is there from the beginning and is kept nowhere.
        learn: Told every secret as it comes up, so that none reaches a log.
        changed: Called when something is other than it was, in whatever thread that happens.
        profile: What the window keeps; None for nothing.
        statistics: Counts requests; None for in memory alone.
        clock: Monotonic seconds.
        wall_clock: Unix seconds.
    """

    def __init__(
        self,
        keeper: Keeper | None,
        *,
        session: Session | None = None,
        learn: Callable[..., None] = lambda *_: None,
        changed: Callable[[], None] = lambda: None,
        profile: Profile | None = None,
        statistics: Statistics | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._learn_these = learn
        self.profile = profile or Profile(None)
        self.changed = changed
        self.safe = Safe(keeper)
        self.keys = Keys()
        self.owner = SessionOwner(session, self.safe, wall_clock, self._learn)
        self.brakes = Brakes(clock)
        self.activity = Activity(clock, wall_clock, changed, statistics)
        self.visitors = Visitors(clock)
        self.visitors.changed = changed
        self._begun = False
        self._waiting: asyncio.Task[None] | None = None
        self._as_kept: str | None = None

    def _learn(self, *secrets: str) -> None:
        # The newest secrets are known, and the keys must always be among them.
        self._learn_these(*secrets, *(key.secret for key in self.keys.all()))
        self.changed()

    async def begin(self, within_s: float = START_S, *, invites: bool = True) -> None:
        """Take up what was kept; what takes longer or is locked is taken up when it comes.

        With `invites` the system asks the person to unlock a locked keyring.
        """
        if self._begun:
            self.owner.flush()
            self._wait_if_unread()
            return
        self._begun = True
        if self.safe.is_memory:
            self._provide_default()
            return
        self.keys.await_store()
        self.owner.await_store()
        try:
            kept = await self.safe.load(patient=False, within_s=within_s)
        except RingAbsentError:
            self._go_without()
        except RingError:
            if invites:
                self.safe.invite()
            self._wait_if_unread()
        else:
            self._take_up(kept)

    def _wait_if_unread(self) -> None:
        if self.keys.is_unread:
            self._waiting = asyncio.get_running_loop().create_task(self._wait(), name="keyring")

    async def _wait(self) -> None:
        try:
            kept = await self.safe.load(patient=True)
        except RingError:
            self._go_without()
        else:
            self._take_up(kept)

    def _take_up(self, kept: dict[str, str | None]) -> None:
        self._as_kept = kept[KEYS]
        keys = keys_from_text(kept[KEYS] or "[]")
        self.keys.take_up(keys)
        self._learn()
        self._provide_default()
        self.owner.take_up(from_text(kept[SESSION] or "") or self._by_window())
        self._save_keys_soon()
        _log.info("keyring=read keys=%d session=%s", len(keys), self.owner.state)

    def _go_without(self) -> None:
        self.keys.take_up(())
        self._provide_default()
        self.owner.take_up(self._by_window())
        _log.warning("keyring=unusable state=%s", self.safe.status().state)

    def _by_window(self) -> Session | None:
        """The session of the window, of which no more is known than that it has one."""
        return Session("", {}, by_window=True) if self.profile.is_signed_in else None

    def _provide_default(self) -> None:
        if not self.keys.all():
            self.make_key(DEFAULT_NAME)

    def make_key(self, name: str) -> LocalKey:
        """A new key in force; `keys_changed` keeps it. Raises `KeyRefusedError`."""
        made = self.keys.new(name)
        self._learn()
        return made

    async def keys_changed(self) -> bool:
        """Keep the keys as they are now; returns whether that is done."""
        if self.keys.is_unread:
            # What is there may not be replaced unread; `_take_up` keeps both.
            return False
        self._as_kept = keys_to_text(self.keys.all())
        return await self.safe.save(KEYS, self._as_kept)

    def _save_keys_soon(self) -> None:
        text = keys_to_text(self.keys.all())
        if not self.keys.is_unread and text != self._as_kept:
            self._as_kept = text
            self.safe.save_soon(KEYS, text)

    async def close(self) -> None:
        """Keep what changed lately: when keys were used, and cookies."""
        # Taken first: whatever comes of it, the next loop must not find it.
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait({waiting})
        self._save_keys_soon()
        self.owner.flush()
        await self.safe.settle(LAST_S)
