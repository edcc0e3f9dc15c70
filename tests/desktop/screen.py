"""A screen of a test's own: an X server, a session bus and a window manager, in a folder."""

import ast
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.desktop import buses
from tests.waiting import until

_TOOLS = ("Xvfb", "dbus-daemon", "openbox", "xdotool", "xprop", "import")
_READER = """
import gi
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi
def walk(node):
    if node is None:
        return
    states = node.get_state_set()
    if states.contains(Atspi.StateType.SHOWING):
        box = node.get_extents(Atspi.CoordType.SCREEN)
        name = node.get_name()
        if not name and "Text" in node.get_interfaces():
            name = Atspi.Text.get_text(node, 0, -1)
        yield (node.get_role_name(), name, (box.x, box.y, box.width, box.height),
               [state.value_nick for state in states.get_states()])
    for at in range(node.get_child_count()):
        yield from walk(node.get_child_at_index(at))
desktop = Atspi.get_desktop(0)
apps = [desktop.get_child_at_index(at) for at in range(desktop.get_child_count())]
print([found for app in apps if app.get_name() == "portico" for found in walk(app)])
"""

Box = tuple[int, int, int, int]
Seen = tuple[str, str, Box, list[str]]
"""What a screen reader is told of one thing: role, name, place and states."""


class Eyes:
    """What a person sees and does on a screen that is there.

    Args:
        environment: What makes a process use it.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def run(self, *words: str) -> str:
        """What a tool says on this screen."""
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout

    def windows(self, title: str) -> list[str]:
        """The windows that can be seen and have this title."""
        found = self.run("xdotool", "search", "--onlyvisible", "--name", f"^{title}$")
        return found.split()

    def active(self) -> str:
        """The title of the window that has the keyboard."""
        return self.run("xdotool", "getactivewindow", "getwindowname").strip()

    def read(self) -> list[Seen]:
        """What a screen reader finds in Portico's windows."""
        told = self.run("/usr/bin/python3", "-c", _READER)
        read: list[Seen] = ast.literal_eval(told or "[]")
        return read

    def names(self) -> list[str]:
        """The names of everything that a screen reader finds."""
        return [name for _, name, _, _ in self.read() if name]

    def find(self, name: str, role: str = "") -> Seen:
        """The thing with this name, which must come soon."""
        found: list[Seen] = []

        def there() -> bool:
            found[:] = [one for one in self.read() if one[1] == name and role in one[0]]
            return bool(found)

        until(there)
        return found[0]

    def click(self, name: str) -> None:
        """Press the button with this name by the mouse, once it stays in its place."""
        place = self.find(name, "button")[2]
        # A window takes its size a moment after it is there.
        while (now := self.find(name, "button")[2]) != place:
            place = now
        self.press(place)

    def press(self, place: tuple[int, int, int, int]) -> None:
        """Press the mouse in the middle of what is at this place."""
        x, y, width, height = place
        self.run("xdotool", "mousemove", str(x + width // 2), str(y + height // 2))
        time.sleep(0.1)  # A real mouse does not arrive and click in one moment.
        self.run("xdotool", "click", "1")

    def keys(self, *names: str) -> None:
        """Press these keys, as xdotool names them."""
        for name in names:
            self.run("xdotool", "key", name)

    def picture(self, path: Path, window: str = "root") -> None:
        """Keep what is to be seen."""
        self.run("import", "-window", window, str(path))


class Screen(Eyes):
    """The screen; `environment` is what makes a process use it.

    Args:
        folder: Empty; what the processes leave behind is in it.
        size: Width, height and depth.
        more: Put into the environment too.
    """

    def __init__(self, folder: Path, size: str = "1280x900x24", **more: str) -> None:
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        assert not missing, f"{missing} missing: the marker `desktop` in pyproject.toml says more"
        self.folder = folder
        self._size = size
        self._processes: list[subprocess.Popen[bytes]] = []
        for name in ("home", "run"):
            (folder / name).mkdir(mode=0o700)
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / 'session'}",
            "GDK_BACKEND": "x11",
            "GTK_THEME": "Adwaita",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            **more,
        }
        if os.geteuid() == 0:
            environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        super().__init__(environment)

    def start(self) -> None:
        """Bring everything up."""
        told, tells = os.pipe()
        screen = ("Xvfb", "-displayfd", str(tells), "-screen", "0", self._size, "-nolisten", "tcp")
        self._spawn(*screen, passing=[tells])
        os.close(tells)
        # To the end of the line: it is written in two pieces, and the second one must find us.
        with os.fdopen(told) as number:
            self.environment["DISPLAY"] = f":{number.readline().strip()}"
        self._spawn(*buses.command(self.folder, services=True))
        until((self.folder / "session").exists)
        self._spawn("openbox")
        until(lambda: "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"))

    def stop(self) -> None:
        """End everything, and wait for it."""
        for process in reversed(self._processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()

    def _spawn(self, *words: str, passing: list[int] | None = None) -> None:
        with (self.folder / f"{words[0]}.log").open("wb") as log:
            started = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=passing or [],
            )  # fmt: skip
        self._processes.append(started)


@contextmanager
def screen_in(folder: Path, size: str = "1280x900x24", **more: str) -> Iterator[Screen]:
    """A screen, until the context is over."""
    screen = Screen(folder, size, **more)
    try:
        screen.start()
        yield screen
    finally:
        screen.stop()


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, be it that nobody has taken note of it yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
