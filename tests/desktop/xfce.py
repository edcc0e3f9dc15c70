"""A desktop of a test's own: a screen, a bus, a window manager and a panel with a tray."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.desktop import buses
from tests.waiting import until

_PANEL = """<channel name="xfce4-panel" version="1.0">
<property name="configver" type="int" value="2"/>
<property name="panels" type="array"><value type="int" value="1"/>
<property name="panel-1" type="empty">
<property name="position" type="string" value="p=10;x=0;y=0"/>
<property name="length" type="uint" value="100"/>
<property name="size" type="uint" value="32"/>
<property name="plugin-ids" type="array"><value type="int" value="1"/></property>
</property></property>
<property name="plugins" type="empty">
<property name="plugin-1" type="string" value="systray"/></property></channel>"""
_TOOLS = ("Xvfb", "dbus-daemon", "xfwm4", "xfce4-panel", "xdotool")


class Xfce:
    """The desktop; `environment` is what makes a process use it.

    Args:
        folder: Empty; what the processes leave behind is in it.
        size: Width, height and depth.
        by: What starts a program as somebody else, whose the folder is then to be.
    """

    def __init__(self, folder: Path, size: str = "800x600x24", by: tuple[str, ...] = ()) -> None:
        self._size = size
        self._by = by
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        assert not missing, f"{missing} missing: apt install xvfb dbus xfwm4 xfce4-panel xdotool"
        self._folder = folder
        for name in ("home", "run"):
            (folder / name).mkdir(mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_CURRENT_DESKTOP": "XFCE",
            "GDK_BACKEND": "x11",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / 'session'}",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._display: Any = None

    def start(self, *, panel: bool) -> None:
        """Have a screen, with or without a panel on it."""
        self._start_screen()
        self._spawn("bus", *buses.command(self._folder, services=True))
        until((self._folder / "session").exists)
        self._spawn("manager", "xfwm4", "--compositor=off")
        if panel:
            self.start_panel()

    def start_panel(self) -> None:
        """Have a panel, and wait for its tray."""
        settings = self._folder / "home/.config/xfce4/xfconf/xfce-perchannel-xml"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "xfce4-panel.xml").write_text(_PANEL)
        self._spawn("panel", "xfce4-panel", "--disable-wm-check")
        until(self._has_tray)

    def stop_panel(self) -> None:
        """Have none any more."""
        self._end("panel")
        until(lambda: not self._has_tray())

    def is_panel_alive(self) -> bool:
        """Whether the panel runs and still has its tray."""
        return self._processes["panel"].poll() is None and bool(self._has_tray())

    def icon(self) -> Any:
        """The X window of our icon where it sits in a panel, else None."""
        found = [w for w in _below(self._display.screen().root) if _class_of(w) == "portico"]
        return next((window for window in found if self._is_embedded(window)), None)

    def title(self) -> str:
        """The name of the icon's window: X11 has no tips."""
        name = self._display.intern_atom("_NET_WM_NAME")
        return str(self.icon().get_full_text_property(name))

    def colour(self) -> tuple[int, ...]:
        """Red, green and blue in the middle of the icon."""
        from Xlib import X

        window = self.icon()
        shape = window.get_geometry()
        image = window.get_image(shape.width // 2, shape.height // 2, 1, 1, X.ZPixmap, 0xFFFFFFFF)
        blue, green, red = image.data[:3]
        return red, green, blue

    def click(self) -> None:
        """Click on the icon with the left button of a mouse."""
        window = self.icon()
        shape = window.get_geometry()
        at = self._display.screen().root.translate_coords(
            window, shape.width // 2, shape.height // 2
        )
        words = ("xdotool", "mousemove", str(at.x), str(at.y), "click", "1")
        subprocess.run(words, env=self.environment, check=True, timeout=20)

    def stop(self) -> None:
        """End everything."""
        if self._display is not None:
            self._display.close()
            self._display = None
        for name in reversed(list(self._processes)):
            self._end(name)

    def _start_screen(self) -> None:
        from Xlib.display import Display

        told, tells = os.pipe()
        words = ("Xvfb", "-displayfd", str(tells), "-screen", "0", self._size, "-noreset")
        with (self._folder / "screen.log").open("wb") as log:
            self._processes["screen"] = subprocess.Popen(
                (*self._by, *words), env=self.environment, pass_fds=[tells], stderr=log
            )
        os.close(tells)
        with os.fdopen(told) as number:
            self.environment["DISPLAY"] = f":{number.readline().strip()}"
        self._display = Display(self.environment["DISPLAY"])

    def _has_tray(self) -> bool:
        atom = self._display.intern_atom("_NET_SYSTEM_TRAY_S0")
        return bool(self._display.get_selection_owner(atom))

    def _is_embedded(self, window: Any) -> bool:
        root = self._display.screen().root
        parent = window.query_tree().parent
        return bool(parent and parent != root and window.get_attributes().map_state)

    def _spawn(self, name: str, *words: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                (*self._by, *words), env=self.environment, stdout=log, stderr=log
            )

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait()


@contextmanager
def xfce(folder: Path, *, panel: bool = True) -> Iterator[Xfce]:
    """A desktop until the context is over."""
    folder.mkdir()
    desktop = Xfce(folder)
    try:
        desktop.start(panel=panel)
        yield desktop
    finally:
        desktop.stop()


def _below(window: Any) -> Iterator[Any]:
    from Xlib.error import BadWindow

    try:
        children = window.query_tree().children
    except BadWindow:
        return
    for child in children:
        yield child
        yield from _below(child)


def _class_of(window: Any) -> str:
    from Xlib.error import BadWindow

    try:
        found = window.get_wm_class()
    except BadWindow:
        return ""
    return found[1] if found else ""
