"""The product as people start it: how soon it is ready, and what it costs while nobody asks."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

from tests.ports import free_port

from .children import ROOT, SOURCE, Child, Gauge
from .load import Target, ask_once, chat
from .ring import COMPLETIONS


@dataclass(frozen=True)
class Ready:
    """Starts, in their medians."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Idle:
    """One that is left alone."""

    pss_mb: float | None
    cpu_ms_per_s: float
    wakes_per_s: float | None
    watched_s: float
    chat_bytes: int = 0


@dataclass(frozen=True)
class Left(Idle):
    """One that is left alone, and how it started."""

    start_ms: float = 0.0
    start_cpu_ms: float = 0.0


@dataclass(frozen=True)
class _Running:
    gauge: Gauge
    ready_ms: float
    cpu_ms: float
    port: int
    environ: dict[str, str]


@contextlib.contextmanager
def _portico(*more: str, program: Sequence[str] = SOURCE) -> Iterator[_Running]:
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "PORTICO_HOME": home}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        start_s = time.perf_counter()
        with subprocess.Popen(
            [*program, "--headless", "--port", str(port), *more],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            ready_ms = (time.perf_counter() - start_s) * 1000
            gauge = Gauge(process.pid)
            cpu_ms = gauge.cpu_s() * 1000
            try:
                assert line.startswith("Portico ready "), line
                yield _Running(gauge, ready_ms, cpu_ms, port, environ)
            finally:
                process.send_signal(signal.SIGTERM)


def ready(times: int, program: Sequence[str] = SOURCE) -> Ready:
    """Start it again and again."""
    wall_ms, cpu_ms = [], []
    for _ in range(times):
        with _portico(program=program) as running:
            wall_ms.append(running.ready_ms)
            cpu_ms.append(running.cpu_ms)
    return Ready(median(wall_ms), median(cpu_ms))


def _watched(gauge: Gauge, watch_s: float) -> Idle:
    """What it costs while nobody asks, once it has settled."""
    time.sleep(1.0)
    cpu_s, wakes = gauge.cpu_s(), gauge.wakes()
    time.sleep(watch_s)
    spent_s, woken = gauge.cpu_s() - cpu_s, gauge.wakes()
    return Idle(
        pss_mb=gauge.pss_mb(),
        cpu_ms_per_s=spent_s * 1000 / watch_s,
        wakes_per_s=None if wakes is None or woken is None else (woken - wakes) / watch_s,
        watched_s=watch_s,
    )


def bare(watch_s: float) -> Idle:
    """Start it without the practice site, and ask it nothing."""
    with _portico() as running:
        return _watched(running.gauge, watch_s)


def relay(child: Child, watch_s: float) -> Left:
    """The same of the relay, which nobody has asked anything yet."""
    found = _watched(child.gauge, watch_s)
    return Left(**asdict(found), start_ms=child.start_ms, start_cpu_ms=child.start_cpu_ms)


def idle(watch_s: float) -> Idle:
    """Start it, chat once, and watch it doing nothing."""
    with _portico("--practice") as running:
        shown = subprocess.run(
            [sys.executable, "-m", "tray_app", "key", "show"],
            cwd=ROOT,
            env=running.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        target = Target(running.port, COMPLETIONS, shown.stdout.split()[-1])
        answer = ask_once(target, chat())
        found = _watched(running.gauge, watch_s)
        return replace(found, chat_bytes=len(answer) if b"[DONE]" in answer else 0)
