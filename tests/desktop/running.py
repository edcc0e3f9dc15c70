"""Portico as a program on a desktop, with hands to read and click its tray."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.desktop.remote import Remote
from tests.desktop.screen import Eyes
from tests.desktop.xfce import Xfce
from tests.ports import free_port
from tests.test_headless import Portico
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@dataclass
class Tray:
    """The program, its tray and its command line."""

    process: "subprocess.Popen[str]"
    remote: Remote
    portico: Portico
    eyes: Eyes

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes another program use the same desktop and folder."""
        return self.eyes.environment

    def line(self, said: str) -> None:
        """Wait until the tray says this."""
        until(lambda: self.remote.tip().startswith(said))

    def pasted(self) -> str:
        """What is on the clipboard."""
        return self.eyes.run("xclip", "-selection", "clipboard", "-o")

    def has_window(self, title: str) -> bool:
        """Whether a window with this title can be seen."""
        return bool(self.eyes.windows(title))

    def press(self, window: str, button: str) -> None:
        """Press a button of a window by the mouse, and see the window go."""
        until(lambda: self.has_window(window))
        self.eyes.click(button)
        until(lambda: not self.has_window(window))

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


def environment_of(xfce: Xfce, home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a program on this desktop finds around it."""
    return {
        **xfce.environment,
        "PORTICO_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        **(more or {}),
    }


@contextmanager
def tray(
    xfce: Xfce, home: Path, *words: str, environ: Mapping[str, str] | None = None
) -> Iterator[Tray]:
    """The program in practice mode, until the context ends; it may have ended by itself."""
    port = int(words[1]) if words[:1] == ("--port",) else free_port()
    environment = environment_of(xfce, home, environ)
    with (home.parent / "portico.err").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tray_app", "--practice", *(words or ("--port", str(port)))],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            text=True, cwd=ROOT,
        )  # fmt: skip
        remote = Remote(environment["DBUS_SESSION_BUS_ADDRESS"], process.pid)
        try:
            yield Tray(process, remote, Portico(home, port), Eyes(environment))
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def second_start(running: Tray) -> "subprocess.CompletedProcess[str]":
    """Somebody starts it again."""
    return subprocess.run(
        [sys.executable, "-m", "tray_app"], env=dict(running.environment), capture_output=True,
        text=True, check=False, timeout=20, cwd=os.fspath(ROOT),
    )  # fmt: skip
