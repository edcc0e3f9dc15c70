"""Removing all that Portico keeps in its data folder and in the keyring.

Only what is Portico's goes: the folder may be one that a person chose, with files of their own.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from .files import StoreError, wipe_folder
from .keeper import Keeper
from .paths import Paths
from .ring import Ring, RingAbsentError

WITHIN_S = 10.0
"""How long a keyring may take."""


def remove_data(paths: Paths) -> list[Path]:
    """Remove the files; returns what stays in the folder, and raises `StoreError`.

    Whoever calls this holds the instance lock, which is removed last. Where there is only what is
    not ours, nothing is done.
    """
    for path in _ours(paths):
        try:
            if path.is_dir() and not path.is_symlink():
                wipe_folder(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            # On Windows it is held open, by whoever calls this.
            if path != paths.lock:
                raise StoreError(
                    f"{path} cannot be removed ({error.strerror}). Close what has it open, and "
                    "try again."
                ) from error
    for folder in (paths.logs, _runtime(paths), paths.home):
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.rmdir()
    try:
        return [path for path in sorted(paths.home.iterdir()) if path != paths.lock]
    except OSError:
        return []


def _ours(paths: Paths) -> Iterator[Path]:
    """What there is of ours: each file with its copies, and its other halves."""
    yield paths.profile
    for file in (
        paths.settings, paths.models, paths.chats, paths.restarts, paths.statistics,
        paths.practice_statistics,
    ):  # fmt: skip
        yield from paths.home.glob(f"{file.name}*")
    yield from paths.logs.glob(f"{paths.log.name}*")
    yield from paths.logs.glob("fault-*.txt*")
    if sys.platform != "win32":
        yield Path(paths.door)
    yield paths.lock


def _runtime(paths: Paths) -> Path | None:
    """The folder of the door where that is another one."""
    if sys.platform == "win32":
        return None
    folder = Path(paths.door).parent
    return folder if folder != paths.home else None


def clear_keyring(open_ring: Callable[[], Ring], label: str, names: Iterable[str]) -> bool:
    """Remove these entries; returns whether there were any. No keyring has none.

    Raises `RingError` where some may be left, and `TimeoutError`.
    """
    keeper = Keeper(open_ring, label)
    try:
        kept = keeper.load(*names).result(WITHIN_S)
        for name in names:
            keeper.save(name, None).result(WITHIN_S)
    except RingAbsentError:
        return False
    return any(text is not None for text in kept.values())
