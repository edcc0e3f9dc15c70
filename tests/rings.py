"""A keyring in memory, which can be told to lock, fail, hang, forget and lie; and one in a file."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

from tray_app.store.files import read_private, write_private
from tray_app.store.keeper import Keeper
from tray_app.store.ring import Ring, RingError, RingLockedError


class MemoryRing:
    """A keyring that works like any other until it is told not to.

    Args:
        entries: What it holds; several rings on the same entries are one store seen by several
            runs of a program.
        part_units: See `Ring`.
        limit_bytes: What an entry holds, as UTF-16, like the Credential Manager's 2,560.
    """

    name = "The keyring of this test"

    def __init__(
        self,
        entries: dict[str, str] | None = None,
        part_units: int | None = None,
        limit_bytes: int | None = None,
    ) -> None:
        self.entries = {} if entries is None else entries
        self.part_units = part_units
        self.limit_bytes = limit_bytes
        self.is_locked = False
        self.invited = 0
        self.error: RingError | None = None
        self.keeps: Callable[[str], str | None] = lambda text: text
        """What becomes of a text that is written; None for nothing."""
        self.steps = 0
        self.dies_after: int | None = None
        """So many steps later nothing is done and nothing comes back any more."""
        self.is_dead = False
        self.going = threading.Event()
        self.going.set()

    def check(self) -> None:
        self._step()
        if self.is_locked:
            raise RingLockedError("The keyring is locked.")

    def get(self, service: str) -> str | None:
        self._step()
        return self.entries.get(service)

    def set(self, service: str, text: str) -> None:
        self._step()
        if self.limit_bytes is not None and len(text.encode("utf-16-le")) > self.limit_bytes:
            raise RingError("The stub received bad data (1783).")
        kept = self.keeps(text)
        if kept is not None:
            self.entries[service] = kept

    def delete(self, service: str) -> None:
        self._step()
        self.entries.pop(service, None)

    def invite(self) -> None:
        self.invited += 1

    def _step(self) -> None:
        if self.dies_after is not None and self.steps >= self.dies_after:
            self.is_dead = True
            threading.Event().wait()
        self.steps += 1
        self.going.wait()
        if self.error is not None:
            raise self.error


class FileRing:
    """A keyring in a file, that a process which is killed leaves to the next one.

    Args:
        path: Written whole or not at all, as a real keyring's daemon would do it.
    """

    name = "The keyring of this test"
    part_units: int | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        return None

    def get(self, service: str) -> str | None:
        return self._entries().get(service)

    def set(self, service: str, text: str) -> None:
        self._keep({**self._entries(), service: text})

    def delete(self, service: str) -> None:
        entries = self._entries()
        entries.pop(service, None)
        self._keep(entries)

    def invite(self) -> None:
        return None

    def _entries(self) -> dict[str, str]:
        entries: dict[str, str] = json.loads(read_private(self._path) or b"{}")
        return entries

    def _keep(self, entries: dict[str, str]) -> None:
        write_private(self._path, json.dumps(entries).encode())


def keeper(ring: Ring, pause_s: float = 0.02) -> Keeper:
    """A keeper of this ring that tries again soon."""
    return Keeper(lambda: ring, "Test", locked_pause_s=pause_s, failed_pause_s=pause_s)
