"""The tray of Linux: a StatusNotifierItem on the session's bus.

Panels show it as they like: some read the tool tip and some the title, and a panel may go and come
back. What is shown is sent at most four times a second, because faster changes have ended panels
(seen: 2026-11, a panel's plugin, on menus built anew fifty times a second).
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable
from typing import Annotated, Any

from dbus_fast import Message, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusInt32, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from . import dbusmenu
from .bus import BusError, call, connect, ended, follow_owner, listen
from .icons import pixmaps
from .look import Look
from .notifier import Notifier

_log = logging.getLogger(__name__)

PACE_S = 0.25
"""The least time between two changes that are sent."""
_PANEL_S = 60.0
"""How long a panel may take to take note of us."""
_KEPT = 5
"""So many notices wait for a bus."""
_RETRY_S = (1.0, 2.0, 5.0, 15.0)
_WATCHER = "org.kde.StatusNotifierWatcher"
_HOST_SIGNALS = ("StatusNotifierHostRegistered", "StatusNotifierHostUnregistered")
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
        self._notices: deque[tuple[str, str]] = deque(maxlen=_KEPT)
        self._has_notices = asyncio.Event()
        self._is_asked_for = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def show(self, look: Look) -> None:
        self._look = look
        self._set(self._news)

    def notify(self, title: str, text: str) -> None:
        self._notices.append((title, text))
        self._set(self._has_notices)

    def retry(self) -> None:
        """Look for a bus and a panel at once; from any thread."""
        self._set(self._is_asked_for)

    def _set(self, event: asyncio.Event) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

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
            self._is_asked_for.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_S[min(failures, len(_RETRY_S) - 1)]):
                    await self._is_asked_for.wait()

    async def _live(self) -> None:
        """One connection to the bus, from its beginning to its end."""
        bus = await connect()
        try:
            name = f"org.kde.StatusNotifierItem-{os.getpid()}-1"
            bus.export(_PATH, self._item)
            bus.export(dbusmenu.PATH, self._menu)
            await bus.request_name(name)
            panel = asyncio.Event()
            await follow_owner(bus, _WATCHER, lambda is_there: self._on_watcher(panel, is_there))
            hosts = asyncio.Event()
            for signal in _HOST_SIGNALS:
                rule = f"interface='{_WATCHER}',member='{signal}'"
                await listen(bus, rule, lambda message: self._on_signal(hosts, message))
            panel.set()
            loop = asyncio.get_running_loop()
            works = (
                self._register(bus, name, panel), self._follow_hosts(bus, hosts), self._draw(),
                self._tell(bus),
            )  # fmt: skip
            tasks = [loop.create_task(work) for work in works]
            try:
                await asyncio.wait(
                    [*tasks, loop.create_task(ended(bus))], return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
            for task in tasks:
                if not task.cancelled():
                    task.result()
        finally:
            for path in (_PATH, dbusmenu.PATH):
                # It fails where the bus has just died, which must not take the place of our end.
                with contextlib.suppress(Exception):
                    bus.unexport(path)
            bus.disconnect()

    def _on_watcher(self, panel: asyncio.Event, is_there: bool) -> None:  # noqa: FBT001
        if is_there:
            panel.set()
        else:
            self._host(is_there=False)

    @staticmethod
    def _on_signal(hosts: asyncio.Event, message: Message) -> None:
        # Others come as well, such as that of our own registration.
        if message.interface == _WATCHER and message.member in _HOST_SIGNALS:
            hosts.set()

    async def _follow_hosts(self, bus: MessageBus, hosts: asyncio.Event) -> None:
        """Notice who draws what the watcher knows of, as they come and go."""
        while True:
            await hosts.wait()
            hosts.clear()
            with contextlib.suppress(BusError):
                self._host(is_there=await _has_host(bus))

    async def _register(self, bus: MessageBus, name: str, panel: asyncio.Event) -> None:
        """Have the panel of now and every panel to come know of us."""
        while True:
            await panel.wait()
            panel.clear()
            try:
                # At login a panel may take its time, and shows us all the same.
                asked = ("RegisterStatusNotifierItem", "s", name)
                await call(bus, _WATCHER_AT, *asked, within_s=_PANEL_S)
                self._host(is_there=await _has_host(bus))
            except BusError as error:
                _log.info("tray=unregistered reason=%s", error)
                self._host(is_there=False)

    def _host(self, *, is_there: bool) -> None:
        if is_there != self._is_hosted:
            self._is_hosted = is_there
            _log.info("tray=%s", "shown" if is_there else "no-panel")
            self._on_hosted(is_there)

    async def _draw(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._look is not None:
                self._item.show(self._look)
                self._menu.show(self._look.rows)
            await asyncio.sleep(PACE_S)

    async def _tell(self, bus: MessageBus) -> None:
        """Show notices, however long the desktop takes for one."""
        notifier = Notifier(bus, lambda: self._pressed(0))
        await notifier.begin()
        while True:
            while self._notices:
                await notifier.notify(*self._notices.popleft())
            await self._has_notices.wait()
            self._has_notices.clear()


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
        return await _has_host(bus)
    except BusError:
        return False
    finally:
        bus.disconnect()


async def _has_host(bus: MessageBus) -> bool:
    """Whether somebody draws what the watcher knows of; raises `BusError`.

    A watcher may be there without anybody who draws.
    """
    where = (_WATCHER, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties")
    asked = ("ss", _WATCHER, "IsStatusNotifierHostRegistered")
    [told] = await call(bus, where, "Get", *asked)
    return bool(told.value)
