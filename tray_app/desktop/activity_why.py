"""What the window *Activity* shows of what went wrong: of one request, and at the door."""

from collections.abc import Iterator, Sequence

from tray_app.core.deeds import OK, Deed
from tray_app.proxy.turned_away import TurnedAwayStatus

from .apps import app_of
from .numbers import count, moment
from .phrases import clock
from .windows.parts import Button, Column, Line, Piece, Table, Text
from .words import Words, shown


def id_of(deed: Deed) -> str:
    """What tells an ended request from the others."""
    return f"{deed.at_s:.6f} {deed.key}"


def why_button(deed: Deed, now_s: float, words: Words) -> Button | None:
    """What shows why a request ended as it did; None for one that ended well."""
    if deed.outcome == OK:
        return None
    about = words("activity.why.about", what=_named(deed, now_s, words))
    return Button(f"why:{id_of(deed)}", words("activity.why"), about=about)


def why_pieces(chosen: str, past: Sequence[Deed], now_s: float, words: Words) -> Iterator[Piece]:
    """Why the chosen request ended as it did, with what to do, and how far it came."""
    deed = next((one for one in past if id_of(one) == chosen), None)
    said, facts = "", ""
    if deed is not None:
        said = f"{_named(deed, now_s, words)}: {words.why(deed.outcome)}"
        facts = " ".join(_facts(deed, words))
    yield Text("why", said, "bad" if said else "quiet")
    if facts:
        yield Text("why-facts", facts, "quiet")


def _named(deed: Deed, now_s: float, words: Words) -> str:
    return f"{moment(deed.at_s, now_s)}, {app_of(deed.key, words)}"


def _facts(deed: Deed, words: Words) -> Iterator[str]:
    if deed.route:
        yield words("activity.why.route", route=deed.route)
    if deed.asked and deed.asked != deed.model:
        yield words("activity.why.asked", name=shown(deed.asked))
    yield words("activity.why.calls", count=count(deed.calls))
    if deed.transport in {"page", "direct"}:
        yield words(f"activity.why.{deed.transport}")


def turned_away_pieces(turned_away: TurnedAwayStatus, words: Words) -> Iterator[Piece]:
    """How many were refused at the door today, by why, with what to do."""
    since = clock(turned_away.since_s)
    yield Text("turned-about", words("activity.turned.about", time=since), "quiet")
    columns = (
        Column(words("activity.column.reason")),
        Column(words("activity.column.count"), is_number=True),
        Column(words("activity.column.advice")),
    )
    lines = tuple(
        Line(code, (words.outcome(code), count(number), words.why(code)))
        for code, number in turned_away.reasons.items()
    )
    yield Table("turned", words("activity.turned"), columns, lines)
