"""The clipboard of X11: whoever copied holds the text, so a process of its own stays for that.

`portico clipboard` reads what to hold from its stdin, one JSON object: what each target gives, in
Base64, and how long it lasts. It says `ok` on stdout once it is the owner, and goes when its time
is over, when somebody else copies something, or with the screen.
"""

import contextlib
import select
import sys
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

HELD, NO_DISPLAY, REFUSED = "ok", "no_display", "refused"


class Offer(Struct, frozen=True):
    """What is held, and for how long."""

    targets: dict[str, bytes]
    """What a program gets that asks for this target."""
    lasts_s: float


def run() -> int:
    """Hold what stdin says; returns the exit code."""
    offer = msgspec.json.decode(sys.stdin.buffer.read(), type=Offer)
    from Xlib.display import Display
    from Xlib.error import ConnectionClosedError, DisplayError, XauthError

    try:
        display = Display()
    except (OSError, DisplayError, XauthError):
        return _tell(NO_DISPLAY, 1)
    display.set_error_handler(lambda *_: None)  # of who asked and went away meanwhile
    holder = _Holder(display, offer.targets)
    if not holder.take():
        return _tell(REFUSED, 1)
    _tell(HELD, 0)
    with contextlib.suppress(ConnectionClosedError):
        holder.hold(offer.lasts_s)
        display.close()
    return 0


def _tell(word: str, code: int) -> int:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()
    return code


class _Holder:
    """The owner of the selection on one display."""

    def __init__(self, display: Any, targets: Mapping[str, bytes]) -> None:
        from Xlib import X, Xatom

        self._display = display
        self._selection = display.intern_atom("CLIPBOARD")
        self._targets_atom = display.intern_atom("TARGETS")
        self._timestamp_atom = display.intern_atom("TIMESTAMP")
        self._atom, self._integer = Xatom.ATOM, Xatom.INTEGER
        self._data = {display.intern_atom(name): data for name, data in targets.items()}
        self._window = display.screen().root.create_window(
            0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
        )
        self._since = 0

    def take(self) -> bool:
        """Become the owner; returns whether that came about."""
        from Xlib import X

        # The only time that the protocol accepts for this is that of an event.
        self._window.change_property(self._integer, self._integer, 32, [0])
        while (event := self._display.next_event()).type != X.PropertyNotify:
            pass
        self._since = event.time
        self._window.set_selection_owner(self._selection, self._since)
        self._display.sync()
        return bool(self._display.get_selection_owner(self._selection) == self._window)

    def hold(self, lasts_s: float) -> None:
        """Give it to whoever asks, until the time is over or somebody else is the owner."""
        from Xlib import X

        end_s = time.monotonic() + lasts_s
        while True:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.SelectionClear:
                    return
                if event.type == X.SelectionRequest:
                    self._give(event)
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return
            select.select([self._display], [], [], left_s)

    def _give(self, asked: Any) -> None:
        from Xlib import X
        from Xlib.protocol.event import SelectionNotify

        place = asked.property if asked.property != X.NONE else asked.target
        if asked.target == self._targets_atom:
            atoms = [self._targets_atom, self._timestamp_atom, *self._data]
            asked.requestor.change_property(place, self._atom, 32, atoms)
        elif asked.target == self._timestamp_atom:
            asked.requestor.change_property(place, self._integer, 32, [self._since])
        elif asked.target in self._data:
            asked.requestor.change_property(place, asked.target, 8, self._data[asked.target])
        else:
            place = X.NONE
        asked.requestor.send_event(
            SelectionNotify(
                time=asked.time, requestor=asked.requestor, selection=asked.selection,
                target=asked.target, property=place,
            )
        )  # fmt: skip
        self._display.flush()
