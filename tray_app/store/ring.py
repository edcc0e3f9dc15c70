"""The system's keyring, chosen by class and asked one thing at a time.

The class is ours to choose: a variable or a file of the keyring library may name another store,
even one that drops everything or keeps it in plain text. Libraries are imported when a keyring is
opened, because they cost 0.3 s of CPU (measured: 2026-11-20).
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any, Protocol

USER = "portico"
"""One user name and a service string for each secret: on Windows a second user name under one
service would rename the first (seen: keyring 25.7.0)."""
_NO_SERVICE = "This session has no keyring (Secret Service)."
_WINDOWS_UNITS = 1200
"""An entry holds 2,560 bytes of UTF-16 there, and the library adds a little of its own."""


class RingError(Exception):
    """The keyring did not do what was asked; its text is a sentence for people."""


class RingAbsentError(RingError):
    """There is no keyring here, and waiting will not bring one."""


class RingLockedError(RingError):
    """The keyring is locked until a person opens it."""


class Ring(Protocol):
    """A keyring: texts by service string. Every method may block, and raises `RingError`."""

    name: str
    part_units: int | None
    """How many UTF-16 units an entry holds; None where that is no concern."""

    def check(self) -> None:
        """Return if it can be used now, without opening any window."""

    def get(self, service: str) -> str | None:
        """The text of an entry, None where there is none."""

    def set(self, service: str, text: str) -> None:
        """Write an entry."""

    def delete(self, service: str) -> None:
        """Remove an entry if it is there."""

    def invite(self) -> None:
        """Have the system ask the person to unlock it; returns at once."""


class KeyringRing:
    """A backend of the keyring library that needs no unlocking by us."""

    def __init__(self, backend: Any, name: str, part_units: int | None = None) -> None:
        self._backend = backend
        self.name = name
        self.part_units = part_units

    def check(self) -> None:
        return None

    def get(self, service: str) -> str | None:
        text: str | None = self._asked(self._backend.get_password, service, USER)
        return text

    def set(self, service: str, text: str) -> None:
        self._asked(self._backend.set_password, service, USER, text)

    def delete(self, service: str) -> None:
        from keyring.errors import PasswordDeleteError

        try:
            self._asked(self._backend.delete_password, service, USER)
        except RingError as error:
            if not isinstance(error.__cause__, PasswordDeleteError):
                raise

    def invite(self) -> None:
        return None

    def _asked(self, do: Any, *arguments: str) -> Any:
        """Do one thing; the library's errors, and whatever its backends let through, are ours."""
        from keyring.errors import InitError, KeyringLocked, NoKeyringError

        try:
            return do(*arguments)
        except (KeyringLocked, InitError) as error:
            raise RingLockedError(f"{self.name} is locked.") from error
        except NoKeyringError as error:
            raise RingAbsentError("This system has no keyring.") from error
        except Exception as error:  # whatever a backend raises
            raise RingError(f"{self.name} failed ({type(error).__name__}).") from error


class SecretServiceRing(KeyringRing):
    """The Secret Service of a Linux desktop: its default collection.

    A call on a locked collection would open a window and wait for it without limit, so it is asked
    first whether it is locked (measured: 2026-11-20, 3 to 8 ms).
    """

    _DEFAULT = "/org/freedesktop/secrets/aliases/default"

    def __init__(self) -> None:
        if not _has_session_bus():
            raise RingAbsentError(_NO_SERVICE)
        from keyring.backends import SecretService

        backend: Any = SecretService.Keyring
        super().__init__(backend(), "The keyring (Secret Service)")
        self._inviting: threading.Thread | None = None

    def check(self) -> None:
        if self._with_collection(lambda collection: collection.is_locked()):
            raise RingLockedError("The keyring is locked.")

    def invite(self) -> None:
        # Whoever asks waits for the answer, which may never come; the answer itself is of no
        # interest, since `check` will see what came of it.
        if self._inviting is None or not self._inviting.is_alive():
            self._inviting = threading.Thread(target=self._invite, name="unlock", daemon=True)
            self._inviting.start()

    def _invite(self) -> None:
        try:
            self._with_collection(lambda collection: collection.unlock())
        except RingError:
            return

    def _with_collection(self, do: Any) -> Any:
        import secretstorage
        from secretstorage.exceptions import (
            ItemNotFoundException,
            SecretServiceNotAvailableException,
        )

        try:
            connection = secretstorage.dbus_init()
            try:
                return do(secretstorage.Collection(connection, self._DEFAULT))
            finally:
                connection.close()
        except (SecretServiceNotAvailableException, OSError) as error:
            raise RingAbsentError(_NO_SERVICE) from error
        except ItemNotFoundException as error:
            raise RingAbsentError("The keyring of this system has not been set up.") from error
        except Exception as error:  # whatever the bus raises
            raise RingError(f"{self.name} failed ({type(error).__name__}).") from error


def _has_session_bus() -> bool:
    """Whether there may be a session bus, which a server has none of; this costs no import."""
    # Where a login set no variable, the bus of the user's systemd is at a known place.
    usual = Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere")) / "bus"
    if usual.exists():
        os.environ.setdefault("DBUS_SESSION_BUS_ADDRESS", f"unix:path={usual}")
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    path = address.removeprefix("unix:path=").partition(",")[0]
    return bool(address) and (path == address or Path(path).exists())


def open_ring() -> Ring:
    """The keyring of this system; raises `RingAbsentError` where there is none."""
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            return _macos()
        return SecretServiceRing()
    except ImportError as error:
        raise RingAbsentError(f"The keyring cannot be used ({error.name} is missing).") from error


def _windows() -> Ring:
    """The Credential Manager (not run here); entries stay on this machine and do not roam."""
    from keyring.backends import Windows

    made: Any = Windows.WinVaultKeyring
    backend = made()
    backend.persist = "local machine"
    return KeyringRing(backend, "The Credential Manager", _WINDOWS_UNITS)


def _macos() -> Ring:
    """The login keychain (not run here)."""
    from keyring.backends import macOS

    backend: Any = macOS.Keyring
    return KeyringRing(backend(), "The keychain")
