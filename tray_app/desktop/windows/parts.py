"""What a pane is made of: a window with a list at its side, and parts one below the other.

A pane is drawn from one value and reports one act at a time, as `verb:about` with the text that
belongs to it. It has neither words nor settings of its own, so any window can be made of these.
"""

from typing import Literal

from msgspec import Struct

Tone = Literal["plain", "quiet", "good", "bad", "busy"]
ButtonKind = Literal["plain", "default", "danger"]
FieldKind = Literal["text", "number", "switch", "choice", "lines", "entry"]
"""An entry is told only by its button or the return key; everything else as soon as it is left."""


class Button(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that can be pressed."""

    act: str
    label: str
    kind: ButtonKind = "plain"
    enabled: bool = True
    about: str = ""
    """What a screen reader is told instead of the label, where many buttons have the same one."""


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """One of several values."""

    id: str
    label: str


class Text(Struct, frozen=True, tag="text", tag_field="part", forbid_unknown_fields=True):
    """A sentence or two; one that is busy is drawn with the time that passes."""

    id: str
    text: str
    tone: Tone = "plain"
    buttons: tuple[Button, ...] = ()
    is_spoken: bool = True
    """Whether screen readers tell its changes; not where it only counts down."""


class Steps(Struct, frozen=True, tag="steps", tag_field="part", forbid_unknown_fields=True):
    """What to do, one after the other."""

    id: str
    steps: tuple[str, ...]


class Value(Struct, frozen=True, tag="value", tag_field="part", forbid_unknown_fields=True):
    """A value to be taken elsewhere, with what can be done with it."""

    id: str
    label: str
    text: str
    buttons: tuple[Button, ...] = ()


class Code(Struct, frozen=True, tag="code", tag_field="part", forbid_unknown_fields=True):
    """Several lines exactly as they are."""

    id: str
    label: str
    text: str
    buttons: tuple[Button, ...] = ()


class Field(Struct, frozen=True, tag="field", tag_field="part", forbid_unknown_fields=True):
    """Something that the person sets: `act` is told with the new value as soon as it is chosen."""

    id: str
    act: str
    kind: FieldKind
    label: str
    value: str
    """`yes` or `no` of a switch; what was typed where it was refused."""
    hint: str = ""
    note: str = ""
    """What became of it, beside the field."""
    error: str = ""
    """Why it was refused, beside the field."""
    caution: str = ""
    """What a person should know of the value that it has."""
    choices: tuple[Choice, ...] = ()
    button: Button | None = None
    """Of an entry: what takes it, with the entry's act; else one with an act of its own."""


class Buttons(Struct, frozen=True, tag="buttons", tag_field="part", forbid_unknown_fields=True):
    """Buttons in a row."""

    id: str
    buttons: tuple[Button, ...]


class Column(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of a table."""

    label: str
    is_number: bool = False
    """Whether what stands there is read from the right."""


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a table."""

    id: str
    cells: tuple[str, ...]
    """One for each column."""
    tone: Tone = "plain"
    """Of its last cell."""
    button: Button | None = None
    """In its last cell, or after it where that is a number."""


class Table(Struct, frozen=True, tag="table", tag_field="part", forbid_unknown_fields=True):
    """Lines of the same kind; where there is no room for it, it is moved inside its frame."""

    id: str
    label: str
    """What it lists, for screen readers."""
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


Piece = Text | Steps | Value | Code | Field | Buttons | Table


class Section(Struct, frozen=True, tag="section", tag_field="part", forbid_unknown_fields=True):
    """Parts that belong together, under a title of their own."""

    id: str
    title: str
    """Empty where the heading says it already."""
    parts: tuple[Piece, ...]
    folded: bool | None = None
    """Whether it is closed until the person opens it; None for one that is always open."""


Part = Piece | Section


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the list at the side."""

    act: str
    label: str
    note: str = ""
    is_chosen: bool = False


class Aside(Struct, frozen=True, forbid_unknown_fields=True):
    """The list at the side of a pane."""

    label: str
    """What it lists, for screen readers."""
    items: tuple[Item, ...]
    search: str = ""
    """The label of its search field, whose act is `search`; empty for no such field."""
    query: str = ""
    """What is searched for; shown where nobody types in that field."""
    found: str = ""
    """How many were found, told by screen readers whenever it changes."""


class PaneView(Struct, frozen=True, forbid_unknown_fields=True):
    """All that a pane shows."""

    title: str
    language: str
    heading: str
    """Over the parts."""
    aside: Aside
    parts: tuple[Part, ...]
    notices: tuple[Text, ...] = ()
    """Above everything else: what keeps the rest from working."""
    back: str = ""
    """The label of the way back to the list where there is no room for both; empty while nothing
    of the list is chosen. Its act is `back`."""
    told: str = ""
    """What just happened, told by screen readers and shown shortly."""


class ConnectView(PaneView, frozen=True, tag="connect", tag_field="view"):
    """How an app is pointed at Portico."""


class SettingsView(PaneView, frozen=True, tag="settings", tag_field="view"):
    """The settings and the keys."""


class ActivityView(PaneView, frozen=True, tag="activity", tag_field="view"):
    """What is asked and what was."""


class ModelsView(PaneView, frozen=True, tag="models", tag_field="view"):
    """What each model can do."""


class AboutView(PaneView, frozen=True, tag="about", tag_field="view"):
    """What Portico is made of, and what to send to whoever helps."""


AnyPane = ConnectView | SettingsView | ActivityView | ModelsView | AboutView
