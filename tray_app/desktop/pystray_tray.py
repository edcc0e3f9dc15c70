"""The tray by pystray: that of Windows and macOS, and on Linux where there is no better one."""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from .icons import Theme
from .look import IconName, Look
from .picture import Latest, Part, Picture, System, changed, notice, picture
from .pystray_icon import Event, Hooks, menu_of

LOGOFF_S = 3.0
"""How long the end of the session may be held up."""
SYSTEM: System = (
    "windows" if sys.platform == "win32" else "macos" if sys.platform == "darwin" else "linux"
)

_log = logging.getLogger(__name__)


class NoTrayError(Exception):
    """There is nothing to draw in; the text is one sentence and one action."""


class PystrayTray:
    """A `Tray`; make it in the main thread, which `run` then keeps.

    One thread of its own waits for what is to be drawn and brings it to the thread that may draw;
    while nothing changes, nothing runs.

    Args:
        pressed: Takes the id of a row, 0 for the icon itself; called in the thread of the tray,
            which stands still meanwhile. What it raises is logged.
        events: Takes what happens to the session; called like `pressed`, but for "logoff": that
            one comes in a thread of its own, and the system waits for its return, 3 s at most.
        image_of: An icon as the bytes of a square PNG, best of 64 pixels or more.

    Raises:
        NoTrayError: There is no screen.
    """

    def __init__(
        self,
        pressed: Callable[[int], None],
        events: Callable[[Event], None],
        image_of: Callable[[IconName, Theme], bytes],
    ) -> None:
        self._events = events
        self._image_of = image_of
        self._pressed = partial(_safely, "pressed", pressed)
        self._changed = threading.Condition()
        self._looks = Latest()
        self._notices: deque[tuple[str, str]] = deque()
        self._is_ending = False
        self._is_ready = threading.Event()
        self._drawn: Picture | None = None
        self._is_dark: bool | None = None
        self._icon = _icon(Hooks(self._pressed, partial(_safely, "event", self._happened)))

    def show(self, look: Look) -> None:
        """See `Tray`."""
        with self._changed:
            self._looks.put(look)
            self._changed.notify()

    def notify(self, title: str, text: str) -> None:
        """See `Tray`; a notice comes after the first look."""
        with self._changed:
            self._notices.append((title, text))
            self._changed.notify()

    def retry(self) -> None:
        """See `Tray`; where there is none at the start, there is none."""

    def run(self) -> None:
        """Draw until `stop`, or until the screen is gone; once, in the main thread."""
        threading.Thread(target=self._draw_all, name="tray", daemon=True).start()
        self._icon.run(setup=lambda _: self._is_ready.set())
        if not self._is_ending:
            _log.warning("tray=lost")
        self._is_ready.clear()
        self.stop()

    def stop(self) -> None:
        """End `run`, from any thread; returns at once."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()

    def _draw_all(self) -> None:
        self._is_ready.wait()
        while (work := self._next()) is not None:
            self._icon.hand_over(work)
        if self._is_ready.is_set():
            self._icon.hand_over(partial(_safely, "stop", self._icon.stop))

    def _next(self) -> Callable[[], None] | None:
        """What is to be done in the thread that may draw, once there is something."""
        with self._changed:
            while not self._is_ending:
                now_s = time.monotonic()
                if (look := self._looks.take(now_s)) is not None:
                    return partial(_safely, "draw", self._draw, look)
                if self._notices and self._looks.has_begun:
                    return partial(_safely, "notice", self._tell, *self._notices.popleft())
                self._changed.wait(self._looks.wait_s(now_s))
        return None

    def _draw(self, look: Look) -> None:
        self._is_dark = self._icon.is_dark()
        after = picture(look, SYSTEM, is_dark=self._is_dark)
        for part in changed(self._drawn, after):
            self._draw_part(part, after)
        self._icon.visible = True
        self._drawn = after

    def _draw_part(self, part: Part, after: Picture) -> None:
        if part == "image":
            self._icon.paint(self._image_of(after.icon, after.theme), after.theme)
        elif part == "tip":
            self._icon.title = after.tip
        else:
            self._icon.menu = menu_of(after.rows, self._pressed)

    def _tell(self, title: str, text: str) -> None:
        if not self._icon.HAS_NOTIFICATION:
            _log.warning("notice=unshown reason=no-notices-in-this-tray")
            return
        title, text = notice(title, text, SYSTEM)
        self._icon.notify(text, title)

    def _happened(self, event: Event) -> None:
        if event == "logoff":
            within(LOGOFF_S, partial(_safely, "logoff", self._events, event))
        elif event != "theme" or self._has_new_theme():
            self._events(event)

    def _has_new_theme(self) -> bool:
        """Whether it is another one than before; then the icon is drawn anew."""
        before, self._is_dark = self._is_dark, self._icon.is_dark()
        if self._is_dark == before:
            return False
        with self._changed:
            self._looks.repeat()
            self._changed.notify()
        return True


def within(seconds: float, work: Callable[[], None]) -> bool:
    """Do this in a thread of its own and wait so long; returns whether it was done by then."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def _safely(what: str, call: Callable[..., None], *arguments: object) -> None:
    """A fault of whoever is called must not take the tray down."""
    try:
        call(*arguments)
    except Exception:  # noqa: BLE001  whatever it is, the icon stays
        _log.exception("tray=failed at=%s", what)


def _icon(hooks: Hooks) -> Any:
    if sys.platform == "win32":
        from .pystray_windows import WindowsIcon

        return WindowsIcon(hooks)
    elif sys.platform == "darwin":  # noqa: RET505  mypy reads one branch only
        from .pystray_macos import MacosIcon

        return MacosIcon(hooks)
    else:
        return _linux_icon(hooks)


def _linux_icon(hooks: Hooks) -> Any:
    from Xlib.error import DisplayError, XauthError

    from .pystray_xorg import xorg_icon

    try:
        return xorg_icon(hooks)
    except (ImportError, DisplayError, XauthError) as error:
        said = "There is no screen for an icon. Start Portico on a desktop, or with --headless."
        raise NoTrayError(said) from error
