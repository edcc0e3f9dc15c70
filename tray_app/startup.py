"""What every way of running Portico begins with: one instance, its log, and words on stderr.

Nothing here imports what is slow: a tray shows its icon first.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Mapping

from tray_app.core.redact import Redactor
from tray_app.store.lock import InstanceLock
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.paths import Paths

OK, NO, USAGE, PORT_TAKEN, ALREADY_RUNNING = 0, 1, 2, 3, 6


class AlreadyRunningError(Exception):
    """Another instance has this data folder."""


@contextlib.contextmanager
def only_instance(
    arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]
) -> Iterator[Redactor]:
    """Be the one instance of the data folder, with its log; raises `AlreadyRunningError`.

    Yields what learns every secret, so that none reaches the log.
    """
    paths.prepare()
    lock = InstanceLock(paths.lock)
    if not lock.acquire():
        raise AlreadyRunningError
    redactor = Redactor()
    level = str(arguments.log_level or environ.get("PORTICO_LOG") or "info")
    start_logging(paths.logs, level, redactor, stderr=False)
    try:
        yield redactor
    finally:
        stop_logging()
        lock.release()


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
