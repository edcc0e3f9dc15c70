"""Files for the person: in the folder of downloads, for its owner alone, never over another one.

No link that somebody planted is followed.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

import platformdirs

from .files import StoreError

_TRIES = 100
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def downloads() -> Path:
    """The person's folder of downloads; their home where there is none."""
    folder = platformdirs.user_downloads_path()
    return folder if folder.is_dir() else Path.home()


def hand_out(folder: Path, name: str, data: bytes) -> Path:
    """Write a file for the person; returns where it is, and raises `StoreError`.

    Args:
        folder: Where to.
        name: As it is called where that is still free, else with a number.
        data: All of it.
    """
    return _handed_out(folder, name, lambda file: file.write(data))


def hand_out_text(folder: Path, name: str, write: Callable[[TextIO], None]) -> Path:
    """The same for a text that may be too long to be held: `write` is told where it goes.

    What `write` raises leaves no file behind.
    """

    def written(file: BinaryIO) -> None:
        with io.TextIOWrapper(file, "utf-8", newline="") as text:
            write(text)

    return _handed_out(folder, name, written)


def _handed_out(folder: Path, name: str, write: Callable[[BinaryIO], object]) -> Path:
    stem, _, ending = name.rpartition(".")
    for number in range(1, _TRIES):
        path = folder / (name if number == 1 else f"{stem}-{number}.{ending}")
        try:
            _write(path, write)
        except FileExistsError:
            continue
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise StoreError(f"{path} cannot be written: {why}. Make room there.") from error
        return path
    raise StoreError(f"{folder} has too many files named {name}. Remove some.")


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            write(file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
