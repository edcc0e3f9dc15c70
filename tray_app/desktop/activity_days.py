"""What the window *Activity* shows of the last days: what each came to, or each app or model."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from tray_app.core.deeds import DaySum

from .apps import app_of
from .connect_view import Said
from .numbers import count, seconds
from .windows.parts import Button, Buttons, Choice, Column, Field, Line, Piece, Table, Text
from .words import Words, shown

By = Literal["day", "key", "model"]
SPANS = (7, 30)
"""So many days can be looked at, today included."""
GROUPS: tuple[By, ...] = ("day", "key", "model")


class Days(Struct, frozen=True, kw_only=True):
    """What somebody looks at."""

    span: int = SPANS[0]
    by: By = "day"
    sums: tuple[DaySum, ...] = ()
    """In the order in which they are shown."""
    saved: Said = Said()


def in_order(sums: list[DaySum], by: By) -> tuple[DaySum, ...]:
    """Days with the newest first; apps and models with the one first that was used most."""
    if by == "day":
        return tuple(sorted(sums, key=lambda one: one.day, reverse=True))
    return tuple(sorted(sums, key=lambda one: (-one.requests, one.day)))


def days_pieces(state: Days, words: Words) -> Iterator[Piece]:
    """The pieces of that section."""
    spans = tuple(Choice(str(one), words("activity.days.span", count=one)) for one in SPANS)
    yield Field(
        "span", "span", "choice", words("activity.days.of"), str(state.span), choices=spans
    )  # fmt: skip
    groups = tuple(Choice(one, words(f"activity.days.by_{one}")) for one in GROUPS)
    yield Field("by", "by", "choice", words("activity.days.by"), state.by, choices=groups)
    if state.sums:
        yield Table("sums", words("activity.days"), _columns(state, words), _lines(state, words))
    else:
        yield Text("no-sums", words("activity.none"), "quiet")
    is_busy = state.saved.tone == "busy"
    save = Button("save:days", words("activity.days.save"), enabled=not is_busy)
    yield Buttons("save-days", (save,))
    is_saved = state.saved.tone == "good"
    open_it = (Button("open", words("pane.open_folder")),) if is_saved else ()
    yield Text("saved-days", state.saved.text, state.saved.tone, open_it)


def _columns(state: Days, words: Words) -> tuple[Column, ...]:
    names = {"day": "day", "key": "client", "model": "model"}
    numbers = ("requests", "failed", "taken", "given", "first", "total")
    return (
        Column(words(f"activity.column.{names[state.by]}")),
        *(Column(words(f"activity.column.{name}"), is_number=True) for name in numbers),
    )


def _lines(state: Days, words: Words) -> tuple[Line, ...]:
    return tuple(
        Line(
            one.day,
            (
                _name(one.day, state.by, words),
                count(one.requests),
                count(one.failed) if one.failed else "",
                _tokens(one.input_tokens, one),
                _tokens(one.output_tokens, one),
                seconds(one.first_s, words),
                seconds(one.took_s, words),
            ),
        )
        for one in state.sums
    )


def _name(name: str, by: By, words: Words) -> str:
    if by == "key":
        return app_of(name, words)
    return shown(name) or words("activity.days.nameless")


def _tokens(tokens: int, one: DaySum) -> str:
    return count(tokens, about=one.estimated) if tokens else ""
