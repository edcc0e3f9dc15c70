"""The system's keyring, chosen by class; Windows and macOS by their own rules, not run here."""

import sys
from collections.abc import Callable
from typing import Any

import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

from tests.rings import keeper
from tray_app.store import ring as module
from tray_app.store.ring import KeyringRing, RingAbsentError, RingError, RingLockedError, open_ring

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's")


class Backend:
    """A backend of the library that raises what it is told, and keeps nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_password(self, *_: str) -> str | None:
        raise self._error

    set_password: Any = get_password
    delete_password: Any = get_password


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyringLocked("no"), RingLockedError),
        (InitError("dismissed"), RingLockedError),
        (OSError("odd"), RingError),
        (RuntimeError("odd"), RingError),
    ],
)
def test_errors_of_every_backend_are_ours(error: Exception, kind: type[RingError]) -> None:
    ring = KeyringRing(Backend(error), "The keyring")
    asks: list[Callable[[], object]] = [
        lambda: ring.get("a"),
        lambda: ring.set("a", "b"),
        lambda: ring.delete("a"),
    ]
    for ask in asks:
        with pytest.raises(kind) as caught:
            ask()
        assert str(caught.value).endswith(".")


def test_removing_what_is_not_there_is_no_error() -> None:
    ring = KeyringRing(Backend(PasswordDeleteError("none")), "The keyring")
    ring.check()
    ring.invite()
    ring.delete("a")


def test_a_backend_that_drops_everything_is_found_out() -> None:
    """S111"""
    null: Any = keyring.backends.null.Keyring
    kept = keeper(KeyringRing(null(), "The keyring"))
    with pytest.raises(RingError, match="did not keep"):
        kept.save("session", "one").result(5)


def test_a_backend_that_has_no_store_is_absent() -> None:
    """S111"""
    fail: Any = keyring.backends.fail.Keyring
    with pytest.raises(RingAbsentError):
        keeper(KeyringRing(fail(), "The keyring")).save("session", "one").result(5)


@LINUX
def test_no_variable_chooses_another_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """S111"""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=portico-nobody")
    ring = open_ring()

    assert isinstance(ring, module.SecretServiceRing)
    with pytest.raises(RingAbsentError, match="no keyring"):
        ring.check()


@LINUX
@pytest.mark.parametrize(
    "address", [None, "unix:path=/nonexistent/bus", "tcp:host=127.0.0.1,port=1"]
)
def test_a_session_without_a_bus_has_no_keyring(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R64"""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    with pytest.raises(RingError):
        open_ring().check()
