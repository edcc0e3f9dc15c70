"""What the log says of requests: one line each, written once, when it is over.

All lines have the same fields in the same order, so that a person can read down a column and a
script can take them apart; `-` stands for what there is not. Nothing of what was asked or answered
is among them: sizes, times and names alone, and of a failure its sentence.
"""

import json
import logging
import math
from collections.abc import Callable

from aiohttp import web
from msgspec import Struct

from tray_app.core.deeds import LEFT, OK, Deed
from tray_app.core.errors import Kind, ProxyError

_log = logging.getLogger("tray_app.access")

_QUOTING = {
    Kind.INVALID_REQUEST.value,
    Kind.CONTENT_FILTER.value,
    Kind.FILE_REJECTED.value,
    Kind.IMAGE_URL_NOT_ALLOWED.value,
    Kind.TOOL_CALL_MISSING.value,
    Kind.TOOL_CALL_INVALID.value,
    Kind.STRUCTURED_OUTPUT_FAILED.value,
}
"""Their sentences may hold words of a question or an answer, so they are told in general."""
_FIRST = 5
"""So many that nobody's key came with are told one by one."""
_QUIET_S = 60.0
"""After so long without one they are told one by one again."""
_NAME_CHARS = 40
_METHOD_CHARS = 16


class Entry:
    """A request on its way to its line."""

    def __init__(self, request_id: str, method: str, route: str, began_s: float) -> None:
        self.request_id = request_id
        self.method = method[:_METHOD_CHARS]
        self.route = route
        """Without prefix and without `/v1`; never what a client made up."""
        self.began_s = began_s
        self.client = ""
        """The name of its key, once that is known."""
        self.deed: Deed | None = None
        """What is counted of it, where it asks something."""
        self.is_open = False
        """Whoever comes may ask this."""


ENTRY = web.RequestKey("entry", Entry)


class Logbook:
    """Writes the lines; used from one event loop.

    Whoever has no key can come as often as they like, so of those only some are told, with how many
    were not.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._strangers = Sparing()

    def end(self, entry: Entry, status: int | None, error: ProxyError | None = None) -> None:
        """Write the line of a request.

        Args:
            entry: What is known of it.
            status: What its client was told; None for one that went away before it was told one.
            error: Why it failed, where that is known.
        """
        level = logging.DEBUG if entry.is_open and error is None else logging.INFO
        if not _log.isEnabledFor(level):
            return
        now_s = self._clock()
        untold = 0
        if error is not None and not entry.client:
            due = self._strangers.due(now_s)
            if due is None:
                return
            untold = due
        deed = entry.deed or _undone(entry, status)
        if error is not None and not deed.why:
            deed.fail(error)
        _log.log(level, Line(entry, deed, status, now_s - entry.began_s, untold))


class Sparing:
    """Lets a few of many through: the first, then ever fewer, but one a minute at least."""

    def __init__(self) -> None:
        self._came_s = self._told_s = -math.inf
        self._count = 0
        self._untold = 0

    def due(self, now_s: float) -> int | None:
        """How many were not told before this one, which is; None where it is not."""
        if now_s - self._came_s >= _QUIET_S:
            self._count = 0
        self._came_s = now_s
        self._count += 1
        is_round = str(self._count).rstrip("0") == "1"
        if self._count > _FIRST and not is_round and now_s - self._told_s < _QUIET_S:
            self._untold += 1
            return None
        self._told_s = now_s
        untold, self._untold = self._untold, 0
        return untold


class Line(Struct, frozen=True):
    """The line of one request; it is put together where it is written, beside whoever answers."""

    entry: Entry
    deed: Deed
    status: int | None
    took_s: float
    untold: int

    def __str__(self) -> str:
        entry, deed = self.entry, self.deed
        about = "~" if deed.estimated else ""
        how = None if deed.streams is None else "stream" if deed.streams else "whole"
        has_tokens = deed.input_tokens > 0 or deed.output_tokens > 0
        fields = (
            (f"status={_told(self.status)}", 10),
            (f"outcome={deed.outcome}", 29),
            (f"took={self.took_s:.2f}s", 12),
            (f"first={_told(deed.first_s, '.2f', 's')}", 12),
            (f"in={_told(deed.input_tokens or None, before=about)}", 10),
            (f"out={_told(deed.output_tokens if has_tokens else None, before=about)}", 10),
            (f"speed={_told(_speed(deed), '.0f', '/s')}", 12),
            (f"as={_told(how)}", 9),
            (f"client={_word(entry.client)}", 16),
            (f"model={_word(deed.model or deed.asked)}", 20),
            (f"calls={_told(deed.calls if entry.deed else None)}", 7),
            (f"way={_word(deed.transport)}", 10),
            (f"method={entry.method}", 11),
            (f"route={entry.route}", 23),
            (f"request={entry.request_id}", 0),
        )
        line = " ".join(field.ljust(width) for field, width in fields)
        if self.untold:
            line += f" untold={self.untold}"
        why = _why(deed)
        return f"{line} why={_quoted(why)}" if why else line


def _undone(entry: Entry, status: int | None) -> Deed:
    """What there is to say of a request that asked nothing, or was not let in."""
    return Deed(0.0, entry.client, outcome=LEFT if status is None else OK)


def _why(deed: Deed) -> str:
    """Why it failed, in a sentence and an action."""
    if deed.outcome in _QUOTING:
        # What it says may be words of the client, which are not written down.
        error = ProxyError(Kind(deed.outcome), param=deed.param or None)
        where = f" ({deed.param})" if deed.param else ""
        return f"{error.kind.row.title}{where}. {error.advice}"
    return deed.why


def _speed(deed: Deed) -> float | None:
    """Tokens a second, from the first one on."""
    if deed.first_s is None or deed.took_s <= deed.first_s:
        return None
    return deed.output_tokens / (deed.took_s - deed.first_s)


def _told(value: object, form: str = "", after: str = "", *, before: str = "") -> str:
    return "-" if value is None else f"{before}{value:{form}}{after}"


def _word(text: str) -> str:
    """A name as one word: quoted where it is none, because clients and people choose names."""
    text = text if len(text) <= _NAME_CHARS else f"{text[: _NAME_CHARS - 1]}…"
    is_one = text.isprintable() and not any(char in text for char in " =\"'")
    return (text or "-") if is_one else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
