"""The one thread that talks to the keyring, so that nobody else ever waits for it.

What is to be kept is noted by name and written when the keyring lets us: while it is locked or
fails, the newest text of each name stays here and is tried again. A keyring that is not there, or
that could not be read when Portico began, is not written to in this run, so that nothing unread is
replaced.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal

from msgspec import Struct

from .ring import Ring, RingAbsentError, RingError, RingLockedError
from .vault import Vault

LOCKED_PAUSE_S = 2.0
"""How often a locked keyring is looked at while something waits for it."""
FAILED_PAUSE_S = 10.0
READ_TRIES = 3
SLOW_S = 3.0

KeeperKind = Literal["ready", "slow", "locked", "absent", "failing"]


class KeeperState(Struct, frozen=True):
    """How it goes with the keyring; `said` is a sentence, empty where all is well."""

    kind: KeeperKind
    said: str = ""


class _Load(Struct, eq=False):
    names: tuple[str, ...]
    patient: bool
    future: "Future[dict[str, str | None]]"
    tries: int = 0


class _Save(Struct, eq=False):
    text: str | None
    futures: list["Future[None]"]


class Keeper:
    """Loads and saves named texts; everything public returns at once, from any thread.

    Args:
        open_ring: Opens the keyring, in the thread; raises `RingAbsentError`.
        label: See `Vault`.
        locked_pause_s: Between two looks at a locked keyring.
        failed_pause_s: Between two tries at one that failed.
    """

    def __init__(
        self,
        open_ring: Callable[[], Ring],
        label: str,
        *,
        locked_pause_s: float = LOCKED_PAUSE_S,
        failed_pause_s: float = FAILED_PAUSE_S,
    ) -> None:
        self._open_ring = open_ring
        self._label = label
        self._pauses_s = (locked_pause_s, failed_pause_s)
        self._changed = threading.Condition()
        self._loads: deque[_Load] = deque()
        self._saves: dict[str, _Save] = {}
        self._state = KeeperState("ready")
        self._busy_since_s: float | None = None
        self._blocked = False
        self._was_ready = False
        self._given_up: RingError | None = None
        self._ring: Ring | None = None
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> KeeperState:
        """How it goes; a call that takes long is told as `slow` while it lasts."""
        since_s = self._busy_since_s
        if since_s is not None and time.monotonic() - since_s > SLOW_S:
            return KeeperState("slow", "The keyring does not answer.")
        return self._state

    @property
    def is_behind(self) -> bool:
        """Whether something is to be kept that is not yet."""
        return bool(self._saves) or self._given_up is not None

    def load(self, *names: str, patient: bool = False) -> "Future[dict[str, str | None]]":
        """The texts of these names, None for those that are not there.

        The future gets a `RingError` when they cannot be had; a patient one waits until a locked
        keyring is opened. One that is cancelled is forgotten.
        """
        load = _Load(names, patient, Future())

        def ended(future: "Future[dict[str, str | None]]") -> None:
            if future.cancelled():
                self._drop(load)

        with self._changed:
            if self._given_up is not None:
                load.future.set_exception(self._given_up)
            else:
                self._loads.append(load)
                self._begin()
        load.future.add_done_callback(ended)
        return load.future

    def _drop(self, load: _Load) -> None:
        with self._changed, contextlib.suppress(ValueError):
            self._loads.remove(load)

    def save(self, name: str, text: str | None) -> "Future[None]":
        """Keep a text instead of the one before; None removes it.

        The future gets a `RingError` when that cannot be done now; unless the keyring is given up,
        it is done later all the same.
        """
        future: Future[None] = _future()
        with self._changed:
            if self._given_up is not None:
                future.set_exception(self._given_up)
                return future
            earlier = self._saves.pop(name, None)
            self._saves[name] = _Save(text, [*(earlier.futures if earlier else ()), future])
            self._begin()
        return future

    def settled(self) -> "Future[None]":
        """Done when all that was to be kept by now is, or with the `RingError` why it is not."""
        future: Future[None] = _future()
        with self._changed:
            last = next(reversed(self._saves.values()), None)
            if self._given_up is not None:
                future.set_exception(self._given_up)
            elif last is None:
                future.set_result(None)
            else:
                last.futures.append(future)
                self._begin()
        return future

    def invite(self) -> None:
        """Have the system ask the person to unlock a locked keyring."""
        if self._state.kind == "locked" and self._ring is not None:
            self._ring.invite()

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="portico-keyring", daemon=True)
            self._thread.start()
        # Somebody asks now, so now is when to look again.
        self._blocked = False
        self._changed.notify_all()

    def _run(self) -> None:
        pause_s: float | None = None
        while True:
            with self._changed:
                self._changed.wait_for(self._may_work, pause_s)
                self._blocked = False
                load = self._loads[0] if self._loads else None
                name = next(iter(self._saves), None) if load is None else None
                save = self._saves[name] if name is not None else None
            if load is None and save is None:
                pause_s = None
                continue
            self._busy_since_s = time.monotonic()
            try:
                self._work(load, name, save)
            except RingError as error:
                pause_s = self._failed(error, load)
            except Exception as error:  # noqa: BLE001  the thread outlives whatever goes wrong
                pause_s = self._failed(
                    RingError(f"The keyring failed ({type(error).__name__})."), load
                )
            else:
                pause_s = None
                self._was_ready = True
                self._state = KeeperState("ready")
            finally:
                self._busy_since_s = None

    def _may_work(self) -> bool:
        return not self._blocked and bool(self._loads or self._saves)

    def _work(self, load: _Load | None, name: str | None, save: _Save | None) -> None:
        vault = self._vault()
        if load is not None:
            found = {name: vault.load(name) for name in load.names}
            self._drop(load)
            if load.future.set_running_or_notify_cancel():
                load.future.set_result(found)
        elif name is not None and save is not None:
            if save.text is None:
                vault.clear(name)
            else:
                vault.save(name, save.text)
            with self._changed:
                if self._saves.get(name) is save:
                    del self._saves[name]
            _tell(save.futures, None)

    def _vault(self) -> Vault:
        if self._ring is None:
            self._ring = self._open_ring()
        self._ring.check()
        return Vault(self._ring, self._label)

    def _failed(self, error: RingError, load: _Load | None) -> float:
        """Note a failure, tell those who will not wait, and say how long to pause."""
        locked = isinstance(error, RingLockedError)
        absent = isinstance(error, RingAbsentError)
        self._state = KeeperState(
            "locked" if locked else "absent" if absent else "failing", str(error)
        )
        with self._changed:
            self._blocked = True
            if load is not None:
                load.tries += 1
            lost = load is not None and not locked and (absent or load.tries >= READ_TRIES)
            if lost or (absent and not self._was_ready):
                self._give_up(error)
            elif load is not None and not load.patient:
                self._drop(load)
                _refuse(load, error)
            for waiting in self._saves.values():
                _tell(waiting.futures, error)
                waiting.futures.clear()
        return self._pauses_s[0 if locked else 1]

    def _give_up(self, error: RingError) -> None:
        self._given_up = error
        for load in tuple(self._loads):
            _refuse(load, error)
        for save in self._saves.values():
            _tell(save.futures, error)
        self._loads.clear()
        self._saves.clear()


def _future() -> "Future[Any]":
    """A future that whoever waits cannot cancel: the work is done all the same."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def _refuse(load: _Load, error: RingError) -> None:
    if load.future.set_running_or_notify_cancel():
        load.future.set_exception(error)


def _tell(futures: "list[Future[None]]", error: RingError | None) -> None:
    for future in futures:
        if future.done():
            # A newer text took over its waiting, and was not needed for it.
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
