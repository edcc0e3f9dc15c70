"""What the window *Activity* shows: what is being answered, what was, and what today came to."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from tray_app.core.deeds import LEFT, OK, DaySum, Deed
from tray_app.proxy.activity import HISTORY, Live
from tray_app.proxy.bodies import Body

from .activity_days import SPANS, Days, days_pieces
from .activity_why import id_of, turned_away_pieces, why_button, why_pieces
from .apps import app_of
from .connect_view import Said, notices
from .facts import Facts
from .numbers import count, moment, seconds
from .phrases import left
from .windows.parts import (
    ActivityView,
    Aside,
    Button,
    Buttons,
    Code,
    Column,
    Field,
    Item,
    Line,
    Part,
    Piece,
    Section,
    Table,
    Text,
)
from .words import Words, shown

APP_DAYS = SPANS[-1]
"""So many days are counted beside the name of an app."""
SHOWN = 200
"""So many requests are listed; the rest is in the file that can be saved."""


class Watching(Struct, frozen=True, kw_only=True):
    """What somebody looks at."""

    who: str = ""
    """The name of a key; empty for all of them."""
    only_failed: bool = False
    is_chosen: bool = True
    """Whether something was chosen, in a window that has no room for the list as well."""
    past: tuple[Deed, ...] = ()
    """What ended, the newest first."""
    why: str = ""
    """The request of which somebody asks why it ended as it did."""
    days: Days = Days()
    saved: Said = Said()
    folder: str = ""
    """Where a file was saved."""
    bodies: tuple[Body, ...] = ()
    """What is kept of questions and answers, the newest first."""
    reading: int | None = None
    """The number of what somebody reads of that."""
    read: tuple[str, str] = ("", "")
    """Its question, and its answer as far as that is there, without secrets."""
    apps: tuple[DaySum, ...] = ()
    """What each app came to in the last `APP_DAYS` days."""
    told: str = ""


def activity_view(state: Watching, facts: Facts, words: Words) -> ActivityView:
    """The whole window."""
    live = facts.status.live if facts.status else []
    return ActivityView(
        title=words("activity.title"),
        language=words("language.html"),
        heading=app_of(state.who, words) or words("activity.everybody"),
        aside=_aside(state, live, words),
        notices=(*_keeping(facts, words), *notices(facts, words)),
        parts=tuple(_parts(state, live, facts, words)),
        back=words("activity.back") if state.is_chosen else "",
        told=state.told,
    )


def _aside(state: Watching, live: Sequence[Live], words: Words) -> Aside:
    names = {one.key for one in live} | {deed.key for deed in state.past}
    names |= {one.day for one in state.apps} | ({state.who} if state.who else set())
    everybody = Item("who:", words("activity.everybody"), is_chosen=not state.who)
    clients = (
        Item(f"who:{name}", app_of(name, words), _told_of(name, state, words), name == state.who)
        for name in sorted(names)
    )
    return Aside(words("activity.clients"), (everybody, *clients))


def _told_of(name: str, state: Watching, words: Words) -> str:
    """How much it asked; what is not in the statistics yet is counted as it is listed."""
    own = [deed for deed in state.past if deed.key == name]
    told = DaySum(name, requests=len(own), failed=sum(map(is_failed, own)))
    told = next((one for one in state.apps if one.day == name), told)
    number = count(told.requests)
    if told.failed:
        failed = count(told.failed)
        return words("activity.client.failed", days=APP_DAYS, count=number, failed=failed)
    return words("activity.client", days=APP_DAYS, count=number)


def is_failed(deed: Deed) -> bool:
    """Whether it ended otherwise than it should, and not by the client's own leaving."""
    return deed.outcome not in {OK, LEFT}


def _parts(state: Watching, live: Sequence[Live], facts: Facts, words: Words) -> Iterator[Part]:
    if facts.status is not None and not state.who:
        today = facts.status.today
        yield Section("today", words("activity.today"), (Text("sum", _sum(today, words)),))
    now = [one for one in live if state.who in {"", one.key}]
    yield Section("now", words("activity.now"), (_live(now, words),))
    yield Section("past", words("activity.past"), tuple(_past(state, facts, words)))
    if not state.who:
        yield Section("days", words("activity.days"), tuple(days_pieces(state.days, words)))
    if facts.status is not None and facts.status.turned_away.reasons and not state.who:
        pieces = turned_away_pieces(facts.status.turned_away, words)
        yield Section("turned-away", words("activity.turned"), tuple(pieces))
    yield Section("texts", words("activity.texts"), tuple(_texts(state, facts, words)))


def _sum(today: DaySum, words: Words) -> str:
    if not today.requests:
        return words("activity.today.none")
    lines = [words("activity.today.requests", count=count(today.requests))]
    if today.failed:
        lines[0] += f" {words('activity.today.failed', count=count(today.failed))}"
    taken, given = (
        count(tokens, about=today.estimated) for tokens in (today.input_tokens, today.output_tokens)
    )
    lines.append(words("activity.today.tokens", taken=taken, given=given))
    if today.first_s is not None:
        lines.append(words("activity.today.first", time=seconds(today.first_s, words)))
    return " ".join(lines)


def _live(live: Iterable[Live], words: Words) -> Piece:
    lines = tuple(
        Line(
            str(one.number),
            (
                app_of(one.key, words),
                shown(one.model),
                count(one.output_tokens, about=True) if one.output_tokens else "",
                seconds(one.first_s, words),
                seconds(one.age_s, words),
                words(f"activity.step.{one.step}", place=one.position),
            ),
        )
        for one in live
    )
    if not lines:
        return Text("idle", words("activity.idle"), "quiet")
    columns = _columns(words, "client", "model", "#so_far", "#first", "#since", "step")
    return Table("live", words("activity.now"), columns, lines)


def _columns(words: Words, *names: str) -> tuple[Column, ...]:
    """Columns by their names; a number's begins with `#`."""
    return tuple(
        Column(words(f"activity.column.{name.removeprefix('#')}"), name.startswith("#"))
        for name in names
    )


def _past(state: Watching, facts: Facts, words: Words) -> Iterator[Piece]:
    yield Field(
        "failed", "failed", "switch", words("activity.failed"),
        "yes" if state.only_failed else "no",
    )  # fmt: skip
    if len(state.past) >= HISTORY:
        yield Text("latest", words("activity.latest", count=HISTORY), "quiet")
    is_busy = state.saved.tone == "busy"
    yield Buttons("save", (Button("save", words("activity.save"), enabled=not is_busy),))
    open_it = (Button("open", words("pane.open_folder")),) if state.saved.tone == "good" else ()
    yield Text("saved", state.saved.text, state.saved.tone, open_it)
    deeds = [
        deed
        for deed in state.past
        if state.who in {"", deed.key} and (is_failed(deed) or not state.only_failed)
    ]
    if deeds:
        names = ("time", "client", "model", "#taken", "#given", "#first", "#total", "outcome")
        lines = tuple(_line(deed, facts.wall_s, words) for deed in deeds[:SHOWN])
        yield Table("ended", words("activity.past"), _columns(words, *names), lines)
        yield from why_pieces(state.why, deeds, facts.wall_s, words)
    else:
        yield Text("none", words("activity.none"), "quiet")
    yield Text("bodies", words("activity.bodies"), "quiet")


def _keeping(facts: Facts, words: Words) -> Iterator[Text]:
    """That what is asked and answered is kept now, with the way to end it."""
    left_s = facts.status.bodies_s if facts.status else None
    if left_s is not None:
        end = Button("forget", words("activity.texts.forget"), "default")
        said = words("activity.texts.on", time=left(left_s, words))
        yield Text("keeping", said, "bad", (end,), is_spoken=False)


def _texts(state: Watching, facts: Facts, words: Words) -> Iterator[Piece]:
    is_on = facts.status is not None and facts.status.bodies_s is not None
    yield Field(
        "keep", "keep", "switch", words("activity.texts.keep"), "yes" if is_on else "no",
        hint=words("activity.texts.about"),
    )  # fmt: skip
    bodies = [one for one in state.bodies if state.who in {"", one.key}]
    if bodies:
        columns = _columns(words, "time", "client", "#size")
        lines = tuple(_body(one, facts.wall_s, words) for one in bodies)
        yield Table("bodies-kept", words("activity.texts"), columns, lines)
    elif is_on:
        yield Text("no-bodies", words("activity.texts.none"), "quiet")
    yield from _read(state, facts.wall_s, words)


def _read(state: Watching, now_s: float, words: Words) -> Iterator[Piece]:
    """What somebody reads; the line above says whose it is, and so is told and brought in sight."""
    body = next((one for one in state.bodies if one.number == state.reading), None)
    if body is None:
        yield Text("reading", "", "quiet")
        return
    yield Text("reading", words("activity.texts.read", what=_whose(body, now_s, words)), "good")
    asked, answered = state.read
    yield Code("asked", words("activity.texts.asked"), asked)
    yield Code("answered", words("activity.texts.answered"), answered)


def _whose(body: Body, now_s: float, words: Words) -> str:
    return f"{app_of(body.key, words)}, {moment(body.at_s, now_s)}"


def _body(body: Body, now_s: float, words: Words) -> Line:
    name, at = app_of(body.key, words), moment(body.at_s, now_s)
    about = words("pane.show.about", what=_whose(body, now_s, words))
    show = Button(f"read:{body.number}", words("pane.show"), about=about)
    return Line(str(body.number), (at, name, count(body.size)), button=show)


def _line(deed: Deed, now_s: float, words: Words) -> Line:
    is_ok = deed.outcome == OK
    return Line(
        id_of(deed),
        (
            moment(deed.at_s, now_s),
            app_of(deed.key, words),
            shown(deed.model or deed.asked),
            _tokens(deed.input_tokens, deed),
            _tokens(deed.output_tokens, deed),
            seconds(deed.first_s, words),
            seconds(deed.took_s, words),
            words("activity.ok") if is_ok else words.outcome(deed.outcome),
        ),
        "bad" if is_failed(deed) else "good" if is_ok else "quiet",
        why_button(deed, now_s, words),
    )


def _tokens(tokens: int, deed: Deed) -> str:
    return count(tokens, about=deed.estimated) if tokens else ""
