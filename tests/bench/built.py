"""The built app, where `.ci/package` has left one: its size, and how soon it is there."""

import shutil

from . import startup, tray
from .children import ROOT
from .report import Row, alone

READY_MS, ICON_MS, SIZE_MB = 800.0, 500.0, 60.0
_PROGRAM = ROOT / "dist" / "portico" / "portico"


def rows(times: int) -> list[Row]:
    """Its rows of the table; none where nothing was built."""
    if not _PROGRAM.exists():
        return []
    program = (str(_PROGRAM),)
    files = (path for path in _PROGRAM.parent.rglob("*") if not path.is_symlink())
    size_mb = sum(path.stat().st_size for path in files if path.is_file()) / 1e6
    found = [
        alone("built: size unpacked", "MB", size_mb, SIZE_MB),
        alone(
            "built: start to the ready line", "ms", startup.ready(times, program).wall_ms, READY_MS
        ),
    ]
    if shutil.which("dbus-daemon"):
        icon_ms, serving_ms = tray.starts(times, program)
        found.append(alone("built: start to the icon", "ms", icon_ms, ICON_MS))
        found.append(alone("built: start of the tray to the first answer", "ms", serving_ms))
    return found
