"""Errors of the HTTP library, all of them."""

import errno

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from tray_app.core.errors import NO_ROOM, Kind
from tray_app.proxy.foreign import mapped


def test_every_error_of_the_http_library_becomes_ours() -> None:
    """A new class of the library cannot slip by."""
    kinds = [
        kind
        for name in dir(aiohttp)
        if isinstance(kind := getattr(aiohttp, name), type)
        and issubclass(kind, aiohttp.ClientError)
    ]
    for kind in kinds:
        error = mapped(kind.__new__(kind))
        assert error is not None, kind
        assert error.kind.value.startswith("upstream_")
    assert mapped(ValueError()) is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_lack_of_descriptors_is_no_fault_of_the_way_to_the_site(number: int) -> None:
    """R67"""
    key = ConnectionKey("a.example", 443, True, True, None, None, None)
    for error in (OSError(number, "x"), aiohttp.ClientConnectorError(key, OSError(number, "x"))):
        found = mapped(error)
        assert found is not None
        assert (found.kind, found.copy().row) == (Kind.QUEUE_FULL, NO_ROOM)
        assert (NO_ROOM.status, NO_ROOM.type, found.wait_s) == (503, "server_error", 10)
        assert "no more connections" in found.text
