"""A panel without a screen: reads and clicks a tray over the protocol that real panels speak."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Remote:
    """The tray whose id is `portico`, on one bus; every call blocks.

    Args:
        address: Of the bus.
        pid: Of the program, where several have a tray.
        name: That of the tray on the bus, where no panel's watcher can be asked for it.
    """

    def __init__(self, address: str, pid: int | None = None, name: str = "") -> None:
        self._address = address
        self._name = name
        self._mark = "" if pid is None else f"-{pid}-"

    def call(self, *where: str, signature: str = "", body: tuple[Any, ...] = ()) -> Any:
        """What a method gives back: the name, the path, the interface and the method."""
        return asyncio.run(self._call(where, signature, list(body)))

    async def _call(self, where: tuple[str, ...], signature: str, body: list[Any]) -> Any:
        destination, path, interface, member = where
        bus = await MessageBus(self._address).connect()
        try:
            message = Message(destination, path, interface, member, signature=signature, body=body)
            reply = await asyncio.wait_for(bus.call(message), 10)
        finally:
            bus.disconnect()
        if reply.message_type is MessageType.ERROR:
            raise LookupError(f"{member}: {reply.error_name} {reply.body}")
        return reply.body

    def name(self) -> str:
        """The bus name under which a panel's watcher knows the tray."""
        if self._name:
            return self._name
        asked = (WATCHER, "RegisteredStatusNotifierItems")
        [items] = self.call(
            WATCHER, "/StatusNotifierWatcher", PROPERTIES, "Get", signature="ss", body=asked
        )
        for item in items.value:
            name, _, path = item.partition("/")
            if f"/{path}" == "/StatusNotifierItem" and self._mark in name:
                return str(name)
        raise LookupError("no tray")

    def shown(self) -> dict[str, Any]:
        """What the icon says of itself."""
        [told] = self.call(
            self.name(), "/StatusNotifierItem", PROPERTIES, "GetAll", signature="s", body=(ITEM,)
        )
        return {name: variant.value for name, variant in told.items()}

    def tip(self) -> str:
        """The line of the tool tip."""
        return str(self.shown()["ToolTip"][3])

    def rows(self) -> list[dict[str, Any]]:
        """The menu, as a panel builds it when it is opened."""
        name, path = self.name(), self.shown()["Menu"]
        self.call(name, path, MENU, "AboutToShow", signature="i", body=(0,))
        _, root = self.call(name, path, MENU, "GetLayout", signature="iias", body=(0, -1, []))
        return [_row(child.value) for child in root[2]]

    def labels(self) -> list[str]:
        """The labels of the first level."""
        return [row["label"] for row in self.rows() if "label" in row]

    def row(self, label: str) -> dict[str, Any]:
        """The row whose label begins like this, however deep."""
        for row in _flat(self.rows()):
            if row.get("label", "").startswith(label):
                return row
        raise LookupError(label)

    def click(self, label: str) -> None:
        """Click a row."""
        self.click_id(self.row(label)["id"])

    def click_id(self, number: int) -> None:
        """Click a row by its id."""
        body = (number, "clicked", Variant("i", 0), 0)
        self.call(self.name(), self.shown()["Menu"], MENU, "Event", signature="isvu", body=body)

    def click_ids(self, numbers: list[int]) -> None:
        """Click rows by their ids, as fast as the bus takes it."""
        events = [[number, "clicked", Variant("i", 0), 0] for number in numbers]
        where = (self.name(), self.shown()["Menu"], MENU, "EventGroup")
        self.call(*where, signature="a(isvu)", body=(events,))

    def times_to_open(self, count: int) -> list[float]:
        """How many seconds each of so many openings of the menu took."""
        return asyncio.run(self._times_to_open(self.name(), self.shown()["Menu"], count))

    async def _times_to_open(self, name: str, path: str, count: int) -> list[float]:
        bus = await MessageBus(self._address).connect()
        times: list[float] = []
        for _ in range(count):
            began_s = time.perf_counter()
            for member, signature, body in (
                ("AboutToShow", "i", [0]), ("GetLayout", "iias", [0, -1, []]),
            ):  # fmt: skip
                message = Message(name, path, MENU, member, signature=signature, body=body)
                reply = await bus.call(message)
                assert reply.message_type is not MessageType.ERROR
            times.append(time.perf_counter() - began_s)
            await asyncio.sleep(0.05)
        bus.disconnect()
        return times

    def activate(self) -> None:
        """Click the icon itself."""
        where = (self.name(), "/StatusNotifierItem", ITEM, "Activate")
        self.call(*where, signature="ii", body=(0, 0))


def _row(told: list[Any]) -> dict[str, Any]:
    number, properties, children = told
    row = {name: variant.value for name, variant in properties.items()}
    if "label" in row:
        row["label"] = row["label"].replace("__", "_")
    return {**row, "id": number, "rows": [_row(child.value) for child in children]}


def _flat(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row
        yield from _flat(row["rows"])
