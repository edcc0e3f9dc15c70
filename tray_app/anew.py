"""Starting the program anew in its own place, when its proxy hangs and nothing else would help."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tray_app.store.restarts import note_restart

_log = logging.getLogger(__name__)


class Anew:
    """Starts the program anew when it is called, unless it did so too often lately.

    It returns where it did not.

    Args:
        restarts: The file that counts.
        say: Tells a sentence to whoever started the program.
    """

    def __init__(self, restarts: Path, say: Callable[[str], None]) -> None:
        self._restarts = restarts
        self._say = say
        self._is_told = False

    def __call__(self) -> None:
        if not note_restart(self._restarts, time.time()):
            self._stay("restarts")
            return
        _log.critical("program=anew")
        self._say(
            "The proxy hung, so Portico starts itself anew. Send the requests of just now again."
        )
        try:
            start_anew()
        except OSError as error:
            self._stay(type(error).__name__)

    def _stay(self, why: str) -> None:
        _log.critical("program=hanging anew=no reason=%s", why)
        if not self._is_told:
            self._is_told = True
            self._say(
                "The proxy hangs, and starting Portico anew does not help. Look at the log, then "
                "quit Portico and start it again."
            )


def command() -> list[str]:
    """What started this program."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *sys.argv[1:]]
    return [sys.executable, *sys.orig_argv[1:]]


def start_anew() -> None:
    """Be replaced by the same program, at its beginning; raises `OSError` where that fails.

    Sockets, locks and pipes end with what is replaced, since none of them is inherited.
    """
    if sys.platform == "win32":
        _be_followed()
    else:
        # Its own command line, without a shell.
        os.execv(sys.executable, command())  # noqa: S606


if sys.platform == "win32":

    def _be_followed() -> None:
        """Start the program beside this one and end: here no process can be replaced.

        The new one waits for the lock of the instance.
        """
        # A packed program would else use files that are deleted with this process.
        environ = {**os.environ, "PYINSTALLER_RESET_ENVIRONMENT": "1"}
        subprocess.Popen(  # noqa: S603  our own command line, without a shell
            command(),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP,
        )
        os._exit(0)
