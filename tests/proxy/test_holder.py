"""Who holds a port: R44."""

import os
import socket
import sys

import pytest

from tray_app.proxy.holder import holder_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_program_that_listens_is_found(host: str) -> None:
    """R44"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as held:
        port = held.getsockname()[1]

        assert holder_of(host, port).endswith(f", process {os.getpid()}")
        assert holder_of("127.0.0.9", port) == ""
    assert holder_of(host, port) == ""


@pytest.mark.parametrize(("wide", "family"), [("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)])
def test_who_listens_everywhere_listens_here(wide: str, family: socket.AddressFamily) -> None:
    with socket.create_server((wide, 0), family=family) as held:
        assert str(os.getpid()) in holder_of("127.0.0.1", held.getsockname()[1])


def test_a_name_is_shown_without_what_cannot_be_shown() -> None:
    code = "\x1b[31m\n(x) y"
    with socket.create_server(("127.0.0.1", 0)) as held, open("/proc/self/comm", "r+") as name:  # noqa: PTH123
        before = name.read()
        try:
            name.write(code)
            name.flush()
            told = holder_of("127.0.0.1", held.getsockname()[1])
        finally:
            name.write(before)

    assert told == f"[31m(x) y, process {os.getpid()}"
