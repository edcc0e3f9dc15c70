"""When the program started itself anew, on the disk, so that it does not do so for ever."""

from pathlib import Path

import msgspec

from .files import StoreError, read_private, write_private

RESTARTS = 3
"""So many within `WITHIN_S` are allowed."""
WITHIN_S = 600.0


def note_restart(path: Path, now_s: float) -> bool:
    """Note a restart that is about to be; returns False where there must be none.

    Args:
        path: The file of the restarts.
        now_s: Unix seconds.
    """
    lately = _since(path, now_s, WITHIN_S)
    if len(lately) >= RESTARTS:
        return False
    try:
        write_private(path, msgspec.json.encode([*lately, now_s]))
    except (OSError, StoreError):
        # One that cannot be counted could go on for ever.
        return False
    return True


def restarted_within(path: Path, now_s: float, within_s: float) -> bool:
    """Whether the program started itself anew that lately."""
    return bool(_since(path, now_s, within_s))


def _since(path: Path, now_s: float, within_s: float) -> list[float]:
    """The restarts of this time; those of a clock that was ahead are none."""
    try:
        times = msgspec.json.decode(read_private(path) or b"[]", type=list[float])
    except (OSError, StoreError, msgspec.DecodeError):
        return []
    return [time_s for time_s in times if now_s - within_s < time_s <= now_s]
