"""A menu as an object on the bus: com.canonical.dbusmenu, which every panel of Linux speaks.

A panel asks for the layout once and hears of changes: of rows that changed, where the same rows are
there, and of a new layout only where rows came or went.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from dbus_fast import ErrorType, PropertyAccess, Variant
from dbus_fast.annotations import (
    DBusBool,
    DBusInt32,
    DBusSignature,
    DBusStr,
    DBusUInt32,
    DBusVariant,
)
from dbus_fast.errors import DBusError
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from .look import Row

PATH = "/MenuBar"
_ROOT = 0

Properties = dict[str, Variant]
Strings = Annotated[list[str], DBusSignature("as")]
Numbers = Annotated[list[int], DBusSignature("ai")]
Layout = Annotated[list[Any], DBusSignature("(ia{sv}av)")]
RevisedLayout = Annotated[list[Any], DBusSignature("u(ia{sv}av)")]
RowsProperties = Annotated[list[Any], DBusSignature("a(ia{sv})")]
RowsLost = Annotated[list[Any], DBusSignature("a(ias)")]
Events = Annotated[list[Any], DBusSignature("a(isvu)")]
TwoNumberLists = Annotated[list[Any], DBusSignature("aiai")]


class DBusMenu(ServiceInterface):
    """The menu's object; used from the bus's loop.

    Args:
        pressed: Called with the id of a row that was clicked.
    """

    def __init__(self, pressed: Callable[[int], None]) -> None:
        super().__init__("com.canonical.dbusmenu")
        self._pressed = pressed
        self._revision = 1
        self._shown: tuple[Row, ...] = ()
        self._rows: dict[int, Row] = {_ROOT: Row(_ROOT)}
        self._properties: dict[int, Properties] = {_ROOT: _root_properties()}

    def show(self, rows: tuple[Row, ...]) -> None:
        """Have these rows from now on, and say what changed."""
        if rows == self._shown:
            return
        before, properties = self._properties, self._properties
        shape = _shape(self._shown)
        self._shown = rows
        self._rows = {_ROOT: Row(_ROOT, rows=rows), **{row.id: row for row in _flat(rows)}}
        self._properties = properties = {
            number: _properties_of(row) for number, row in self._rows.items()
        }
        if _shape(rows) != shape:
            self._revision += 1
            self.LayoutUpdated()
            return
        changed = [[number, one] for number, one in properties.items() if before[number] != one]
        lost = [
            [number, sorted(gone)]
            for number, one in properties.items()
            if (gone := before[number].keys() - one.keys())
        ]
        self.ItemsPropertiesUpdated(changed, lost)

    def _layout(self, number: int, depth: int, names: list[str]) -> list[Any]:
        row = self._known(number)
        below = row.rows if depth else ()
        children = [
            Variant("(ia{sv}av)", self._layout(child.id, depth - 1, names)) for child in below
        ]
        return [number, self._chosen(number, names), children]

    def _chosen(self, number: int, names: list[str]) -> Properties:
        properties = self._properties[number]
        return {name: properties[name] for name in names or properties if name in properties}

    def _known(self, number: int) -> Row:
        if number not in self._rows:
            raise DBusError(ErrorType.INVALID_ARGS, f"there is no row {number}")
        return self._rows[number]

    def _heard(self, number: int, kind: str) -> None:
        row = self._known(number)
        if kind == "clicked" and row.enabled and row.label and not row.rows:
            self._pressed(number)

    @dbus_property(PropertyAccess.READ, "Version")
    def version(self) -> DBusUInt32:
        """The version of the protocol."""
        return 3

    @dbus_property(PropertyAccess.READ, "TextDirection")
    def text_direction(self) -> DBusStr:
        """All our languages go from left to right."""
        return "ltr"

    @dbus_property(PropertyAccess.READ, "Status")
    def status(self) -> DBusStr:
        """Nothing in the menu wants to be looked at before the rest."""
        return "normal"

    @dbus_property(PropertyAccess.READ, "IconThemePath")
    def icon_theme_path(self) -> Strings:
        """No row has a picture."""
        return []

    @dbus_method("GetLayout")
    def get_layout(self, parent: DBusInt32, depth: DBusInt32, names: Strings) -> RevisedLayout:
        """The rows below one, so many levels deep; -1 is all of them."""
        return [self._revision, self._layout(parent, depth, names)]

    @dbus_method("GetGroupProperties")
    def get_group_properties(self, numbers: Numbers, names: Strings) -> RowsProperties:
        """What these rows are; all of them where none is named."""
        known = [number for number in numbers or self._rows if number in self._rows]
        return [[number, self._chosen(number, names)] for number in known]

    @dbus_method("GetProperty")
    def get_property(self, number: DBusInt32, name: DBusStr) -> DBusVariant:
        """One property of a row."""
        self._known(number)
        found = self._chosen(number, [name])
        if name not in found:
            raise DBusError(ErrorType.INVALID_ARGS, f"row {number} has no property {name}")
        return found[name]

    @dbus_method("Event")
    def event(self, number: DBusInt32, kind: DBusStr, data: DBusVariant, at: DBusUInt32) -> None:
        """Something happened to a row."""
        self._heard(number, kind)

    @dbus_method("EventGroup")
    def event_group(self, events: Events) -> Numbers:
        """Several things happened; gives back the ids that are not there."""
        unknown = [number for number, *_ in events if number not in self._rows]
        for number, kind, *_ in events:
            if number in self._rows:
                self._heard(number, kind)
        return unknown

    @dbus_method("AboutToShow")
    def about_to_show(self, number: DBusInt32) -> DBusBool:
        """Whether the rows below are other ones than a panel knows: it has heard of all of them."""
        return False

    @dbus_method("AboutToShowGroup")
    def about_to_show_group(self, numbers: Numbers) -> TwoNumberLists:
        """The same for many: those that changed, and those that are not there."""
        return [[], [number for number in numbers if number not in self._rows]]

    @dbus_signal("LayoutUpdated")
    def LayoutUpdated(self) -> Annotated[list[int], DBusSignature("ui")]:  # noqa: N802
        """Other rows are there."""
        return [self._revision, _ROOT]

    @dbus_signal("ItemsPropertiesUpdated")
    def ItemsPropertiesUpdated(  # noqa: N802
        self, changed: RowsProperties, lost: RowsLost
    ) -> Annotated[list[Any], DBusSignature("a(ia{sv})a(ias)")]:
        """The same rows are other than before."""
        return [changed, lost]


def _flat(rows: Iterable[Row]) -> Iterable[Row]:
    for row in rows:
        yield row
        yield from _flat(row.rows)


def _shape(rows: tuple[Row, ...]) -> tuple[Any, ...]:
    """Which rows are there, and where."""
    return tuple((row.id, _shape(row.rows)) for row in rows)


def _root_properties() -> Properties:
    return {"children-display": Variant("s", "submenu")}


def _properties_of(row: Row) -> Properties:
    if row.id == _ROOT:
        return _root_properties()
    if not row.label:
        return {"type": Variant("s", "separator")}
    # An underscore would mark the letter behind it as the row's key.
    told = {"label": Variant("s", row.label.replace("_", "__"))}
    if not row.enabled:
        told["enabled"] = Variant("b", row.enabled)
    if row.checked is not None:
        told["toggle-type"] = Variant("s", "checkmark")
        told["toggle-state"] = Variant("i", int(row.checked))
    if row.rows:
        told["children-display"] = Variant("s", "submenu")
    return told
