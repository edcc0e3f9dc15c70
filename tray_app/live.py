"""What `portico status --watch` shows: the running Portico, for as long as somebody looks.

On a terminal it is drawn anew once a second. Anywhere else it is plain lines, and only when
something changed; what merely passes, as seconds and tokens do, is no change.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tray_app.core.deeds import LEFT, OK, DaySum
from tray_app.core.redact import Redactor
from tray_app.doctor import session_line
from tray_app.figures import cut, fitted, today_line
from tray_app.proxy.door import DoorError

LOOK_S = 1.0
AWAY_S = 30.0
"""So long an instance that was there may be gone, as when it is started anew."""
_AWAY = {"state": "not_running"}
FAILURES = 5
"""So many are shown, the latest."""
_OPEN, _CLOSE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""A screen of its own without a cursor, and back to what was there before."""
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_STEPS = {"preparing": "being prepared", "asked": "asked", "answering": "answering"}
_REDACT = Redactor()

Status = Mapping[str, Any]


def watch(ask: Callable[[], Status], pause: Callable[[Status], str], *, as_json: bool) -> int:
    """Show the status until Ctrl+C; returns the exit code, and raises as `ask` does.

    Args:
        ask: Brings the status. A terminal survives a `DoorError` of a later look, and both do
            without a running instance for `AWAY_S` seconds.
        pause: A hold in words.
        as_json: For scripts: a line of JSON whenever something changed.
    """
    with contextlib.suppress(KeyboardInterrupt), _ended_by(signal.SIGTERM):
        if as_json or not _is_screen():
            _print_changes(ask, pause, as_json=as_json)
        else:
            _draw(ask, pause)
    return 0


def _is_screen() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


@contextlib.contextmanager
def _ended_by(number: signal.Signals) -> Iterator[None]:
    """Let a signal end it as Ctrl+C does, so that the terminal is left as it was."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)


class Lookout:
    """Looks at an instance that may go away, and may be there again a little later.

    Args:
        ask: Brings the status; raises `ConnectionError` where nothing runs.
        clock: Seconds that only grow.
    """

    def __init__(self, ask: Callable[[], Status], clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._seen_s: float | None = None

    def look(self) -> Status | None:
        """The status, or None for as long as it may come back; then it raises as `ask` does."""
        try:
            status = self._ask()
        except ConnectionError:
            if self._seen_s is None or self._clock() - self._seen_s > AWAY_S:
                raise
            return None
        except DoorError:
            self._seen_s = self._clock()
            raise
        self._seen_s = self._clock()
        return status


def _print_changes(
    ask: Callable[[], Status], pause: Callable[[Status], str], *, as_json: bool
) -> None:
    before: object = None
    lookout = Lookout(ask, time.monotonic)
    while True:
        status = lookout.look()
        now = _AWAY if status is None else _lasting(status)
        if now != before:
            before = now
            if as_json:
                lines = [json.dumps(_AWAY if status is None else status)]
            else:
                lines = [*(_away() if status is None else view(status, pause)), ""]
            print("\n".join(map(_plain, lines)), flush=True)
        _rest()


def _rest() -> None:
    """Pause between two looks; raises `BrokenPipeError` once nobody reads what is printed."""
    if not hasattr(select, "poll"):
        time.sleep(LOOK_S)
        return
    # Without a change nothing is written, and only writing would tell.
    reader = select.poll()
    reader.register(sys.stdout.fileno(), 0)
    if reader.poll(LOOK_S * 1000):
        raise BrokenPipeError


def _draw(ask: Callable[[], Status], pause: Callable[[Status], str]) -> None:
    lookout = Lookout(ask, time.monotonic)
    status = lookout.look()
    lines = _away() if status is None else list(view(status, pause))
    sys.stdout.write(_OPEN)
    try:
        while True:
            sys.stdout.write(screen(lines, *shutil.get_terminal_size()))
            sys.stdout.flush()
            time.sleep(LOOK_S)
            try:
                status = lookout.look()
                lines = _away() if status is None else list(view(status, pause))
            except DoorError as error:
                # It hangs for the moment, which whoever looks wants to see.
                lines = [f"Portico does not answer, {_now_at()}", f"  {error}", *lines[2:]]
    finally:
        sys.stdout.write(_CLOSE)
        sys.stdout.flush()


def _away() -> list[str]:
    return [f"Portico is not running, {_now_at()}", "  If it starts again soon, it is shown here."]


def _now_at() -> str:
    return f"{datetime.now(UTC).astimezone():%H:%M:%S}"


def screen(lines: list[str], columns: int, rows: int) -> str:
    """What a terminal of this size is sent so that it shows these lines, cut to fit, alone."""
    shown = lines[:rows]
    if len(lines) > rows:
        shown[-1] = "…"
    drawn = "\r\n".join(cut(_plain(line), columns) + _REST_OF_LINE for line in shown)
    return f"{_HOME}{drawn}{_REST}"


def view(status: Status, pause: Callable[[Status], str]) -> Iterator[str]:
    """The status in lines; what matters most comes first."""
    yield f"Portico {status['version']} is {status['state'].replace('_', ' ')}, {_now_at()}"
    yield status["note"] or f"  endpoint   {status['endpoint']}"
    session, queue = status["session"], status["queue"]
    yield f"  session    {session_line(session)}"
    for note in (session["note"], status["keyring"]["note"], status["network"]["note"]):
        if note:
            yield f"             {note}"
    yield f"  answering  {queue['in_flight']}, waiting {queue['waiting']}"
    if status["hold"]:
        yield f"  pause      {pause(status)}"
    yield f"  today      {today_line(msgspec.convert(status['today'], DaySum))}"
    yield from _under("now", _now(status["live"]))
    yield from _under("failed", _failed(status["recent"]))


def _under(title: str, lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"  {'' if number else title:<9}  {line}"


def _now(live: list[Status]) -> list[str]:
    names = fitted([one["key"] for one in live], 12)
    models = fitted([one["model"] or "-" for one in live], 16)
    return [
        f"{name}  {model}  {_step(one):<16} {one['age_s']:>6.1f} s{_so_far(one)}"
        for name, model, one in zip(names, models, live, strict=True)
    ]


def _step(one: Status) -> str:
    if one["step"] == "waiting":
        return f"waiting, place {one['position']}"
    return _STEPS.get(one["step"], str(one["step"]))


def _so_far(one: Status) -> str:
    if one["first_s"] is None:
        return ""
    return f"  about {one['output_tokens']:,} tokens, the first after {one['first_s']:.1f} s"


def _failed(recent: list[Status]) -> list[str]:
    deeds = [deed for deed in recent if deed["outcome"] not in {OK, LEFT}][:FAILURES]
    names = fitted([deed["key"] for deed in deeds], 12)
    return [
        f"{_at(deed)}  {name}  {deed['outcome']}: {_REDACT(deed.get('why', ''))}".rstrip(": ")
        for name, deed in zip(names, deeds, strict=True)
    ]


def _at(deed: Status) -> str:
    return f"{datetime.fromtimestamp(deed['at_s'], UTC).astimezone():%H:%M:%S}"


def _plain(line: str) -> str:
    """A line without what a terminal would take for a command: clients choose names."""
    return "".join(char if char.isprintable() else " " for char in line)


def _lasting(status: Status) -> object:
    """What has to change for there to be something new."""
    session, hold = status["session"], status["hold"]
    return (
        status["state"],
        status["note"],
        tuple(session.values()),
        status["queue"],
        hold and hold["kind"],
        [(one["number"], one["model"], one["step"], one["position"]) for one in status["live"]],
        [(deed["at_s"], deed["key"]) for deed in status["recent"]],
        status["keyring"]["note"],
        status["network"],
    )
