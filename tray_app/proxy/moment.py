"""The present moment, as a value that pure rooms may be given, and jumps in time."""

import time
import uuid
from collections.abc import Callable
from functools import lru_cache

from tray_app.core.calls import Stamp

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip

JUMP_S = 30.0
"""Two clocks that part by more than this were not slow: one of them stood still or was set."""


class Clocks:
    """Notices that this computer slept, or that somebody set its clock.

    Args:
        wall_clock: Unix seconds.
        clock: Monotonic seconds.
    """

    def __init__(self, wall_clock: Callable[[], float], clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._clock = clock
        self._apart_s: float | None = None

    def _now_apart_s(self) -> float:
        return self._wall_clock() - self._clock()

    def note(self) -> None:
        """Compare with this moment from now on."""
        self._apart_s = self._now_apart_s()

    @property
    def have_parted(self) -> bool:
        """Whether time jumped since the moment that was noted; the first look notes one."""
        if self._apart_s is None:
            self.note()
            return False
        return abs(self._now_apart_s() - self._apart_s) > JUMP_S


def stamp() -> Stamp:
    """Now, with a maker of ids; names of days and months are English whatever the locale."""
    now_s = time.time()
    local, timezone = _told(int(now_s))
    return Stamp(now_s=now_s, new_id=new_id, timezone=timezone, local=local)


@lru_cache(maxsize=1)
def _told(second: int) -> tuple[str, str]:
    """A second of this computer's clock in words, and its time zone; one request asks often."""
    local = time.localtime(second)
    minutes = local.tm_gmtoff // 60
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    day = f"{_DAYS[local.tm_wday]} {_MONTHS[local.tm_mon - 1]} {local.tm_mday:02d}"
    clock = f"{local.tm_hour:02d}:{local.tm_min:02d}:{local.tm_sec:02d}"
    return f"{day} {local.tm_year} {clock}", f"GMT{sign}{hours:02d}{rest:02d}"


def new_id() -> str:
    """A fresh random UUID."""
    return str(uuid.uuid4())
