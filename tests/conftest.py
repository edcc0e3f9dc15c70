"""Fixtures for every room, and the guard that keeps tests on this machine."""

import ipaddress
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.harness import Running, running
from tray_app.practice import PracticeSite

# No test may touch the keyring of whoever runs it; some bring one of their own.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/portico-tests"
os.environ.pop("XDG_RUNTIME_DIR", None)

settings.register_profile("fast", deadline=None, max_examples=100)
settings.register_profile("deep", deadline=None, max_examples=5000)
settings.load_profile("fast")


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test tried to leave this machine for {host}")


sys.addaudithook(_stay_here)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name the heavy groups that were left out, and how to run them."""
    for line in config.getini("markers"):
        name, _, what = line.partition(": ")
        if f"not {name}" in config.option.markexpr:
            terminalreporter.write_line(f"not run: {name} ({what}). Run it: pytest -m {name}")


@pytest.fixture
def site() -> Iterator[PracticeSite]:
    """A practice site that answers at once."""
    practice = PracticeSite(pace_s=0.0)
    practice.start()
    yield practice
    practice.stop()


@pytest.fixture
def proxy(site: PracticeSite) -> Iterator[Running]:
    """A proxy in front of `site`, signed in."""
    with running(site) as started:
        yield started
