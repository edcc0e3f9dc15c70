"""What the tray shows and tells, decided from a snapshot: nothing here draws, asks or waits."""

from collections.abc import Iterator

from msgspec import Struct

from tray_app.proxy.status import RunKind, Status

from .facts import Facts
from .look import IconName, Look
from .menu import Action, menu_of
from .phrases import MINUTE_S, TICK_S, counts, is_checking, is_silent, left, line_of
from .words import Words

BUSY_AFTER_S = 1.0
"""An answer that is quicker leaves the icon as it is."""
WARN_S = 300.0
"""How long before its end a session that cannot renew itself is warned of."""


class Notice(Struct, frozen=True):
    """Something a person is told once, while it is so."""

    title: str
    text: str


class Decision(Struct, frozen=True):
    """What is to be shown now, and what its rows do."""

    look: Look
    actions: dict[int, Action]
    notices: dict[str, Notice]
    """By what they are about: one that was told is not told again until it was gone."""
    again_s: float | None
    """When time alone changes any of this; None for never."""


def decide(facts: Facts, words: Words) -> Decision:
    """What to show and to tell."""
    icon = icon_of(facts)
    line = line_of(facts, icon, words)
    rows, actions = menu_of(facts, line, words)
    tip = " · ".join((line, *counts(facts, words)))
    return Decision(
        look=Look(icon=icon, title="Portico", tip=tip, rows=rows),
        actions=actions,
        notices=dict(_notices(facts, words)),
        again_s=_again_s(facts),
    )


def icon_of(facts: Facts) -> IconName:
    """The icon: what a person should do comes before what goes on."""
    by_run: dict[str, IconName] = {
        "failed": "error",
        "stopped": "stopped",
        "starting": "starting",
        "stopping": "starting",
    }
    if facts.run.kind in by_run or facts.status is None:
        return by_run.get(facts.run.kind, "starting")
    state = facts.status.session.state
    if state == "locked" or facts.status.visitors.asking or is_checking(facts.status):
        return "needs_you"
    if state != "signed_in":
        return "signed_out"
    if facts.status.hold is not None:
        return "cooling_down"
    is_busy = facts.busy_for_s is not None and facts.busy_for_s >= BUSY_AFTER_S
    return "busy" if is_busy else "running"


def _notices(facts: Facts, words: Words) -> Iterator[tuple[str, Notice]]:
    """What a person should be told, by what it is about."""
    if facts.run.code:
        which = f"{facts.run.kind}.{facts.run.code}"
        yield f"run.{which}", _notice(words, which, port=facts.settings.port)
    if facts.log_fails:
        yield "log", _notice(words, "log")
    if facts.status is not None and facts.run.kind == "running":
        yield from _notices_of(facts.status, facts, words)


def _notices_of(status: Status, facts: Facts, words: Words) -> Iterator[tuple[str, Notice]]:
    """The same about a proxy that runs."""
    session = status.session
    if session.state in {"guest", "expired", "revoked", "refused"}:
        yield f"session.{session.state}", _notice(words, f"session.{session.state}")
    elif (ends_s := _unrenewed_end_s(facts)) is not None and 0 < ends_s <= WARN_S:
        yield "session.ending", _notice(words, "session.ending", time=left(int(ends_s), words))
    if session.state == "locked" or status.keyring.state == "locked":
        yield "keyring.locked", _notice(words, "keyring.locked")
    if is_checking(status):
        yield "check", _notice(words, "silence" if is_silent(status) else "check")
    elif status.hold is not None and status.hold.kind == "network":
        time = left(status.hold.seconds_left, words)
        yield "failing", _notice(words, "failing", time=time)
    elif status.hold is not None:
        time = left(status.hold.seconds_left, words)
        asked = "hold_window" if session.by_window else "hold"
        which = "hold_silence" if is_silent(status) else asked
        yield "hold", _notice(words, which, time=time)
    if status.visitors.notices and status.visitors.blocked:
        origin = status.visitors.blocked[0].origin
        yield f"visitor.{status.visitors.notices}", _notice(words, "visitor", origin=origin)


def _notice(words: Words, name: str, **values: object) -> Notice:
    return Notice(words(f"notice.{name}.title", **values), words(f"notice.{name}.text", **values))


def _unrenewed_end_s(facts: Facts) -> float | None:
    """How long a session that cannot renew itself still lasts."""
    session = facts.status.session if facts.status else None
    if session is None or session.state != "signed_in" or session.renews:
        return None
    return None if session.expires_at is None else session.expires_at - facts.wall_s


def _again_s(facts: Facts) -> float | None:
    """How long this decision stands if nothing happens."""
    times: list[float] = []
    if facts.busy_for_s is not None and facts.busy_for_s < BUSY_AFTER_S:
        times.append(BUSY_AFTER_S - facts.busy_for_s)
    status = facts.status
    if status is None:
        return min(times, default=None)
    if status.hold is not None and status.hold.seconds_left:
        seconds = status.hold.seconds_left
        times.append(seconds % MINUTE_S + 1 if seconds > MINUTE_S else min(TICK_S, seconds + 1))
    if status.visitors.pairing_s_left is not None:
        times.append(status.visitors.pairing_s_left + 1)
    ends_s = _unrenewed_end_s(facts)
    if ends_s is not None and ends_s > WARN_S:
        times.append(ends_s - WARN_S)
    if status.session.expires_at is not None and status.session.expires_at > facts.wall_s:
        times.append(status.session.expires_at - facts.wall_s + 1)
    return min(times, default=None)


def is_still_told(name: str, run: RunKind) -> bool:
    """Whether what was told once stays told although it is not so at this moment."""
    return name.startswith("visitor.") or (run != "running" and not name.startswith("run."))
