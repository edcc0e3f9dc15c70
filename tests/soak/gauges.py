"""What the process of the proxy takes, over time, and whether that grows."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from tests.bench.children import Gauge

_BUCKET_S = 30.0
_MIB = 1 << 20


@dataclass(frozen=True)
class Sample:
    """What it took at one moment."""

    at_s: float
    rss_mib: float
    pss_mib: float | None
    descriptors: int


@dataclass(frozen=True)
class Slope:
    """A straight line through samples, by least squares."""

    mib_per_h: float
    error_mib_per_h: float
    """The standard error of that."""

    @property
    def at_least(self) -> float:
        """What it surely grows, as far as its scatter lets one say (two standard errors)."""
        return self.mib_per_h - 2 * self.error_mib_per_h


@dataclass
class Watch:
    """The samples of one process."""

    pid: int
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process, self._gauge = psutil.Process(self.pid), Gauge(self.pid)

    def look(self, at_s: float) -> None:
        """Take one more sample."""
        pss = self._gauge.pss_mb()
        descriptors = self._process.num_fds()
        rss = self._process.memory_info().rss / _MIB
        told = None if pss is None else pss * 1e6 / _MIB
        self.samples.append(Sample(at_s, rss, told, descriptors))

    def cpu_s(self) -> float:
        """CPU time so far."""
        return self._gauge.cpu_s()


def lows(samples: Sequence[Sample], name: str) -> list[tuple[float, float]]:
    """The least of every half minute: what is held between answers, not what an answer takes."""
    least: dict[int, tuple[float, float]] = {}
    for sample in samples:
        value = getattr(sample, name)
        bucket = int(sample.at_s // _BUCKET_S)
        if value is not None and value < least.get(bucket, (0.0, float("inf")))[1]:
            least[bucket] = (sample.at_s, value)
    return list(least.values())


def slope(points: Sequence[tuple[float, float]]) -> Slope | None:
    """How fast a value grows, from seconds and MiB; None where there are too few points."""
    if len(points) < 3:
        return None
    hours, values = [at_s / 3600 for at_s, _ in points], [value for _, value in points]
    line = statistics.linear_regression(hours, values)
    middle = statistics.fmean(hours)
    spread = sum((hour - middle) ** 2 for hour in hours)
    off = sum(
        (value - line.slope * hour - line.intercept) ** 2
        for hour, value in zip(hours, values, strict=True)
    )
    return Slope(line.slope, (off / (len(points) - 2) / spread) ** 0.5)
