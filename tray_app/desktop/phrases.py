"""Facts in words: the lines that tray, menu and windows show."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tray_app.core.deeds import Deed
from tray_app.proxy.brakes import HoldStatus
from tray_app.proxy.status import SessionStatus, Status

from .facts import Facts
from .look import IconName
from .words import Words, shown

TICK_S = 5
"""The steps in which seconds that are left are told."""
MINUTE_S = 60


def line_of(facts: Facts, icon: IconName, words: Words) -> str:
    """How it goes, in a few words; the port is among them while the proxy serves."""
    status = facts.status
    if status is None or facts.run.kind != "running":
        name = f"{facts.run.kind}.{facts.run.code}" if facts.run.code else facts.run.kind
        return words(f"line.{name}", port=facts.settings.port)
    if icon == "cooling_down" and status.hold is not None:
        return _hold_line(status.hold, words)
    if icon == "signed_out":
        return words(f"line.session.{status.session.state}")
    if icon == "needs_you" and is_checking(status):
        return words("line.silence" if is_silent(status) else "line.check")
    if icon == "needs_you":
        which = "asking" if status.visitors.asking else "locked"
        return words(f"line.{which}", origin=status.visitors.asking or "")
    serving = words("line.practice" if facts.practice else "line.running", port=status.port)
    return f"{serving} · {words('line.network')}" if status.network.address else serving


def is_checking(status: Status) -> bool:
    """Whether the person is asked to answer the site's check."""
    return status.hold is not None and status.hold.kind == "asking"


def is_silent(status: Status) -> bool:
    """Whether it is for empty answers, which may be a check that is not shown."""
    return status.hold is not None and status.hold.cause == "silence"


def _hold_line(hold: HoldStatus, words: Words) -> str:
    time = left(hold.seconds_left, words)
    if hold.kind != "network":
        return words("line.cooling_down", time=time)
    return words("line.failing", time=time) if hold.seconds_left else words("line.failing.over")


def counts(facts: Facts, words: Words) -> Iterator[str]:
    """How much is going on, where anything is."""
    if facts.status is None:
        return
    queue = facts.status.queue
    if queue.in_flight:
        yield words("tip.answering", count=queue.in_flight)
    if queue.waiting:
        yield words("tip.waiting", count=queue.waiting)


def left(seconds: int, words: Words) -> str:
    """How long something still lasts: minutes, and seconds in steps when it is nearly over."""
    if seconds > MINUTE_S:
        return words("time.minutes", count=-(-seconds // MINUTE_S))
    return words("time.seconds", count=-(-seconds // TICK_S) * TICK_S)


def clock(at_s: float) -> str:
    """A time of the day, as the clock on the wall shows it."""
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone():%H:%M}"


def deed_line(deed: Deed, words: Words) -> str:
    """A request and what came of it, in one line."""
    if deed.outcome == "ok":
        outcome = words("deed.ok", took=f"{deed.took_s:.1f}")
    else:
        outcome = words.outcome(deed.outcome)
    asked = (shown(one, 24) for one in (deed.key, deed.model or deed.asked) if one)
    return " · ".join((clock(deed.at_s), *asked, outcome))


def way_line(status: Status, words: Words) -> str:
    """Who makes the calls, why, and since when."""
    way = status.transport
    if way.since_s is None:
        return words(f"way.{way.why}")
    return words("way.since", way=words(f"way.{way.why}"), time=clock(way.since_s))


def session_line(session: SessionStatus, wall_s: float, words: Words) -> str:
    """Who is signed in and until when, or that nobody is."""
    if session.state != "signed_in":
        return words(f"session.{session.state}")
    name = shown(session.account, 40)
    who = words("session.as", name=name) if name else words("session.signed_in")
    if session.expires_at is None or session.expires_at <= wall_s:
        return who
    until = "session.renewed_at" if session.renews else "session.ends_at"
    return f"{who} · {words(until, time=clock(session.expires_at))}"
