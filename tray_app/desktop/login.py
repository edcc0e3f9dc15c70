"""Starting with the computer: the system's own list is asked and changed, and nothing is assumed.

Linux has a desktop entry in the autostart folder, Windows a value in the registry that its Task
Manager can switch off, macOS a launch agent. Only Linux has run here.
"""

import contextlib
import plistlib
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tray_app.store.files import StoreError, write_private

APP_ID = "io.github.portico_tray.Portico"
_ENTRY = """[Desktop Entry]
Type=Application
Name=Portico
Comment=Your own Qwen Chat session as a local endpoint
Exec={command}
Icon=portico
Terminal=false
X-GNOME-Autostart-enabled=true
"""
_RESERVED = re.compile(r"""[\s"'\\><~|&;$*?#()`]""")
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
        return [sys.executable, "--hidden"]
    beside = Path(sys.executable).with_name("portico")
    if beside.exists():
        return [str(beside), "--hidden"]
    return [sys.executable, "-m", "tray_app", "--hidden"]


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
            return entry_is_on(self._file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return False

    def turn(self, on: bool) -> None:  # noqa: FBT001
        try:
            if on:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_private(self._file, desktop_entry(command()).encode())
            else:
                self._file.unlink(missing_ok=True)
        except (OSError, StoreError) as error:
            raise LoginItemError(str(error)) from error


def desktop_entry(words: Sequence[str]) -> str:
    """The desktop entry that runs a command at login."""
    return _ENTRY.format(command=" ".join(_quoted(word) for word in words))


def _quoted(word: str) -> str:
    """A word as the key Exec wants it: a string with escapes, in which a quoted argument has its
    own."""
    text = word.replace("%", "%%")
    if _RESERVED.search(text) or not text:
        text = '"' + re.sub(r'(["`$\\])', r"\\\1", text) + '"'
    return text.replace("\\", "\\\\")


def entry_is_on(text: str) -> bool:
    """Whether a desktop entry starts something that is there."""
    lines = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]
    keys = {name.strip(): value.strip() for name, value in lines}
    if keys.get("Hidden") == "true" or keys.get("X-GNOME-Autostart-enabled") == "false":
        return False
    with contextlib.suppress(ValueError):
        words = shlex.split(keys.get("Exec", "").replace("\\\\", "\\"))
        return bool(words) and shutil.which(words[0].replace("%%", "%")) is not None
    return False


class LaunchAgent:
    """A launch agent of macOS; has not run there yet."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"{APP_ID}.plist"

    def is_on(self) -> bool:
        try:
            told: dict[str, Any] = plistlib.loads(self._file.read_bytes())
        except (OSError, ValueError, plistlib.InvalidFileException):
            return False
        words = told.get("ProgramArguments") or [""]
        return bool(told.get("RunAtLoad")) and Path(str(words[0])).exists()

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


def is_approved(told: bytes | None) -> bool:
    """Whether the Task Manager of Windows lets a program start: an odd first byte says no."""
    return not told or told[0] % 2 == 0


class _Registry:
    """The registry of Windows; has not run there yet."""

    def is_on(self) -> bool:
        if sys.platform == "win32":
            return self._read(_RUN) is not None and is_approved(self._read(_APPROVED))
        return False

    def turn(self, on: bool) -> None:  # noqa: FBT001
        if sys.platform == "win32":
            import subprocess
            import winreg

            try:
                with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
                    if on:
                        line = subprocess.list2cmdline(command())
                        winreg.SetValueEx(key, _VALUE, 0, winreg.REG_SZ, line)
                    elif self._read(_RUN) is not None:
                        winreg.DeleteValue(key, _VALUE)
                if on and not is_approved(self._read(_APPROVED)):
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
