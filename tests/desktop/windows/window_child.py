"""A window as a process of its own, and what its parent does with it."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

import psutil

from tests.desktop.screen import Screen
from tray_app.desktop.windows.messages import (
    FromWindow,
    Ready,
    Show,
    ToWindow,
    View,
    from_window,
    line,
)

ROOT = Path(__file__).parents[3]
WITHIN_S = 60.0


class Child:
    """A window that this test is the parent of."""

    def __init__(self, screen: Screen, name: str, **more: str) -> None:
        self.errors = screen.folder / f"{name}.errors"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tray_app", "window", name],
                cwd=ROOT, env={**screen.environment, **more}, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        self._timer = Timer(WITHIN_S, self.process.kill)
        self._timer.start()

    def say(self, *messages: ToWindow) -> None:
        self.write(*(line(message) for message in messages))

    def write(self, *lines: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(lines))
        self.process.stdin.flush()

    def hear(self) -> FromWindow | None:
        """The next message; None once there is none any more."""
        assert self.process.stdout is not None
        received = self.process.stdout.readline()
        return from_window(received) if received else None

    def rest(self) -> list[FromWindow]:
        return list(iter(self.hear, None))

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def code(self) -> int:
        return self.process.wait(WITHIN_S)

    def family(self) -> list[psutil.Process]:
        """The process and those of the engine."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self) -> None:
        self._timer.cancel()
        with suppress(BrokenPipeError):
            self.hang_up()
        self.code()
        assert self.process.stdout is not None
        self.process.stdout.close()


def shown(screen: Screen, children: list[Child], view: View) -> Child:
    """A window that shows this view."""
    child = Child(screen, str(view.__struct_config__.tag))
    children.append(child)
    child.say(Show(view))
    assert child.hear() == Ready()
    return child
