"""The icon in the menu bar of macOS; has not run yet, but for its pure half.

Since macOS 26 a process dies that touches its icon from any thread but the main one, so everything
is handed to that one. What pystray 0.19.5 lacks is added: sharp images, templates, which the bar
colours itself, sleep and the end of the session, notices without a title, and a menu that stays as
it is while it is open.
"""

import io
import sys
from typing import Any

from .icons import Theme
from .pystray_icon import NAME, Event, GuardedIcon, Hooks

POINTS = 18
_SCALE = 2
_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
_NOTICE_S = 10.0
_THEME_PAUSE_S = 1.0
"""The bar takes its new colours a moment after the change is told."""


def notice_command(title: str | None, text: str) -> list[str]:
    """What shows a notice; the texts are arguments, so that nothing in them is ever run."""
    lines = [word for line in _SCRIPT for word in ("-e", line)]
    # A first word that begins with a dash would be read as an option.
    return ["osascript", *lines, (title or "Portico").lstrip("-"), text]


def retina(image: Any) -> bytes:
    """A PIL image as a PNG of the size of the bar on a sharp screen."""
    from PIL import Image

    side = POINTS * _SCALE
    data = io.BytesIO()
    image.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS).save(data, format="PNG")
    return data.getvalue()


if sys.platform == "darwin":
    import logging
    import subprocess
    import threading
    from collections.abc import Callable

    import AppKit
    import Foundation
    from PyObjCTools import AppHelper
    from pystray import Menu, _darwin

    _log = logging.getLogger(__name__)

    class _Presses:
        """Stands where pystray has a list of what to call, and takes the id of a row."""

        def __getitem__(self, row_id: int) -> Callable[[Any], None]:
            def chosen(icon: Any) -> None:
                icon.hooks.pressed(row_id)

            return chosen

    def _show_notice(title: str | None, text: str) -> None:
        try:
            subprocess.run(notice_command(title, text), timeout=_NOTICE_S, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            _log.warning("notice=unshown reason=%s", type(error).__name__)

    def _watch(center: Any, name: str, call: Callable[[], None]) -> Any:
        def told(_notification: object) -> None:
            call()

        return center.addObserverForName_object_queue_usingBlock_(name, None, None, told)

    class MacosIcon(GuardedIcon, _darwin.Icon):  # type: ignore[misc]  # pystray has no types
        """In the menu bar; make it in the main thread. Has not run yet."""

        _icon_image: Any

        def __init__(self, hooks: Hooks) -> None:
            super().__init__(NAME)
            self.hooks = hooks
            self._is_template = self._is_open = self._is_stale = False
            # No place in the dock, whatever starts us.
            self._app.setActivationPolicy_(AppKit.NSApplicationActivationPolicyAccessory)
            self._watches = [*self._watch_session(), *self._watch_menu()]

        def hand_over(self, work: Callable[[], None]) -> None:
            AppHelper.callAfter(work)

        def is_dark(self) -> bool:
            known = [AppKit.NSAppearanceNameAqua, AppKit.NSAppearanceNameDarkAqua]
            appearance = self._status_item.button().effectiveAppearance()
            found = appearance.bestMatchFromAppearancesWithNames_(known)
            return bool(found == AppKit.NSAppearanceNameDarkAqua)

        def paint(self, png: bytes, theme: Theme) -> None:
            self._is_template = theme == "template"
            super().paint(png, theme)

        def _watch_session(self) -> list[Any]:
            workspace = AppKit.NSWorkspace.sharedWorkspace().notificationCenter()
            own = Foundation.NSNotificationCenter.defaultCenter()
            everyone = Foundation.NSDistributedNotificationCenter.defaultCenter()

            def tell(event: Event) -> Callable[[], None]:
                return lambda: self.hooks.happened(event)

            def theme() -> None:
                AppHelper.callLater(_THEME_PAUSE_S, self.hooks.happened, "theme")

            return [
                _watch(workspace, AppKit.NSWorkspaceWillSleepNotification, tell("sleep")),
                _watch(workspace, AppKit.NSWorkspaceDidWakeNotification, tell("wake")),
                _watch(own, AppKit.NSApplicationWillTerminateNotification, tell("logoff")),
                _watch(everyone, "AppleInterfaceThemeChangedNotification", theme),
            ]

        def _watch_menu(self) -> list[Any]:
            own = Foundation.NSNotificationCenter.defaultCenter()
            return [
                _watch(own, AppKit.NSMenuDidBeginTrackingNotification, self._opened),
                _watch(own, AppKit.NSMenuDidEndTrackingNotification, self._closed),
            ]

        def _opened(self) -> None:
            self._is_open = True

        def _closed(self) -> None:
            self._is_open = False
            if self._is_stale:
                # Later: the row that was chosen is told after the menu has closed.
                AppHelper.callAfter(self._update_menu)

        def _update_menu(self) -> None:
            self._is_stale = self._is_open
            if not self._is_open:
                menu = self._create_menu(self.menu, [])
                self._status_item.setMenu_(menu)
                self._menu_handle = (menu, _Presses())

        def _create_menu_item(self, descriptor: Any, callbacks: list[Any]) -> Any:
            item = super()._create_menu_item(descriptor, callbacks)
            if descriptor is not Menu.SEPARATOR:
                # pystray tells rows by their place, which may be another one a moment later.
                item.setTag_(descriptor.row_id)
            return item

        def _assert_image(self) -> None:
            if self._icon_image is None:
                png = retina(self.icon)
                data = Foundation.NSData.dataWithBytes_length_(png, len(png))
                image = AppKit.NSImage.alloc().initWithData_(data)
                image.setSize_(Foundation.NSMakeSize(POINTS, POINTS))
                image.setTemplate_(self._is_template)
                self._icon_image = image
            self._status_item.button().setImage_(self._icon_image)

        def _notify(self, message: str, title: str | None = None) -> None:
            # It takes a moment, and the main thread has none.
            threading.Thread(target=_show_notice, args=(title, message), daemon=True).start()
