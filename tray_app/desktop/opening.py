"""Opening folders with whatever the person's desktop opens them with."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

_OPENERS = {"darwin": "open", "linux": "xdg-open"}


class OpeningError(Exception):
    """Nothing here can open it."""


def open_folder(folder: Path) -> None:
    """Show a folder; returns at once. Raises `OpeningError`.

    The call for Windows has not run here.
    """
    if not folder.is_dir():
        raise OpeningError(f"{folder} is not there")
    try:
        if sys.platform == "win32":
            os.startfile(folder)  # noqa: S606
            return
        opener = subprocess.Popen(
            [_OPENERS.get(sys.platform, "xdg-open"), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=without_bundle(os.environ),
        )
    except OSError as error:
        raise OpeningError(str(error)) from error
    # Some openers stay as long as what they opened; somebody must take note of their end.
    threading.Thread(target=opener.wait, name="opener", daemon=True).start()


def without_bundle(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for programs of the system, without the libraries of a frozen Portico."""
    clean = dict(environ)
    if getattr(sys, "frozen", False):
        original = clean.pop("LD_LIBRARY_PATH_ORIG", None)
        clean.pop("LD_LIBRARY_PATH", None)
        if original:
            clean["LD_LIBRARY_PATH"] = original
    return clean
