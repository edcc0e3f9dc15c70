"""What every way of running Portico begins with: one instance, its log, and words on stderr.

Nothing here imports what is slow: a tray shows its icon first.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from tray_app.core.redact import Redactor
from tray_app.proxy.memory import read_by_records, stay_small
from tray_app.store.files import StoreError
from tray_app.store.lock import InstanceLock
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.paths import Paths
from tray_app.store.reports import newest_untold
from tray_app.store.restarts import restarted_within

OK, NO, USAGE, PORT_TAKEN, ALREADY_RUNNING = 0, 1, 2, 3, 6

_RESTART_S = 10.0
"""So long after a restart somebody who begins may be what was started."""
_INHERIT_S = 5.0
_LOOK_S = 0.05
_DESCRIPTORS = 4096
"""More than all connections of clients, each with one to the site."""


class AlreadyRunningError(Exception):
    """Another instance has this data folder."""


@contextlib.contextmanager
def only_instance(
    arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]
) -> Iterator[Redactor]:
    """Be the one instance of the data folder, with its log; raises `AlreadyRunningError`.

    Yields what learns every secret, so that none reaches the log.
    """
    stay_small()
    read_by_records()
    paths.prepare()
    lock = InstanceLock(paths.lock)
    if not lock.acquire() and not _inherits(lock, paths):
        raise AlreadyRunningError
    redactor = Redactor()
    level = str(arguments.log_level or environ.get("PORTICO_LOG") or "info")
    start_logging(paths.logs, level, redactor, stderr=False)
    take_descriptors()
    try:
        yield redactor
    finally:
        stop_logging()
        lock.release()


def take_descriptors() -> None:
    """Have room for many connections: macOS lets what starts without a terminal open 256 files."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _inherits(lock: InstanceLock, paths: Paths) -> bool:
    """Take the lock from an instance that started this one in its place, and is about to end."""
    if not restarted_within(paths.restarts, time.time(), _RESTART_S):
        return False
    end_s = time.monotonic() + _INHERIT_S
    while not (taken := lock.acquire()) and time.monotonic() < end_s:
        time.sleep(_LOOK_S)
    return taken


def open_door(opens: Callable[[], None], paths: Paths) -> None:
    """Open the control door; raises `StoreError` where it stays shut, with words for people."""
    try:
        opens()
    except OSError as error:
        raise StoreError(
            f"The control door {paths.door} cannot be opened ({error.strerror}). "
            "Take away what lies there, or set PORTICO_HOME."
        ) from error


def fault_notes(paths: Paths) -> tuple[str, ...]:
    """What a person should know of faults since the last start, told once."""
    report = newest_untold(paths.logs)
    if report is None:
        return ()
    said = (
        f"Something inside Portico went wrong lately. A report without anything private is in "
        f"{report}: send it to whoever helps you, or gather diagnostics in the window About."
    )
    return (said,)


def tell(text: str) -> None:
    """Say something to people, if anybody listens; scripts read stdout."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def complain(sentence: str, code: int) -> int:
    """Say what went wrong; returns the exit code."""
    tell(f"portico: {sentence}")
    return code
