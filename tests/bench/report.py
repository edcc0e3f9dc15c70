"""One table: aligned for a terminal, or as Markdown."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from tray_app import __version__

from .ring import Compared

_HEAD = ("", "Portico", "relay", "direct", "ratio", "target", "")
_NUMBERS = frozenset({1, 2, 3, 4})


@dataclass(frozen=True)
class Row:
    """A line of the table; what was not measured stays empty."""

    what: str
    unit: str
    portico: float | None
    relay: float | None = None
    direct: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The line in words."""
        return (
            self.what,
            self._told(self.portico) or "-",
            self._told(self.relay),
            self._told(self.direct),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self.target,
            "" if self.met is None else "met" if self.met else "MISSED",
        )

    def _told(self, value: float | None) -> str:
        return "" if value is None else f"{_number(value)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Target:
    """What must hold: a cost at most, a ratio at most, or either of both."""

    most: float | None = None
    ratio: float | None = None
    either: bool = False

    def words(self, unit: str) -> str:
        """It, as the table says it."""
        most = [] if self.most is None else [f"<= {self.most:g} {unit}".rstrip()]
        ratio = [] if self.ratio is None else [f"ratio <= {self.ratio:g}"]
        return (" or " if self.either else ", ").join(most + ratio)

    def holds(self, value: float | None, ratio: float | None) -> bool | None:
        """Whether it was met; None where that is not known."""
        pairs = ((value, self.most), (ratio, self.ratio))
        found = [got <= most for got, most in pairs if got is not None and most is not None]
        if not found:
            return None
        return any(found) if self.either else all(found)


NONE = Target()


def beside(
    what: str, unit: str, both: Compared, target: Target = NONE, direct: float | None = None
) -> Row:
    """A line that compares Portico and the relay."""
    met = target.holds(both.portico, both.ratio)
    words = target.words(unit)
    return Row(what, unit, both.portico, both.relay, direct, both.ratio, words, met)


def alone(
    what: str, unit: str, value: float | None, most: float | None = None, relay: float | None = None
) -> Row:
    """A line with a target for Portico itself, whatever the relay has."""
    target = Target(most)
    ratio = value / relay if value is not None and relay else None
    met = target.holds(value, None)
    return Row(what, unit, value, relay, ratio=ratio, target=target.words(unit), met=met)


def growing(what: str, us: float, growth: float, target: Target) -> Row:
    """A line of one cost with few events, whose ratio is that of its growth with many."""
    words = target.words("µs").replace("ratio", "growth")
    return Row(what, "µs", us, ratio=growth, target=words, met=target.holds(us, growth))


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 100:
        return f"{value:.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def title() -> str:
    """When and on what this was measured."""
    return (
        f"Portico {__version__}, {time.strftime('%Y-%m-%d %H:%M %z')}, "
        f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    )


def table(rows: Sequence[Row]) -> str:
    """The lines under each other, numbers to the right."""
    cells = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def markdown(rows: Sequence[Row]) -> str:
    """The same as Markdown."""
    rule = tuple("---:" if column in _NUMBERS else "---" for column in range(len(_HEAD)))
    lines = [_HEAD, rule, *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
