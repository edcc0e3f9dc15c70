"""One aligned table."""

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp

from tray_app import __version__

_HEAD = ("", "Portico", "relay", "ratio", "target", "")


@dataclass(frozen=True)
class Row:
    """A line of the table; what was not measured stays empty."""

    what: str
    portico: float | None
    unit: str
    relay: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The line in words."""
        return (
            self.what,
            "-" if self.portico is None else f"{_number(self.portico)} {self.unit}",
            "" if self.relay is None else f"{_number(self.relay)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self.target,
            "" if self.met is None else "met" if self.met else "MISSED",
        )


def beside(
    what: str,
    unit: str,
    portico: float,
    relay: float,
    most: float | None = None,
    ratio: float | None = None,
) -> Row:
    """A line that compares; `most` is the target of the ratio, which may be known better."""
    if ratio is None and relay:
        ratio = portico / relay
    return Row(
        what,
        portico,
        unit,
        relay,
        ratio,
        "" if most is None else f"ratio <= {most:g}",
        None if most is None or ratio is None else ratio <= most,
    )


def alone(what: str, unit: str, value: float | None, most: float | None = None) -> Row:
    """A line of Portico's alone, with its target."""
    target = "" if most is None else f"<= {most:g} {unit}"
    return Row(what, value, unit, None, None, target, _holds(value, most))


def growing(what: str, few: float, many: float, most: float, most_ratio: float) -> list[Row]:
    """Lines of one cost with few and with many events."""
    ratio = many / few
    return [
        alone(f"{what}, 1,000 events", "µs", few, most),
        Row(
            f"{what}, 16,000 events", many, "µs", None, ratio,
            f"growth <= {most_ratio:g}", ratio <= most_ratio,
        ),
    ]  # fmt: skip


def _holds(value: float | None, most: float | None) -> bool | None:
    return None if value is None or most is None else value <= most


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def title() -> str:
    """When and on what this was measured."""
    return (
        f"Portico {__version__}, {time.strftime('%Y-%m-%d %H:%M %z')}, "
        f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    )


def table(rows: Iterable[Row]) -> str:
    """The lines under each other, numbers to the right."""
    cells = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in {1, 2, 3} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
