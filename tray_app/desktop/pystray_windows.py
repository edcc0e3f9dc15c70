"""The icon in the notification area of Windows.

pystray 0.19.5 answers 0 to every message that it does not know, which refuses the end of the
session and misses sleep and the change of the theme. What it does well stays: it adds the icon
again when Explorer starts anew (`TaskbarCreated`, where the icon is visible). Only the pure half of
this file has run so far, and only on Linux.
"""

import io
import sys
from typing import Any

from .pystray_icon import NAME, Event, GuardedIcon, Hooks

QUERY_END_SESSION, END_SESSION = 0x0011, 0x0016
SETTING_CHANGE, POWER_BROADCAST = 0x001A, 0x0218
MESSAGES = (QUERY_END_SESSION, END_SESSION, SETTING_CHANGE, POWER_BROADCAST)
"""Those that `answer` knows."""

_BOX_PIXELS = 24
"""Up to here the mark's columns stay sharp only where whole pixels are taken together."""

# Waking is told by 18 every time, and by 7 too where a person did it.
_POWER: dict[int, Event] = {4: "sleep", 18: "wake"}


def answer(message: int, wparam: int) -> tuple[int, Event | None]:
    """What to return to Windows for one of `MESSAGES`, and what has happened."""
    if message == QUERY_END_SESSION:
        return 1, None
    if message == END_SESSION:
        return 0, "logoff" if wparam else None
    if message == POWER_BROADCAST:
        return 1, _POWER.get(wparam)
    return 0, "theme"


def is_taskbar_dark(uses_light_theme: object) -> bool:
    """Whether it is, by the value `SystemUsesLightTheme`; without one it is dark."""
    return uses_light_theme != 1


def ico(image: Any, side: int) -> bytes:
    """A PIL image as an icon file with the one size that is shown, in pixels.

    pystray has a larger one made smaller by Explorer, which blurs it.
    """
    from PIL import Image

    size = (side, side)
    small = (
        image if image.size == size else image.convert("RGBA").resize(size, Image.Resampling.BOX)
    )
    data = io.BytesIO()
    small.save(data, format="ICO", sizes=[size])
    return data.getvalue()


if sys.platform == "win32":
    import ctypes
    import tempfile
    import winreg
    from collections import deque
    from collections.abc import Callable
    from functools import partial
    from pathlib import Path

    from pystray import _win32
    from pystray._util import win32

    _NULL, _WORK = 0x0000, 0x8001
    _ICON_ID = 1
    _SMALL_ICON_WIDTH = 49
    _THEME_KEY = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"

    class WindowsIcon(GuardedIcon, _win32.Icon):  # type: ignore[misc]  # pystray has no types
        """In the notification area; has not run yet."""

        _icon_handle: Any

        def __init__(self, hooks: Hooks) -> None:
            super().__init__(NAME)
            self.hooks = hooks
            self._work: deque[Callable[[], None]] = deque()
            self._is_open = self._is_stale = False
            self._message_handlers[_WORK] = self._on_work
            for message in MESSAGES:
                self._message_handlers[message] = partial(self._on_system, message)

        def hand_over(self, work: Callable[[], None]) -> None:
            self._work.append(work)
            win32.PostMessage(self._hwnd, _WORK, 0, 0)

        def is_dark(self) -> bool:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _THEME_KEY) as key:
                    return is_taskbar_dark(winreg.QueryValueEx(key, "SystemUsesLightTheme")[0])
            except OSError:
                return is_taskbar_dark(None)

        def _on_work(self, _wparam: int, _lparam: int) -> None:
            while self._work:
                self._work.popleft()()

        def _on_system(self, message: int, wparam: int, _lparam: int) -> int:
            result, event = answer(message, wparam)
            if event is not None:
                self.hooks.happened(event)
            return result

        def _on_notify(self, wparam: int, lparam: int) -> None:
            if lparam != win32.WM_RBUTTONUP:
                super()._on_notify(wparam, lparam)
            elif not self._is_open:
                self._open(wparam, lparam)

        def _open(self, wparam: int, lparam: int) -> None:
            # Messages are handled while the menu is open, also ours; what is shown must stay.
            self._is_open = True
            try:
                super()._on_notify(wparam, lparam)
            finally:
                self._is_open = False
                # Without a message after it the next menu would close at once.
                win32.PostMessage(self._hwnd, _NULL, 0, 0)
                if self._is_stale:
                    self._update_menu()

        def _update_menu(self) -> None:
            self._is_stale = self._is_open
            if not self._is_open:
                super()._update_menu()

        def _message(self, code: int, flags: int, **fields: object) -> None:
            # pystray names a field that does not exist, so that its id is 0 by accident. The
            # id stays the same for ever: Windows keeps by it where a person wants the icon.
            data = win32.NOTIFYICONDATAW(
                cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW),
                hWnd=self._hwnd,
                uID=_ICON_ID,
                uFlags=flags,
                **fields,
            )
            done = win32.Shell_NotifyIcon(code, data)
            if not done and code == win32.NIM_MODIFY and self.visible:
                # Explorer was too busy when the icon was added.
                self._show()
                win32.Shell_NotifyIcon(code, data)

        def _assert_icon_handle(self) -> None:
            if self._icon_handle:
                return
            side = ctypes.windll.user32.GetSystemMetrics(_SMALL_ICON_WIDTH)
            with tempfile.TemporaryDirectory(prefix="portico-") as folder:
                path = Path(folder, "icon.ico")
                path.write_bytes(ico(self.icon, side))
                self._icon_handle = win32.LoadImage(
                    None, str(path), win32.IMAGE_ICON, side, side, win32.LR_LOADFROMFILE
                )
