"""Notices on a desktop whose notice server is the test."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from dbus_fast.annotations import DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

from tests.desktop.buses import private_bus
from tests.waiting import comes
from tray_app.desktop.bus import connect
from tray_app.desktop.notifier import Notifier

pytestmark = pytest.mark.desktop

NAME = "org.freedesktop.Notifications"
Texts = Annotated[list[str], DBusSignature("as")]
Hints = Annotated[dict[str, Any], DBusSignature("a{sv}")]


class Server(ServiceInterface):
    """Shows notices to nobody."""

    def __init__(self, *capabilities: str) -> None:
        super().__init__(NAME)
        self.capabilities = list(capabilities)
        self.shown: list[tuple[str, str, list[str]]] = []

    @dbus_method("GetCapabilities")
    def get_capabilities(self) -> Texts:
        return self.capabilities

    @dbus_method("Notify")
    def notify(
        self, app: DBusStr, replaces: DBusUInt32, icon: DBusStr, title: DBusStr, body: DBusStr,
        actions: Texts, hints: Hints, lasts: DBusInt32,
    ) -> DBusUInt32:  # fmt: skip
        assert (app, replaces, lasts) == ("Portico", 0, -1)
        assert Path(icon).is_file()
        self.shown.append((title, body, actions))
        return len(self.shown)

    @dbus_signal("ActionInvoked")
    def act(self, number: int) -> Annotated[list[Any], DBusSignature("us")]:
        return [number, "default"]


@pytest.mark.parametrize(
    ("capabilities", "body", "actions"),
    [
        (["body", "body-markup", "actions"], "1 &lt; 2 &amp; more", ["default", "Title"]),
        (["body"], "1 < 2 & more", []),
    ],
)
async def test_a_notice_is_shown_as_the_desktop_can_show_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capabilities: list[str],
    body: str,
    actions: list[str],
) -> None:
    pressed: list[int] = []
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        server = Server(*capabilities)
        desktop, ours = await connect(), await connect()
        desktop.export("/org/freedesktop/Notifications", server)
        await desktop.request_name(NAME)
        notifier = Notifier(ours, lambda: pressed.append(1))
        await notifier.begin()
        await notifier.notify("Title", "1 < 2 & more")
        server.act(99)
        server.act(1)
        await comes(lambda: pressed)
        desktop.disconnect()
        ours.disconnect()

    assert server.shown == [("Title", body, actions)]
    assert pressed == [1]


async def test_where_nobody_shows_notices_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        bus = await connect()
        notifier = Notifier(bus, lambda: None)
        await notifier.begin()
        await notifier.notify("Title", "text")
        bus.disconnect()
