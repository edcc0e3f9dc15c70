"""The tray of Linux: a StatusNotifierItem on the session's bus.

Panels show it as they like: some read the tool tip and some the title, and a panel may go and come
back. What is shown is sent at most four times a second, because faster changes have ended panels
(seen: 2026-11, a panel's plugin, on menus built anew fifty times a second).
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from typing import Annotated, Any

from dbus_fast import PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusInt32, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from . import dbusmenu
from .bus import BusError, call, connect, ended, follow_owner
from .icons import pixmaps
from .look import Look
from .notifier import Notifier

_log = logging.getLogger(__name__)

PACE_S = 0.25
"""The least time between two changes that are sent."""
_RETRY_S = (1.0, 2.0, 5.0, 15.0)
_WATCHER = "org.kde.StatusNotifierWatcher"
_WATCHER_AT = (_WATCHER, "/StatusNotifierWatcher", _WATCHER)
_PATH = "/StatusNotifierItem"

Pixmaps = Annotated[list[Any], DBusSignature("a(iiay)")]
ToolTip = Annotated[list[Any], DBusSignature("(sa(iiay)ss)")]


class SniTray:
    """A tray on the session's bus.

    Args:
        pressed: Called with the id of a row that was clicked, and with 0 for the icon.
        hosted: Called with whether a panel shows it, whenever that changes.
    """

    def __init__(
        self, pressed: Callable[[int], None], hosted: Callable[[bool], None] = lambda _: None
    ) -> None:
        self._pressed = pressed
        self._on_hosted = hosted
        self._is_hosted: bool | None = None
        self._item = _Item(pressed)
        self._menu = dbusmenu.DBusMenu(pressed)
        self._look: Look | None = None
        self._notices: list[tuple[str, str]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def show(self, look: Look) -> None:
        self._look = look
        self._wake()

    def notify(self, title: str, text: str) -> None:
        self._notices.append((title, text))
        self._wake()

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Be there until it is cancelled, over every bus and panel that comes and goes."""
        self._loop = asyncio.get_running_loop()
        self._news.set()
        failures = 0
        while True:
            try:
                await self._live()
                failures = 0
            except BusError as error:
                _log.info("tray=no-bus reason=%s", error)
                failures += 1
            except Exception:  # noqa: BLE001  whatever a bus or a panel does, the tray comes back
                _log.exception("tray=failed")
                failures += 1
            self._host(is_there=False)
            await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])

    async def _live(self) -> None:
        """One connection to the bus, from its beginning to its end."""
        bus = await connect()
        try:
            name = f"org.kde.StatusNotifierItem-{os.getpid()}-1"
            bus.export(_PATH, self._item)
            bus.export(dbusmenu.PATH, self._menu)
            await bus.request_name(name)
            notifier = Notifier(bus, lambda: self._pressed(0))
            async with asyncio.TaskGroup() as tasks:
                await notifier.begin()
                tasks.create_task(self._register_always(bus, name, tasks))
                drawing = tasks.create_task(self._draw(notifier))
                await ended(bus)
                drawing.cancel()
        finally:
            bus.unexport(_PATH)
            bus.unexport(dbusmenu.PATH)
            bus.disconnect()

    async def _register_always(self, bus: MessageBus, name: str, tasks: asyncio.TaskGroup) -> None:
        """Have the panel of now and every panel to come know of us."""

        def on_watcher(is_there: bool) -> None:  # noqa: FBT001  a bus tells it so
            if is_there:
                tasks.create_task(self._register(bus, name))
            else:
                self._host(is_there=False)

        with contextlib.suppress(BusError):
            await follow_owner(bus, _WATCHER, on_watcher)
        await self._register(bus, name)

    async def _register(self, bus: MessageBus, name: str) -> None:
        try:
            await call(bus, _WATCHER_AT, "RegisterStatusNotifierItem", "s", name)
        except BusError:
            self._host(is_there=False)
        else:
            self._host(is_there=True)

    def _host(self, *, is_there: bool) -> None:
        if is_there != self._is_hosted:
            self._is_hosted = is_there
            _log.info("tray=%s", "shown" if is_there else "no-panel")
            self._on_hosted(is_there)

    async def _draw(self, notifier: Notifier) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._look is not None:
                self._item.show(self._look)
                self._menu.show(self._look.rows)
            notices, self._notices = self._notices, []
            for title, text in notices:
                await notifier.notify(title, text)
            await asyncio.sleep(PACE_S)


class _Item(ServiceInterface):
    """The icon's object."""

    def __init__(self, pressed: Callable[[int], None]) -> None:
        super().__init__("org.kde.StatusNotifierItem")
        self._pressed = pressed
        self._look: Look | None = None

    def show(self, look: Look) -> None:
        before, self._look = self._look, look
        if before is None or before.icon != look.icon:
            self.NewIcon()
        if before is None or (before.title, before.tip) != (look.title, look.tip):
            self.NewToolTip()
            self.NewTitle()

    @dbus_property(PropertyAccess.READ, "Category")
    def category(self) -> DBusStr:
        return "Communications"

    @dbus_property(PropertyAccess.READ, "Id")
    def id(self) -> DBusStr:
        return "portico"

    @dbus_property(PropertyAccess.READ, "Title")
    def title(self) -> DBusStr:
        # Some panels show this where others show the tool tip.
        return f"{self._look.title}: {self._look.tip}" if self._look else "Portico"

    @dbus_property(PropertyAccess.READ, "Status")
    def status(self) -> DBusStr:
        # Another one would have some panels swap the icon, and hide it where nothing is new.
        return "Active"

    @dbus_property(PropertyAccess.READ, "WindowId")
    def window_id(self) -> DBusInt32:
        return 0

    @dbus_property(PropertyAccess.READ, "IconName")
    def icon_name(self) -> DBusStr:
        return ""

    @dbus_property(PropertyAccess.READ, "IconPixmap")
    def icon_pixmap(self) -> Pixmaps:
        return [list(one) for one in pixmaps(self._look.icon)] if self._look else []

    @dbus_property(PropertyAccess.READ, "ToolTip")
    def tool_tip(self) -> ToolTip:
        return ["", [], self._look.title, self._look.tip] if self._look else ["", [], "", ""]

    @dbus_property(PropertyAccess.READ, "ItemIsMenu")
    def item_is_menu(self) -> DBusBool:
        return False

    @dbus_property(PropertyAccess.READ, "Menu")
    def menu(self) -> DBusObjectPath:
        return dbusmenu.PATH

    @dbus_method("Activate")
    def activate(self, x: DBusInt32, y: DBusInt32) -> None:
        self._pressed(0)

    @dbus_method("SecondaryActivate")
    def secondary_activate(self, x: DBusInt32, y: DBusInt32) -> None:
        self._pressed(0)

    @dbus_method("ContextMenu")
    def context_menu(self, x: DBusInt32, y: DBusInt32) -> None:
        """The panel shows the menu by itself."""

    @dbus_method("Scroll")
    def scroll(self, delta: DBusInt32, orientation: DBusStr) -> None:
        """Nothing turns with the wheel."""

    @dbus_signal("NewIcon")
    def NewIcon(self) -> None:  # noqa: N802
        pass

    @dbus_signal("NewToolTip")
    def NewToolTip(self) -> None:  # noqa: N802
        pass

    @dbus_signal("NewTitle")
    def NewTitle(self) -> None:  # noqa: N802
        pass


async def has_panel() -> bool:
    """Whether a panel is there that shows icons."""
    try:
        bus = await connect()
    except BusError:
        return False
    try:
        where = (_WATCHER, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties")
        asked = ("ss", _WATCHER, "IsStatusNotifierHostRegistered")
        [told] = await call(bus, where, "Get", *asked)
        return bool(told.value)
    except BusError:
        return False
    finally:
        bus.disconnect()
