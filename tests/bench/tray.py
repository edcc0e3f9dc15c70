"""The tray as people start it: how soon its icon is there and it serves, and what it costs then.

The panel is a stand-in on a bus of its own, which takes the icon's registration and asks nothing.
"""

import asyncio
import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from dbus_fast import PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from tests.desktop.buses import private_bus
from tests.desktop.remote import Remote
from tests.ports import free_port

from .children import ROOT, SOURCE, Gauge

_WATCHER = "org.kde.StatusNotifierWatcher"
_WITHIN_S = 20.0


@dataclass(frozen=True)
class TrayCost:
    """Starts in their medians, and one that is left alone."""

    icon_ms: float
    serving_ms: float
    pss_mb: float | None
    bare_mb: float | None
    """Without the practice site, which shares the process."""
    cpu_ms_per_s: float
    wakes_per_s: float | None
    menu_ms: float
    """The slowest of some openings of the menu."""


class _Panel(ServiceInterface):
    """Takes every icon."""

    def __init__(self) -> None:
        super().__init__(_WATCHER)
        self.came = threading.Event()
        self.item = ""

    @dbus_property(PropertyAccess.READ, "IsStatusNotifierHostRegistered")
    def has_host(self) -> DBusBool:
        return True

    @dbus_method("RegisterStatusNotifierItem")
    def register(self, name: DBusStr) -> None:
        self.item = name
        self.came.set()


@contextlib.contextmanager
def _panel(address: str) -> Iterator[_Panel]:
    """The stand-in, in a thread of its own."""
    panel, loop = _Panel(), asyncio.new_event_loop()
    over, there = asyncio.Event(), threading.Event()

    async def live() -> None:
        bus = await MessageBus(address).connect()
        bus.export("/StatusNotifierWatcher", panel)
        await bus.request_name(_WATCHER)
        there.set()
        await over.wait()
        bus.disconnect()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert there.wait(_WITHIN_S)
    try:
        yield panel
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@dataclass(frozen=True)
class _Started:
    gauge: Gauge
    icon_ms: float
    serving_ms: float
    menu: Remote


@contextlib.contextmanager
def _tray(*more: str, program: Sequence[str] = SOURCE) -> Iterator[_Started]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, private_bus(Path(folder)) as address:
        environ = {
            **os.environ,
            "PORTICO_HOME": str(Path(folder, "portico")),
            "DBUS_SESSION_BUS_ADDRESS": address,
            "DISPLAY": ":4711",
        }
        with _panel(address) as panel:
            start_s = time.perf_counter()
            with subprocess.Popen(
                [*program, "--port", str(port), *more],
                cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                try:
                    assert panel.came.wait(_WITHIN_S)
                    icon_ms = (time.perf_counter() - start_s) * 1000
                    _until_healthy(port)
                    serving_ms = (time.perf_counter() - start_s) * 1000
                    menu = Remote(address, process.pid, panel.item)
                    yield _Started(Gauge(process.pid), icon_ms, serving_ms, menu)
                finally:
                    process.send_signal(signal.SIGTERM)


def _until_healthy(port: int) -> None:
    end_s = time.monotonic() + _WITHIN_S
    while time.monotonic() < end_s:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/health")
            connection.getresponse().read()
            return
        time.sleep(0.002)
    raise TimeoutError


def starts(times: int, program: Sequence[str] = SOURCE) -> tuple[float, float]:
    """How long the icon and the first answer take, in ms; medians."""
    icon_ms, serving_ms = [], []
    for _ in range(times):
        with _tray("--practice", program=program) as started:
            icon_ms.append(started.icon_ms)
            serving_ms.append(started.serving_ms)
    return median(icon_ms), median(serving_ms)


def measure(times: int, watch_s: float) -> TrayCost | None:
    """Start it again and again, and watch one doing nothing; None where there is no bus to have."""
    if shutil.which("dbus-daemon") is None:
        return None
    icon_ms, serving_ms = starts(times)
    with _tray() as started:
        time.sleep(1.0)
        bare_mb = started.gauge.pss_mb()
    with _tray("--practice") as started:
        menu_ms = max(started.menu.times_to_open(20)) * 1000
        time.sleep(1.5)
        gauge = started.gauge
        cpu_s, wakes = gauge.cpu_s(), gauge.wakes()
        time.sleep(watch_s)
        spent_s, woken = gauge.cpu_s() - cpu_s, gauge.wakes()
        return TrayCost(
            icon_ms=icon_ms,
            serving_ms=serving_ms,
            pss_mb=gauge.pss_mb(),
            bare_mb=bare_mb,
            cpu_ms_per_s=spent_s * 1000 / watch_s,
            wakes_per_s=None if wakes is None or woken is None else (woken - wakes) / watch_s,
            menu_ms=menu_ms,
        )
