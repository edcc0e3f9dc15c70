"""The same streams by the window's page and by our own connection, side by side in one run.

Every event says when it was sent, so that its delay is known to whoever reads it. The window is the
real one, on a screen of its own, hidden; where there is no engine or no screen nothing is measured.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import psutil

from tests.desktop.screen import screen_in
from tray_app.compose import practice_site
from tray_app.core.calls import Call
from tray_app.desktop.site_keeper import WindowPlan
from tray_app.desktop.site_window import SiteWindow
from tray_app.practice import PracticeSite
from tray_app.practice.acts import Scene
from tray_app.practice.http import chunk, head
from tray_app.proxy.limits import Limits
from tray_app.proxy.moment import Clocks
from tray_app.proxy.page import PageTransport
from tray_app.proxy.transport import DirectTransport, Transport
from tray_app.upstreams.qwen import QWEN

from .children import Gauge

_TOOLS = ("Xvfb", "dbus-daemon", "openbox", "xdotool", "xprop", "import")
_CALL = Call("POST", "/api/v2/chat/completions?chat_id=none", body=b"{}", streams=True)
_QUIET_S = 0.05
_RENEWS_S = 17.0
"""So long a page that was loaded is looked at, since it may be renewing its session."""
_IDLE_S = 3.0
"""The shortest time in which something can be said of a second."""
_MARK = b"data: "
_LIMITS = Limits()


@dataclass(frozen=True)
class Way:
    """What one transport took."""

    first_ms: float
    event_ms: float
    late_ms: float
    """That of the events of which 19 of 20 come sooner."""
    events_per_s: float


@dataclass(frozen=True)
class PageCost:
    """Both, and what the window does while nobody asks it anything."""

    page: Way
    direct: Way
    idle_wakes_per_s: float | None
    idle_cpu_ms_per_s: float


@dataclass(frozen=True)
class Stamped:
    """So many events, each of which says when it was sent."""

    events: int
    interval_s: float = 0.0

    async def play(self, scene: Scene) -> None:
        """Send them."""
        wire = scene.wire
        chunked = ("Transfer-Encoding", "chunked")
        wire.send(head(200, [("Content-Type", "text/event-stream"), chunked]))
        for _ in range(self.events):
            wire.send(chunk(b"%s%017.6f words of a benchmark\n\n" % (_MARK, time.perf_counter())))
            if self.interval_s:
                await asyncio.sleep(self.interval_s)
        wire.send(chunk(b""))
        await wire.flush()


@dataclass(frozen=True)
class Heard:
    """One answer."""

    delays_s: list[float]
    first_s: float
    """From asking to the first event."""
    took_s: float


async def hear(transport: Transport) -> Heard:
    """Read one answer to its end."""
    began_s = time.perf_counter()
    delays: list[float] = []
    first_s = 0.0
    left = b""
    async with transport.open(_CALL, None) as body:
        while data := await body.read():
            now_s = time.perf_counter()
            first_s = first_s or now_s - began_s
            *events, left = (left + data).split(b"\n\n")
            delays += [now_s - float(one[len(_MARK) :][:17]) for one in events]
    return Heard(delays, first_s, time.perf_counter() - began_s)


async def _measured(site: PracticeSite, transports: list[Transport], trips: int) -> list[Way]:
    """What each of them took; they take turns."""
    firsts: list[list[float]] = [[] for _ in transports]
    for _ in range(trips):
        for found, transport in zip(firsts, transports, strict=True):
            site.will(Stamped(1))
            found.append((await hear(transport)).first_s)
            await asyncio.sleep(_QUIET_S)
    ways = []
    for found, transport in zip(firsts, transports, strict=True):
        site.will(Stamped(trips * 10, 0.02))
        paced = (await hear(transport)).delays_s
        site.will(Stamped(trips * 500))
        burst = await hear(transport)
        assert (len(paced), len(burst.delays_s)) == (trips * 10, trips * 500)
        late = quantiles(paced, n=20)[-1]
        rate = len(burst.delays_s) / burst.took_s
        ways.append(Way(median(found) * 1e3, median(paced) * 1e3, late * 1e3, rate))
    return ways


class _Nobody:
    """Whom no check is handed to: there are none here."""

    is_asking = is_left_alone = sees_check = False


@asynccontextmanager
async def _window(site: PracticeSite, profile: Path) -> AsyncIterator[SiteWindow]:
    place = practice_site(site.origin, site.auth_origin)
    window = SiteWindow(WindowPlan(place, profile, lambda _: "Benchmark", lambda: 600.0))
    window.begin()
    try:
        yield window
    finally:
        await window.end()


async def _compared(site: PracticeSite, profile: Path, trips: int, idle_s: float) -> PageCost:
    place = practice_site(site.origin, site.auth_origin)
    clocks = Clocks(time.time, time.monotonic)
    direct = DirectTransport(place, QWEN, lambda: _LIMITS, clocks)
    async with _window(site, profile) as window:
        page = PageTransport(window, place, QWEN, lambda: _LIMITS, _Nobody, time.monotonic)
        try:
            for transport in (page, direct):
                site.will(Stamped(10))
                await hear(transport)
            ways = await _measured(site, [page, direct], trips)
            await asyncio.sleep(_RENEWS_S)
            wakes, cpu_ms = await _idle(max(idle_s, _IDLE_S))
        finally:
            await direct.close()
    return PageCost(ways[0], ways[1], wakes, cpu_ms)


async def _idle(for_s: float) -> tuple[float | None, float]:
    """Wake-ups and CPU of the window's own process in a second in which nobody asks anything."""
    child = next(one for one in psutil.Process().children() if "site" in one.cmdline())
    gauge = Gauge(child.pid)
    before, cpu_s = gauge.wakes_by_thread(), gauge.cpu_s()
    await asyncio.sleep(for_s)
    # The engine ends threads that it has not used for a while.
    now = gauge.wakes_by_thread()
    wakes = sum(count - before.get(thread, 0) for thread, count in now.items())
    return (wakes / for_s if now else None), max(0.0, gauge.cpu_s() - cpu_s) * 1e3 / for_s


def measure(trips: int, idle_s: float) -> PageCost | None:
    """Measure both ways; None where there is no screen or no engine.

    Args:
        trips: Of ten paced events each, and of five hundred that come at once.
        idle_s: For so long the window is left alone.
    """
    if any(shutil.which(tool) is None for tool in _TOOLS):
        return None
    site = PracticeSite(pace_s=0.0)
    site.start()
    before = dict(os.environ)
    try:
        with tempfile.TemporaryDirectory() as folder, screen_in(Path(folder)) as screen:
            os.environ.update(screen.environment)
            return asyncio.run(_compared(site, Path(folder) / "profile", trips, idle_s))
    finally:
        os.environ.clear()
        os.environ.update(before)
        site.stop()


def added_ms(cost: PageCost, of: Callable[[Way], float]) -> float:
    """What the page takes more."""
    return of(cost.page) - of(cost.direct)
