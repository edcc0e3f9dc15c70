"""The icon in a panel of X11: the fall-back of Linux, with neither menu nor tip.

pystray 0.19.5 asks X11 for no clicks, writes no title but Latin-1, and does not see a panel that
comes later. Its window is drawn in the thread that runs; it brings its calls there by itself.
"""

import threading
from collections.abc import Callable
from typing import Any

from .pystray_icon import NAME, GuardedIcon, Hooks

_BUTTONS = (1, 2, 3)
"""There is no menu, so that every button does the same; the others are the wheel."""


def xorg_icon(hooks: Hooks) -> Any:
    """An icon of X11; pystray connects to the screen when it is imported."""
    from pystray import _xorg
    from Xlib import X

    class XorgIcon(GuardedIcon, _xorg.Icon):  # type: ignore[misc]  # pystray has no types
        def __init__(self) -> None:
            super().__init__(NAME)
            self.hooks = hooks
            self._manager = self._display.intern_atom("MANAGER")
            self._own_messages = self._message_handlers[X.ClientMessage]
            self._message_handlers[X.ClientMessage] = self._on_message
            mask = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
            self._window.change_attributes(event_mask=mask)
            # Panels tell the root when they begin.
            self._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)

        def run(self, setup: Callable[[object], None]) -> None:
            # pystray may be asked for its thread a moment before it notes it.
            self._thread = threading.current_thread()
            super().run(setup)

        def _update_title(self) -> None:
            name = self._display.intern_atom("_NET_WM_NAME")
            kind = self._display.intern_atom("UTF8_STRING")
            self._window.change_text_property(name, kind, self.title)

        def _on_button_press(self, event: Any) -> None:
            if event.detail in _BUTTONS:
                self()

        def _on_message(self, event: Any) -> None:
            if event.client_type != self._manager:
                self._own_messages(event)
            elif event.data[1][1] == self._net_system_tray_sx and self.visible:
                self._show()

    return XorgIcon()
