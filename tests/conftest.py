"""Fixtures for every room, and the guard that keeps tests on this machine."""

import gc
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from tests.harness import QUICK, Running, running
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits
from tray_app.proxy.memory import stay_small

# No test may touch the keyring of whoever runs it; some bring one of their own.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/portico-tests"
os.environ.pop("XDG_RUNTIME_DIR", None)

# What a shell runs in the background ignores Ctrl+C, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A run is to tell of the change, not of chance or a busy machine; `deep` goes and looks further.
settings.register_profile(
    "fast",
    deadline=None,
    max_examples=100,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", deadline=None, max_examples=5000, derandomize=False)
settings.load_profile("fast")


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    sock, address = arguments
    # A datagram socket sends nothing when it is connected: it only learns from where it would.
    if isinstance(address, tuple) and sock.type != socket.SOCK_DGRAM:
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test tried to leave this machine for {host}")


sys.addaudithook(_stay_here)


def pytest_collection_finish() -> None:
    """Set the tests themselves apart, and treat memory as the program does from its start on.

    Collections of rubbish would look through all tests there are.
    """
    stay_small()
    gc.freeze()


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
    """A proxy in front of `site`, signed in, whose time goes fast."""
    # A busy machine takes its time to connect, to send and to take all the same.
    patient = msgspec.structs.replace(QUICK, connect_timeout_s=60.0)
    limits = Limits(
        sweep_again_s=5.0, headers_s=60.0, body_s=600.0, body_grace_s=600.0, upload_stall_s=300.0,
        fetch_s=200.0, media_s=600.0, media_stall_s=150.0, linger_s=30.0, last_words_s=30.0,
        commit_s=60.0,
    )  # fmt: skip
    with running(site, hurry=10.0, settings=patient, limits=limits) as started:
        yield started


@pytest.fixture
def calm(site: PracticeSite) -> Iterator[Running]:
    """The same, in whose time things really may take as long as they do."""
    with running(site) as started:
        yield started
