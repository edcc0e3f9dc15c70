"""Private files: written whole or not at all, and never through a link somebody planted."""

import contextlib
import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

SIZE_LIMIT_BYTES = 10 << 20
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_TEMPORARY = ".new"
_writing = threading.Lock()
"""One writer at a time: two with one temporary name would mix what they write."""


class StoreError(Exception):
    """Something on the disk is not as it must be; its text is one sentence and one action."""


def read_private(path: Path) -> bytes | None:
    """The content of a regular file, None where there is none; raises `StoreError` for the rest."""
    try:
        opened = os.open(path, os.O_RDONLY | _NOFOLLOW | _NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unopened(path, error) from error
    _check_opened(path, opened)
    with os.fdopen(opened, "rb") as file:
        return file.read(SIZE_LIMIT_BYTES + 1)


def write_private(path: Path, data: bytes, *, step: Callable[[str], None] = lambda _: None) -> None:
    """Replace a file by new content, so that a crash leaves the old or the new, never a mixture.

    Args:
        path: A regular file or nothing; anything else is refused and left alone.
        data: The whole content.
        step: Called after each step (`write`, `fsync`, `replace`, `done`), so that a test may stop
            there.
    """
    with _writing:
        _check_target(path)
        temporary = path.with_name(path.name + _TEMPORARY)
        temporary.unlink(missing_ok=True)
        try:
            _write_new(temporary, data, step)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        step("replace")
        _sync_folder(path.parent)
        step("done")


def _write_new(path: Path, data: bytes, step: Callable[[str], None]) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(data)
        file.flush()
        step("write")
        os.fsync(file.fileno())
    step("fsync")


def open_private(path: Path, flags: int) -> int:
    """A descriptor of a regular file that only its owner can read, made where there is none."""
    _check_target(path)
    try:
        opened = os.open(path, flags | os.O_CREAT | _NOFOLLOW | _NONBLOCK, 0o600)
    except OSError as error:
        raise _unopened(path, error) from error
    _check_opened(path, opened)
    if os.name == "posix" and os.fstat(opened).st_mode & 0o077:
        os.fchmod(opened, 0o600)
    return opened


def close_to_others(path: Path) -> None:
    """Let only the owner read a file that another program writes, if it is there.

    Raises `StoreError` for what is no plain file, which is left alone.
    """
    try:
        opened = os.open(path, os.O_RDONLY | _NOFOLLOW | _NONBLOCK)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unopened(path, error) from error
    _check_opened(path, opened)
    try:
        if os.name == "posix":
            os.fchmod(opened, 0o600)
    finally:
        os.close(opened)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter; raises `StoreError` where that cannot be."""
    try:
        _make(folder)
    except OSError as error:
        raise _unusable(folder, "cannot be made") from error
    if os.name != "posix":
        return
    told = folder.stat()
    if told.st_uid != os.getuid():
        raise _unusable(folder, "belongs to another user")
    if stat.S_IMODE(told.st_mode) != 0o700:
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
        if folder.stat().st_mode & 0o022:
            raise _unusable(folder, "can be changed by others and cannot be closed to them")
    if folder.parent.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
        raise _unusable(folder, "lies in one that every user can change")


def wipe_folder(folder: Path) -> None:
    """Remove a folder and all that is in it, and no link's target; raises `StoreError`."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise _unusable(folder, "cannot be wiped") from error


def _make(folder: Path) -> None:
    """Make a folder and those above it, each of them private: `parents=True` is not so careful."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _check_target(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        _check_regular(path, path.lstat())


def _check_regular(path: Path, told: os.stat_result) -> None:
    if not stat.S_ISREG(told.st_mode):
        raise _refused(path)


def _check_opened(path: Path, opened: int) -> None:
    try:
        _check_regular(path, os.fstat(opened))
    except StoreError:
        os.close(opened)
        raise


def _refused(path: Path) -> StoreError:
    return StoreError(f"{path} is no plain file that Portico can use. Move it away and try again.")


def _unopened(path: Path, error: OSError) -> StoreError:
    """Why a file cannot be opened: what lies there, or else what the system says."""
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(path.lstat().st_mode):
            return _refused(path)
    why = error.strerror or type(error).__name__
    return StoreError(f"{path} cannot be opened: {why}. Look at its rights and at its disk.")


def _unusable(folder: Path, why: str) -> StoreError:
    return StoreError(f"The folder {folder} {why}. Set PORTICO_HOME to one of your own.")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    # Some file systems cannot do it; the new file is in its place by now.
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
