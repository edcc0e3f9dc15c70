"""Starting with the computer: the system's own list is asked and changed, and nothing is assumed.

Linux has a desktop entry in the autostart folder, Windows a value in the registry that its Task
Manager can switch off, macOS a launch agent. What would start another Portico than this one, or one
that is gone, counts as off. Only Linux has run here.
"""

import contextlib
import os
import plistlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from xml.parsers.expat import ExpatError

from tray_app.store.files import StoreError, write_private

from . import desktop_entry

APP_ID = "io.github.portico_tray.Portico"
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
_APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_VALUE = "Portico"


class LoginItemError(Exception):
    """The system did not let its list be changed."""


class LoginItem(Protocol):
    """Whether Portico starts with the computer; blocks shortly."""

    def is_on(self) -> bool:
        """How it is now, whoever changed it."""

    def turn(self, on: bool) -> None:  # noqa: FBT001
        """Have it so; raises `LoginItemError`."""


def command() -> list[str]:
    """What starts this very Portico without a window."""
    if getattr(sys, "frozen", False):
        # What an AppImage unpacks is gone with it.
        return [os.environ.get("APPIMAGE") or sys.executable, "--hidden"]
    beside = Path(sys.executable).with_name("portico")
    if beside.exists():
        return [str(beside), "--hidden"]
    return [sys.executable, "-m", "tray_app", "--hidden"]


def starts_this(words: object) -> bool:
    """Whether a command starts this very Portico, with a window or without one."""
    *this, hidden = command()
    return words in (this, [*this, hidden])


def login_item(environ: Mapping[str, str]) -> LoginItem:
    """The list of this system."""
    if sys.platform == "win32":
        return _Registry()
    if sys.platform == "darwin":
        return LaunchAgent(Path.home() / "Library" / "LaunchAgents")
    told = environ.get("XDG_CONFIG_HOME")
    config = Path(told) if told and Path(told).is_absolute() else Path.home() / ".config"
    return Autostart(config / "autostart")


class Autostart:
    """The autostart folder of a Linux desktop."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{APP_ID}.desktop"

    def is_on(self) -> bool:
        try:
            text = self._file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return starts_this(desktop_entry.read(text))

    def turn(self, on: bool) -> None:  # noqa: FBT001
        try:
            if on:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_private(self._file, desktop_entry.written(command()).encode())
            else:
                self._file.unlink(missing_ok=True)
        except (OSError, StoreError, UnicodeEncodeError) as error:
            raise LoginItemError(str(error)) from error


class LaunchAgent:
    """A launch agent of macOS; has not run there yet."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{APP_ID}.plist"

    def is_on(self) -> bool:
        try:
            told = plistlib.loads(self._file.read_bytes())
        except (OSError, ValueError, ExpatError):
            return False
        if not isinstance(told, dict) or not told.get("RunAtLoad") or told.get("Disabled"):
            return False
        return starts_this(told.get("ProgramArguments"))

    def turn(self, on: bool) -> None:  # noqa: FBT001
        told = {"Label": APP_ID, "ProgramArguments": command(), "RunAtLoad": True}
        try:
            if on:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_private(self._file, plistlib.dumps(told))
            else:
                self._file.unlink(missing_ok=True)
        except (OSError, StoreError) as error:
            raise LoginItemError(str(error)) from error


def value_is_on(line: object, approval: object) -> bool:
    """Whether the registry of Windows says that this Portico starts.

    Args:
        line: The value of the program in the list of what is run; none where it is not there.
        approval: What the Task Manager says of it: an odd first byte says no.
    """
    if not isinstance(line, str) or _bare(line) != _bare(subprocess.list2cmdline(command())):
        return False
    return not (isinstance(approval, bytes) and approval and approval[0] % 2)


def _bare(line: str) -> str:
    """A command line without what differs between those who write one."""
    return line.replace('"', "").casefold().strip()


class _Registry:
    """The registry of Windows; has not run there yet."""

    def is_on(self) -> bool:
        if sys.platform == "win32":
            return value_is_on(self._read(_RUN), self._read(_APPROVED))
        return False

    def turn(self, on: bool) -> None:  # noqa: FBT001
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
                    if on:
                        line = subprocess.list2cmdline(command())
                        winreg.SetValueEx(key, _VALUE, 0, winreg.REG_SZ, line)
                    elif self._read(_RUN) is not None:
                        winreg.DeleteValue(key, _VALUE)
                if self._read(_APPROVED) is not None:
                    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _APPROVED) as key:
                        winreg.DeleteValue(key, _VALUE)
            except OSError as error:
                raise LoginItemError(str(error)) from error

    @staticmethod
    def _read(place: str) -> Any:
        if sys.platform == "win32":
            import winreg

            with (
                contextlib.suppress(OSError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, place) as key,
            ):
                return winreg.QueryValueEx(key, _VALUE)[0]
        return None
