"""Processes of the benchmark, and what the system says that they cost."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
SOURCE = (sys.executable, "-m", "tray_app")
"""What starts the product out of the checkout."""


class Gauge:
    """What a process used so far."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._pid = pid

    def cpu_s(self) -> float:
        """CPU time of all its threads: by the nanosecond on Linux, elsewhere by the tick."""
        try:
            told = [(task / "schedstat").read_text() for task in self._tasks()]
        except OSError:
            told = []
        if told:
            return sum(int(line.split()[0]) for line in told) / 1e9
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def pss_mb(self) -> float | None:
        """Its memory, shared pages in parts; None where the system does not say."""
        pss = getattr(self._process.memory_full_info(), "pss", None)
        return None if pss is None else pss / 1e6

    def wakes(self) -> int | None:
        """How often one of its threads began to wait; None where the system does not say."""
        return sum(self.wakes_by_thread().values()) or None

    def wakes_by_thread(self) -> dict[str, int]:
        """The same for each thread by its number; nothing where the system does not say."""
        found = {}
        for task in self._tasks():
            for line in (task / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    found[task.name] = int(line.split()[1])
        return found

    def _tasks(self) -> list[Path]:
        """Its threads, where the system shows them as folders."""
        folder = Path(f"/proc/{self._pid}/task")
        return list(folder.iterdir()) if folder.is_dir() else []


class Child:
    """A module of this package, running; a context that ends it.

    Args:
        module: Its name.
        told: The first line on its stdin.
        environ: Beside what there is in the environment.
    """

    def __init__(
        self, module: str, told: Mapping[str, object], environ: Mapping[str, str] | None = None
    ) -> None:
        self.module = module
        start_s = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{module}"],
            cwd=ROOT,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.gauge = Gauge(self._process.pid)
        self.pid = self._process.pid
        self.hello: dict[str, Any] = self.tell(told)
        self.start_ms = (time.perf_counter() - start_s) * 1000
        self.start_cpu_ms = self.gauge.cpu_s() * 1000

    def tell(self, message: Mapping[str, object]) -> dict[str, Any]:
        """Send a line; returns the line that answers it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"tests.bench.{self.module} ended"
        found: dict[str, Any] = json.loads(line)
        return found

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
