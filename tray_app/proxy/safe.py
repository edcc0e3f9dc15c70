"""What outlives the proxy, as its loop sees it: nobody waits long for the keyring."""

import asyncio
import contextlib
from concurrent.futures import Future
from typing import Literal, TypeVar

from msgspec import Struct

from tray_app.store.keeper import Keeper
from tray_app.store.ring import RingError

SESSION, KEYS = "session", "keys"
PATIENCE_S = 3.0
T = TypeVar("T")

SafeKind = Literal["memory", "ready", "slow", "locked", "absent", "failing"]

_IN_MEMORY = "Nothing is saved: session and keys are kept in memory until Portico stops."
_ACTIONS: dict[str, str] = {
    "slow": "What is new is saved when it does.",
    "locked": "Unlock it, and what is new is saved.",
    "absent": _IN_MEMORY,
    "failing": _IN_MEMORY,
}


class SafeStatus(Struct, frozen=True):
    """How it goes with keeping; `note` is for people, empty where all is well."""

    state: SafeKind
    saved: bool
    """Whether everything that should outlive the proxy would."""
    note: str


class Safe:
    """Keeps the session and the local keys.

    Args:
        keeper: The keyring; None where nothing is to outlive the proxy.
    """

    def __init__(self, keeper: Keeper | None) -> None:
        self._keeper = keeper

    @property
    def is_memory(self) -> bool:
        """Whether nothing is meant to outlive the proxy."""
        return self._keeper is None

    def status(self) -> SafeStatus:
        """How it goes at this moment."""
        if self._keeper is None:
            return SafeStatus("memory", saved=False, note="")
        state = self._keeper.state
        note = f"{state.said} {_ACTIONS[state.kind]}" if state.kind != "ready" else ""
        return SafeStatus(state.kind, saved=not self._keeper.is_behind, note=note)

    @property
    def trouble(self) -> str:
        """What is wrong with the keyring, in a sentence."""
        return (self._keeper.state.said if self._keeper else "") or "The keyring is busy."

    async def load(self, *, patient: bool, within_s: float = PATIENCE_S) -> dict[str, str | None]:
        """What was kept of session and keys; raises `RingError`.

        A patient caller waits until the person unlocks the keyring, any other no longer than told.
        """
        if self._keeper is None:
            return {}
        loading = self._keeper.load(SESSION, KEYS, patient=patient)
        return await _result(loading, None if patient else within_s)

    async def save(self, name: str, text: str | None) -> bool:
        """Keep a text, None removing it; returns whether that is done.

        What is not done now is done when the keyring lets us.
        """
        if self._keeper is None:
            return False
        try:
            await _result(self._keeper.save(name, text), PATIENCE_S)
        except RingError:
            return False
        return True

    def save_soon(self, name: str, text: str | None) -> None:
        """The same without waiting."""
        if self._keeper is not None:
            self._keeper.save(name, text)

    async def settle(self, within_s: float) -> None:
        """Wait a little for what is to be kept and is not yet, unless it cannot be now."""
        if self._keeper is not None and self._keeper.is_behind:
            with contextlib.suppress(RingError):
                await _result(self._keeper.settled(), within_s)

    def invite(self) -> None:
        """Have the system ask the person to unlock the keyring, if it is locked."""
        if self._keeper is not None:
            self._keeper.invite()


async def _result(future: "Future[T]", within_s: float | None) -> T:
    try:
        async with asyncio.timeout(within_s):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        raise RingError("The keyring does not answer.") from None
