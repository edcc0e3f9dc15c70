"""The folder in which the window of the site keeps who is signed in, as the proxy sees it."""

from pathlib import Path

from .files import StoreError, read_private, wipe_folder, write_private

_MARK = "signed-in"


class Profile:
    """One profile; what is in it belongs to the web engine, but for a mark.

    Args:
        folder: Where it is; None where nothing outlives the program.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody signed in there and did not sign out, as far as Portico knows."""
        try:
            return self._folder is not None and read_private(self._folder / _MARK) is not None
        except StoreError:
            return False

    def mark(self) -> None:
        """Note that somebody signed in there: the keyring, which says it too, may be of no use."""
        if self._folder is not None and self._folder.is_dir():
            write_private(self._folder / _MARK, b"")

    def unmark(self) -> None:
        """Note that nobody is signed in there; raises `StoreError`."""
        if self._folder is None:
            return
        try:
            (self._folder / _MARK).unlink(missing_ok=True)
        except NotADirectoryError:
            pass
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be changed ({error.strerror}).") from error

    def wipe(self) -> None:
        """Sign out there; raises `StoreError`. No window may be open."""
        if self._folder is not None:
            wipe_folder(self._folder)
