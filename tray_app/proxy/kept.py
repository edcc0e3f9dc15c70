"""Takes up what the keyring held of a person's session and keys, and keeps what changes of them."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from tray_app.core.session import from_text
from tray_app.store.ring import RingAbsentError, RingError

from .keys import DEFAULT_NAME, Keys, keys_from_text, keys_to_text
from .safe import KEYS, SESSION, Safe
from .session import SessionOwner

_log = logging.getLogger(__name__)

START_S = 1.5
"""How long clients are kept waiting at the start for a keyring that does not answer."""
LAST_S = 0.5
"""How long the last saving may take when the proxy stops."""


class Kept:
    """Session and keys between this run and the next; used from one event loop."""

    def __init__(
        self, safe: Safe, owner: SessionOwner, keys: Keys, learn: Callable[..., None]
    ) -> None:
        self._safe = safe
        self._owner = owner
        self._keys = keys
        self._learn = learn
        self._waiting: asyncio.Task[None] | None = None
        self._as_kept: str | None = None

    async def begin(self, within_s: float = START_S) -> None:
        """Take up what was kept; what takes longer or is locked is taken up when it comes."""
        if self._safe.is_memory:
            self._provide_default()
            return
        self._keys.await_store()
        self._owner.await_store()
        try:
            kept = await self._safe.load(patient=False, within_s=within_s)
        except RingAbsentError:
            self._go_without()
        except RingError:
            self._safe.invite()
            self._waiting = asyncio.get_running_loop().create_task(self._wait(), name="keyring")
        else:
            self._take_up(kept)

    async def _wait(self) -> None:
        try:
            kept = await self._safe.load(patient=True)
        except RingError:
            self._go_without()
        else:
            self._take_up(kept)

    def _take_up(self, kept: dict[str, str | None]) -> None:
        self._as_kept = kept[KEYS]
        keys = keys_from_text(kept[KEYS] or "[]")
        self._learn(*(key.secret for key in keys))
        self._keys.take_up(keys)
        self._provide_default()
        self._owner.take_up(from_text(kept[SESSION] or ""))
        self._save_keys_soon()
        _log.info("keyring=read keys=%d session=%s", len(keys), self._owner.state)

    def _go_without(self) -> None:
        self._keys.take_up(())
        self._provide_default()
        self._owner.take_up(None)
        _log.warning("keyring=unusable state=%s", self._safe.status().state)

    def _provide_default(self) -> None:
        if not self._keys.all():
            self._learn(self._keys.new(DEFAULT_NAME).secret)

    async def keys_changed(self) -> bool:
        """Keep the keys as they are now; returns whether that is done."""
        if self._keys.is_unread:
            # What is there may not be replaced unread; `_take_up` keeps both.
            return False
        self._as_kept = keys_to_text(self._keys.all())
        return await self._safe.save(KEYS, self._as_kept)

    def _save_keys_soon(self) -> None:
        text = keys_to_text(self._keys.all())
        if not self._keys.is_unread and text != self._as_kept:
            self._as_kept = text
            self._safe.save_soon(KEYS, text)

    async def close(self) -> None:
        """Keep what changed lately: when keys were used, and cookies."""
        if self._waiting is not None:
            self._waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._waiting
        self._save_keys_soon()
        await self._owner.close()
        await self._safe.settle(LAST_S)
