"""What a window and its parent say to each other: one JSON object a line, checked on both sides."""

from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from tray_app.desktop.look import Row

from .parts import AnyPane

LINE_BYTES = 1 << 20
"""No line is longer, its end included."""

EngineFault = Literal["no_display", "no_gi", "no_webkit", "no_webview2"]
Fault = EngineFault | Literal["bad_line", "lost_page"]

_T = TypeVar("_T")


class MessageError(ValueError):
    """A line that is too long, or says nothing that we know."""


class StatusView(Struct, frozen=True, tag="status", tag_field="view", forbid_unknown_fields=True):
    """The tray's menu, drawn as a page."""

    title: str
    tip: str
    """How it goes, in one line; told by screen readers whenever it changes."""
    icon: str
    """A `data:` URL of a picture for light grounds; empty for none."""
    rows: tuple[Row, ...]
    language: str
    """As HTML names languages, such as `zh-Hans`."""


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the answers to a question."""

    id: str
    label: str
    kind: Literal["default", "danger", "plain"] = "plain"
    """The default one is chosen by the return key."""


class QuestionView(
    Struct, frozen=True, tag="question", tag_field="view", forbid_unknown_fields=True
):
    """A question that waits for one of its answers."""

    title: str
    text: str
    facts: tuple[str, ...]
    """What is known about it, a line each."""
    answers: tuple[Answer, ...]
    safe: str
    """The id of the answer that changes nothing: the Escape key gives it."""
    language: str
    fault: str = ""
    """What is wrong, such as with the answer before; empty for nothing."""
    field: str = ""
    """What is to be typed or pasted beside the answer; empty for nothing."""
    busy: str = ""
    """What goes on after any answer but the safe one, until something else is shown; empty where
    the window goes away at once."""


View = StatusView | QuestionView | AnyPane


class Show(Struct, frozen=True, tag="show", tag_field="do", forbid_unknown_fields=True):
    """Draw this from now on."""

    view: View


class Focus(Struct, frozen=True, tag="focus", tag_field="do", forbid_unknown_fields=True):
    """Come to the front."""


class Ping(Struct, frozen=True, tag="ping", tag_field="do", forbid_unknown_fields=True):
    """Say whether the page still works."""

    n: int


class Close(Struct, frozen=True, tag="close", tag_field="do", forbid_unknown_fields=True):
    """Go away."""


class Ready(Struct, frozen=True, tag="ready", tag_field="told", forbid_unknown_fields=True):
    """The first view is drawn."""


class Pressed(Struct, frozen=True, tag="pressed", tag_field="told", forbid_unknown_fields=True):
    """The person chose this row or answer, or did this in a pane."""

    id: int | str
    typed: str = ""
    """What stood in the field beside it."""


class Pong(Struct, frozen=True, tag="pong", tag_field="told", forbid_unknown_fields=True):
    """The page works: the answer to the ping of this number."""

    n: int


class Closed(Struct, frozen=True, tag="closed", tag_field="told", forbid_unknown_fields=True):
    """The window is gone, whoever closed it."""


class Failed(Struct, frozen=True, tag="failed", tag_field="told", forbid_unknown_fields=True):
    """There is no window, and why."""

    why: Fault


ToWindow = Show | Focus | Ping | Close
FromWindow = Ready | Pressed | Pong | Closed | Failed

_to_window: msgspec.json.Decoder[ToWindow] = msgspec.json.Decoder(ToWindow)
_from_window: msgspec.json.Decoder[FromWindow] = msgspec.json.Decoder(FromWindow)


def line(message: ToWindow | FromWindow) -> bytes:
    """A message as one line; raises `MessageError` for one that does not fit."""
    return write_line(message)


def write_line(message: Struct, limit_bytes: int = LINE_BYTES) -> bytes:
    """Any message as one line; raises `MessageError` for one that does not fit."""
    try:
        encoded = msgspec.json.encode(message) + b"\n"
    except UnicodeEncodeError as error:
        raise MessageError("a text is no Unicode") from error
    if len(encoded) > limit_bytes:
        raise MessageError(f"a message of {len(encoded)} bytes")
    return encoded


def to_window(received: bytes) -> ToWindow:
    """What a parent says; raises `MessageError`."""
    return read_line(_to_window, received)


def from_window(received: bytes) -> FromWindow:
    """What a window says; raises `MessageError`."""
    return read_line(_from_window, received)


def read_line(
    decoder: "msgspec.json.Decoder[_T]", received: bytes, limit_bytes: int = LINE_BYTES
) -> _T:
    """What a line says, by this decoder; raises `MessageError`."""
    if len(received) > limit_bytes or not received.endswith(b"\n"):
        raise MessageError(f"a line of {len(received)} bytes that is too long or has no end")
    try:
        return decoder.decode(received)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The error names the place in the line, never what stands there.
        raise MessageError(str(error)) from error
