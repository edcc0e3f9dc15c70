"""One instance at a time: a lock on a file, which the system drops when its holder dies."""

import errno
import os
import sys
from pathlib import Path

from .files import StoreError, open_private

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class InstanceLock:
    """The lock of one data folder; as a context it is released at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; raises `StoreError` where the file is none."""
        if self._held is not None:
            return True
        opened = open_private(self._path, os.O_RDWR)
        try:
            if not _lock(opened):
                os.close(opened)
                return False
        except OSError as error:
            os.close(opened)
            raise StoreError(
                f"{self._path} cannot be locked. Set PORTICO_HOME to a folder on a local disk."
            ) from error
        if not self._is_current(opened):
            os.close(opened)
            return self.acquire()
        os.truncate(opened, 0)
        os.write(opened, f"{os.getpid()}\n".encode())
        self._held = opened
        return True

    def _is_current(self, opened: int) -> bool:
        """Whether the file is still there: a lock on one that was just deleted shuts nobody out."""
        try:
            return os.path.samestat(os.fstat(opened), self._path.lstat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __enter__(self) -> "InstanceLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _lock(opened: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            # Beyond the pid, so that people can read it while the lock is held.
            os.lseek(opened, 1 << 20, os.SEEK_SET)
            msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
            os.lseek(opened, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True
