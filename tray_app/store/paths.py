"""Where everything lies on the disk."""

import contextlib
import hashlib
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from msgspec import Struct

from .files import StoreError, make_private

_SOCKET_PATH_BYTES = 100
"""What every system takes for the path of a socket; Linux takes 107, macOS 103."""


class Paths(Struct, frozen=True):
    """The files of one data folder."""

    home: Path

    @property
    def settings(self) -> Path:
        """The settings, as JSON."""
        return self.home / "settings.json"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.home / "logs"

    @property
    def log(self) -> Path:
        """The log that is written now."""
        return self.logs / "portico.log"

    @property
    def lock(self) -> Path:
        """What the one running instance holds."""
        return self.home / "instance.lock"

    @property
    def restarts(self) -> Path:
        """When the program started itself anew lately."""
        return self.home / "restarts.json"

    @property
    def models(self) -> Path:
        """The last good list of models."""
        return self.home / "models.json"

    @property
    def chats(self) -> Path:
        """The chats that are still to be deleted at the site."""
        return self.home / "chats-to-delete.txt"

    @property
    def statistics(self) -> Path:
        """What was asked lately and what each day came to, in sizes and times."""
        return self.home / "statistics.db"

    @property
    def practice_statistics(self) -> Path:
        """The same of practice mode, so that nothing of it is counted among what was real."""
        return self.home / "practice-statistics.db"

    @property
    def profile(self) -> Path:
        """What the window that is signed in to the site keeps: its cookies and storage."""
        return self.home / "window"

    @property
    def keyring_label(self) -> str:
        """What begins the names of our entries in the keyring: each data folder has its own."""
        return "Portico" if self.is_usual else f"Portico {self._mark[:8]}"

    @property
    def is_usual(self) -> bool:
        """Whether the folder is where the system keeps an app's data."""
        return self.home == _usual_home()

    @property
    def _mark(self) -> str:
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]

    @property
    def door(self) -> str:
        """The control door: a socket in this folder, or where its path is short enough."""
        mark = self._mark
        if sys.platform == "win32":
            return rf"\\.\pipe\portico-{mark}"
        inside = self.home / "door.sock"
        if len(os.fsencode(inside)) <= _SOCKET_PATH_BYTES:
            return str(inside)
        name = f"{mark}.sock"
        return str(_runtime_folder(len(name)) / name)

    def prepare(self) -> None:
        """Make the folders, private; raises `StoreError`."""
        make_private(self.home)
        make_private(self.logs)
        if sys.platform != "win32":
            runtime = Path(self.door).parent
            if runtime != self.home:
                if runtime.is_symlink():
                    raise StoreError(f"{runtime} is a link. Remove it, or shorten PORTICO_HOME.")
                make_private(runtime)


def _runtime_folder(name_bytes: int) -> Path:
    """The user's folder for sockets; a short one of our own where there is none or it is long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(OSError):
            folder = platformdirs.user_runtime_path("portico")
            if len(os.fsencode(folder)) + name_bytes < _SOCKET_PATH_BYTES:
                return folder
    return Path(f"/tmp/portico-{os.getuid()}")  # noqa: S108


def find(environ: Mapping[str, str]) -> Paths:
    """The data folder: `PORTICO_HOME`, or the system's place for an app's data."""
    told = environ.get("PORTICO_HOME")
    if told:
        with contextlib.suppress(RuntimeError):
            return Paths(Path(told).expanduser().absolute())
        raise StoreError(f"PORTICO_HOME is {told!r}, but nobody has that name. Set another folder.")
    return Paths(_usual_home())


def _usual_home() -> Path:
    return platformdirs.user_data_path("portico", appauthor=False)
