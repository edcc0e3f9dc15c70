"""The menu as panels ask for it, over a real bus."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus

from tests.desktop.buses import private_bus
from tests.waiting import comes
from tray_app.desktop.bus import BusError, call, connect, listen
from tray_app.desktop.dbusmenu import PATH, DBusMenu
from tray_app.desktop.look import Row

pytestmark = pytest.mark.desktop

MENU = "com.canonical.dbusmenu"
ROWS = (
    Row(1, "a_b", enabled=False),
    Row(9),
    Row(2, "Switch", checked=True),
    Row(3, "More", rows=(Row(31, "Deep", rows=(Row(311, "Deeper"),)),)),
)


class Panel:
    """The other side of a bus."""

    def __init__(self, bus: MessageBus, name: str) -> None:
        self._bus, self._name = bus, name
        self.heard: list[tuple[str, list[Any]]] = []

    async def ask(self, member: str, signature: str, *body: Any) -> Any:
        return await call(self._bus, (self._name, PATH, MENU), member, signature, *body)

    async def listen(self) -> None:
        def heard(message: Message) -> None:
            if message.interface == MENU:
                self.heard.append((str(message.member), list(message.body)))

        await listen(self._bus, f"interface='{MENU}'", heard)


@pytest.fixture
async def shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[DBusMenu, Panel, list[int]]]:
    pressed: list[int] = []
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        ours, theirs = await connect(), await connect()
        menu = DBusMenu(pressed.append)
        ours.export(PATH, menu)
        menu.show(ROWS)
        assert ours.unique_name
        panel = Panel(theirs, ours.unique_name)
        await panel.listen()
        yield menu, panel, pressed
        ours.disconnect()
        theirs.disconnect()


Shown = tuple[DBusMenu, Panel, list[int]]


async def test_the_layout_is_given_as_deep_as_it_is_asked_for(shown: Shown) -> None:
    _, panel, _ = shown
    _, root = await panel.ask("GetLayout", "iias", 0, -1, [])
    _, flat = await panel.ask("GetLayout", "iias", 0, 1, ["label"])
    _, deep = await panel.ask("GetLayout", "iias", 31, 1, [])

    first, line, switch, more = (child.value for child in root[2])
    assert first[1] == {"label": Variant("s", "a__b"), "enabled": Variant("b", False)}
    assert line[1] == {"type": Variant("s", "separator")}
    assert switch[1]["toggle-state"] == Variant("i", 1)
    assert more[1]["children-display"] == Variant("s", "submenu")
    assert more[2][0].value[2][0].value[0] == 311
    assert [child.value[2] for child in flat[2]] == [[]] * 4
    assert flat[2][3].value[1] == {"label": Variant("s", "More")}
    assert [child.value[0] for child in deep[2]] == [311]


async def test_properties_are_given_one_by_one_and_what_is_not_there_is_refused(
    shown: Shown,
) -> None:
    _, panel, _ = shown
    [some] = await panel.ask("GetGroupProperties", "aias", [2, 77], ["label"])
    [every] = await panel.ask("GetGroupProperties", "aias", [], [])
    [label] = await panel.ask("GetProperty", "is", 2, "label")

    assert some == [(2, {"label": Variant("s", "Switch")})]
    assert {number for number, _ in every} == {0, 1, 2, 3, 9, 31, 311}
    assert label == Variant("s", "Switch")
    for member, signature, body in (
        ("GetProperty", "is", (77, "label")),
        ("GetProperty", "is", (2, "colour")),
        ("GetLayout", "iias", (77, -1, [])),
        ("Event", "isvu", (77, "clicked", Variant("i", 0), 0)),
    ):
        with pytest.raises(BusError):
            await panel.ask(member, signature, *body)


async def test_only_what_can_be_clicked_is(shown: Shown) -> None:
    _, panel, pressed = shown
    for number in (0, 1, 9, 3, 31, 2):
        await panel.ask("Event", "isvu", number, "clicked", Variant("i", 0), 0)
    await panel.ask("Event", "isvu", 2, "hovered", Variant("i", 0), 0)
    events = [[311, "clicked", Variant("i", 0), 0], [77, "clicked", Variant("i", 0), 0]]
    [unknown] = await panel.ask("EventGroup", "a(isvu)", events)

    assert pressed == [2, 311]
    assert unknown == [77]
    assert await panel.ask("AboutToShow", "i", 0) == [False]
    assert await panel.ask("AboutToShowGroup", "ai", [0, 77]) == [[], [77]]


async def test_what_changes_is_said_and_no_more_than_that(shown: Shown) -> None:
    menu, panel, _ = shown
    # Of the first layout it may hear or not: it may have begun to listen a moment later.
    await panel.ask("AboutToShow", "i", 0)
    panel.heard.clear()
    menu.show(ROWS)
    menu.show((Row(1, "other"), *ROWS[1:]))
    menu.show((Row(1, "other"), Row(2, "Switch", checked=True)))
    heard = panel.heard
    await comes(lambda: len(heard) == 2)
    revision, root = await panel.ask("GetLayout", "iias", 0, -1, [])

    assert [name for name, _ in heard] == ["ItemsPropertiesUpdated", "LayoutUpdated"]
    assert heard[0][1] == [[(1, {"label": Variant("s", "other")})], [(1, ["enabled"])]]
    assert heard[1][1] == [revision, 0]
    assert [child.value[0] for child in root[2]] == [1, 2]
