"""Reports of the program's own faults, on the disk: beside the logs, for their owner, and few.

One that nobody was told of yet has a name that says so.
"""

import os
from datetime import datetime
from pathlib import Path

from .files import StoreError, make_private, read_private, write_private

KEPT = 5
_BEGIN, _NEW, _END = "fault-", "-new", ".txt"


def write_report(folder: Path, text: str, now: datetime) -> Path:
    """Keep a report, and no more than the newest ones; raises `OSError` or `StoreError`.

    Args:
        folder: That of the logs, which is made where there is none.
        text: All of it, without anything private.
        now: When it happened.
    """
    make_private(folder)
    # Two processes, and two faults of one, may have the same moment.
    stem = f"{_BEGIN}{now:%Y%m%d-%H%M%S-%f}-{os.getpid()}"
    path = folder / f"{stem}{_NEW}{_END}"
    write_private(path, text.encode(errors="backslashreplace"))
    for old in reports(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def reports(folder: Path) -> list[Path]:
    """The reports that are there, the newest first."""
    return sorted(folder.glob(f"{_BEGIN}*{_END}"), reverse=True)


def newest_untold(folder: Path) -> Path | None:
    """The newest report that nobody was told of; from now on all of them count as told."""
    told = None
    for path in reversed(reports(folder)):
        if path.stem.endswith(_NEW):
            known = path.with_name(path.stem.removesuffix(_NEW) + _END)
            try:
                told = path.replace(known)
            except OSError:
                told = path
    return told


def read_reports(folder: Path) -> list[tuple[str, str]]:
    """The name and the text of every report, the newest first; what cannot be read says so."""
    found = []
    for path in reports(folder)[:KEPT]:
        try:
            text = (read_private(path) or b"").decode(errors="replace")
        except (OSError, StoreError) as error:
            text = f"It cannot be read: {type(error).__name__}"
        found.append((path.name, text))
    return found
