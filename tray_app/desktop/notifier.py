"""Notices on Linux: org.freedesktop.Notifications on the session's bus."""

import contextlib
from collections.abc import Callable

from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus

from .bus import BusError, call, listen
from .icons import app_file
from .login import APP_ID

_NAME = "org.freedesktop.Notifications"
_WHERE = (_NAME, "/org/freedesktop/Notifications", _NAME)
_KEPT = 16


class Notifier:
    """Notices over one connection to the bus, whose loop it is used from.

    Args:
        bus: The connection.
        pressed: Called when a person clicks one of our notices.
    """

    def __init__(self, bus: MessageBus, pressed: Callable[[], None]) -> None:
        self._bus = bus
        self._pressed = pressed
        self._ours: dict[int, None] = {}

    async def begin(self) -> None:
        """Hear of clicks; a desktop without notices is none the worse for it."""
        with contextlib.suppress(BusError):
            await listen(self._bus, f"interface='{_NAME}',member='ActionInvoked'", self._heard)

    async def notify(self, title: str, text: str) -> None:
        """Show a notice; where nobody shows any, nothing happens."""
        with contextlib.suppress(BusError):
            [capabilities] = await call(self._bus, _WHERE, "GetCapabilities")
            body = _escaped(text) if "body-markup" in capabilities else text
            actions = ["default", title] if "actions" in capabilities else []
            [number] = await call(
                self._bus, _WHERE, "Notify", "susssasa{sv}i",
                "Portico", 0, str(app_file("png")), title, body, actions,
                {"desktop-entry": Variant("s", APP_ID)}, -1,
            )  # fmt: skip
            self._ours[number] = None
            while len(self._ours) > _KEPT:
                del self._ours[next(iter(self._ours))]

    def _heard(self, message: Message) -> None:
        if message.member == "ActionInvoked" and message.body[0] in self._ours:
            self._pressed()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
