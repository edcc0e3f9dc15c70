"""The product as people start it: how soon it is ready, and what it costs while nobody asks."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from .children import ROOT, Gauge
from .load import Target, ask_once, chat
from .streams import COMPLETIONS


@dataclass(frozen=True)
class Ready:
    """Starts, in their medians."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Idle:
    """After one chat."""

    pss_mb: float | None
    cpu_ms_per_s: float
    wakes_per_s: float | None
    chat_bytes: int


@dataclass(frozen=True)
class _Running:
    gauge: Gauge
    ready_ms: float
    cpu_ms: float
    port: int
    environ: dict[str, str]


@contextlib.contextmanager
def _portico(*more: str) -> Iterator[_Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "PORTICO_HOME": home}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        start_s = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "tray_app", "--headless", "--port", str(port), *more],
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


def ready(times: int) -> Ready:
    """Start it again and again."""
    wall_ms, cpu_ms = [], []
    for _ in range(times):
        with _portico("--practice") as running:
            wall_ms.append(running.ready_ms)
            cpu_ms.append(running.cpu_ms)
    return Ready(median(wall_ms), median(cpu_ms))


def bare_mb() -> float | None:
    """Its memory without the practice site, before anything was asked."""
    with _portico() as running:
        time.sleep(0.5)
        return running.gauge.pss_mb()


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
        time.sleep(1.0)
        gauge = running.gauge
        cpu_s, wakes = gauge.cpu_s(), gauge.wakes()
        time.sleep(watch_s)
        spent_s, woken = gauge.cpu_s() - cpu_s, gauge.wakes()
        return Idle(
            pss_mb=gauge.pss_mb(),
            cpu_ms_per_s=spent_s * 1000 / watch_s,
            wakes_per_s=None if wakes is None or woken is None else (woken - wakes) / watch_s,
            chat_bytes=len(answer) if b"[DONE]" in answer else 0,
        )
