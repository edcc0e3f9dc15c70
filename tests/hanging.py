"""Portico in the foreground, whose proxy hangs in mid-answer when a file says so."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from tray_app import headless
from tray_app.__main__ import main
from tray_app.compose import Composed, compose
from tray_app.proxy.limits import Limits

LIMIT_S = 2.0
FLAG = Path(os.environ.get("PORTICO_HOME", "")) / "hang"


def hang_here(canary: str) -> float:
    """Block whoever calls, for as long as nobody ends the process."""
    FLAG.rename(FLAG.with_name("hung"))
    while canary:
        time.sleep(0.1)
    return 0.0


def clock() -> float:
    """Monotonic seconds, which open streams ask for every second."""
    if threading.current_thread().name == "portico-proxy" and FLAG.exists():
        return hang_here("canary-in-a-frame")
    return time.monotonic()


def composed(*words: Any) -> Composed:
    """What the program is made of, but for its clock and its patience."""
    real = compose(*words)
    parts = msgspec.structs.replace(real.parts, clock=clock, limits=Limits(blocked_s=LIMIT_S))
    return Composed(parts, real.notes)


if __name__ == "__main__":
    vars(headless)["compose"] = composed
    sys.exit(main())
