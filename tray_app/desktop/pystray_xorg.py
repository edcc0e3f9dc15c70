"""The icon in a panel of X11: the fall-back of Linux, with neither menu nor tip.

pystray 0.19.5 asks X11 for no clicks, writes no title but Latin-1, and does not see a panel that
comes later. It also uses one connection in two threads, by which python-xlib 0.33 now and then
leaves a request unsent; here all of it is done in the thread that runs.
"""

import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .pystray_icon import NAME, GuardedIcon, Hooks

_BUTTONS = (1, 2, 3)
"""There is no menu, so that every button does the same; the others are the wheel."""


class XorgIcon(GuardedIcon):
    """What is ours of it; `xorg_icon` makes a whole one."""

    title: str
    visible: bool
    _display: Any
    _window: Any
    _message_handlers: dict[int, Callable[[Any], None]]
    _net_system_tray_sx: int
    _show: Callable[[], None]

    def prepare(self, hooks: Hooks) -> None:
        """Ask X11 for everything that is to be known."""
        from Xlib import X

        self.hooks = hooks
        self._work: deque[Callable[[], None]] = deque()
        # Open as long as the process: whoever wakes the loop may do so after its end.
        self._woken, self._wake = os.pipe()
        self._manager = self._display.intern_atom("MANAGER")
        self._own_messages = self._message_handlers[X.ClientMessage]
        self._message_handlers[X.ClientMessage] = self._on_message
        mask = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
        self._window.change_attributes(event_mask=mask)
        # Panels tell the root when they begin.
        self._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)

    def hand_over(self, work: Callable[[], None]) -> None:
        """See `GuardedIcon`."""
        self._work.append(work)
        os.write(self._wake, b"!")

    def _events(self) -> Iterator[Any]:
        while True:
            self._display.flush()
            if self._display.pending_events():
                yield self._display.next_event()
            elif self._work:
                self._work.popleft()()
            else:
                self._wait()

    def _wait(self) -> None:
        ready, _, _ = select.select([self._display.fileno(), self._woken], [], [])
        if self._woken in ready:
            os.read(self._woken, 100)

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


def xorg_icon(hooks: Hooks) -> XorgIcon:
    """An icon of X11; pystray connects to the screen when it is imported."""
    # Else it would load all of GTK first, where there is one.
    os.environ.setdefault("PYSTRAY_BACKEND", "xorg")
    from pystray import _xorg

    class Icon(XorgIcon, _xorg.Icon):  # type: ignore[misc]  # pystray has no types
        pass

    icon: XorgIcon = Icon(NAME)
    icon.prepare(hooks)
    return icon
