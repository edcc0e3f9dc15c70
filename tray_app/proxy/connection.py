"""One client's connection: what the library refuses on it is told in our shape.

The library's parser knows no more than that it will not go on. Who asked is told what was wrong
with it, as far as that can be seen: a browser sends all cookies of this computer's address to
every port of it, and nobody would look for those in "no proper request".
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, BadHttpMethod, LineTooLong

from tray_app.core.errors import NO_ROOM, Kind, ProxyError
from tray_app.dialects.openai_chat import OpenAIChat

from .framing import Counting, UnclearError
from .guard import ALWAYS, refusal_headers
from .moment import new_id
from .stalling import Stall

_log = logging.getLogger(__name__)

DEFAULT = OpenAIChat()
JSON_TYPE = {"Content-Type": "application/json"}
HEADERS = 128
LINE_BYTES = 8191
"""What the address may take; another number than of a header, since both are told apart by it."""
FIELD_BYTES = 8190
_SHORTER = "Shorten it; in a browser, clear the cookies of this address."
_NOT_HTTP = "This is no proper HTTP request"


def refusal_of(fault: BaseException | None) -> ProxyError:
    """What is told of a request that the library's parser, or the reading of its end, refused."""
    why, advice = _NOT_HTTP, ""
    if isinstance(fault, LineTooLong):
        is_line = fault.args[1] == LINE_BYTES
        why = f"{'The address' if is_line else 'A header'} of the request is longer than 8 KB"
        advice = "Shorten it." if is_line else _SHORTER
    elif isinstance(fault, UnclearError):
        why = "Where this request ends can be read in two ways"
    elif isinstance(fault, BadHttpMethod) and "HTTPS" in fault.message:
        why, advice = "This is HTTPS, which is not spoken here", "Begin the address with http://."
    elif isinstance(fault, BadHttpMessage) and fault.message.startswith("Too many headers"):
        why, advice = f"The request has more than {HEADERS} headers", "Send fewer."
    return ProxyError(Kind.INVALID_REQUEST, why, advice=advice)


def crowded_out() -> web.Response:
    """The answer to whoever comes while all places for connections are taken."""
    said = "More connections to Portico are open than it takes"
    error = ProxyError(Kind.QUEUE_FULL, said, row=NO_ROOM)
    return _refused(error, error.row.status, new_id())


def _refused(error: ProxyError, status: int, request_id: str) -> web.Response:
    """An answer after which the connection is closed."""
    response = web.Response(
        status=status,
        body=DEFAULT.error(error),
        headers={**ALWAYS, "x-request-id": request_id, **JSON_TYPE, **refusal_headers(error)},
    )
    response.force_close()
    return response


class Connection(Counting):
    """aiohttp's connection, with refusals of its parser in our shape and nothing of them logged.

    The library would answer in plain text and log the bytes it refused, keys included. It would
    also wait for ever for a client that takes nothing.
    """

    __slots__ = ("_is_due", "_stall")

    def __init__(
        self, stall: Stall, is_due: Callable[[], int | None], *words: Any, **named: Any
    ) -> None:
        super().__init__(*words, **named)
        self._stall = stall
        self._is_due = is_due

    @property
    def idle_since_s(self) -> float | None:
        """Since when, by the loop's clock, nothing was asked; None where something is."""
        waits = self._waiter is not None and not self._waiter.done()
        return self._next_keepalive_close_time - self._keepalive_timeout if waits else None

    @property
    def has_asked(self) -> bool:
        """Whether a whole request has come on it, by now or before."""
        return self._request_count > 0

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.transport is not None:
            self._stall.begin(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall.end()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stall.end()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("The answer has begun already")
        kind = Kind.INTERNAL_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
        kind = kind or Kind.INVALID_REQUEST
        untold = self._is_due()
        request_id = new_id()
        if untold is not None:
            _log.info(
                "connection=refused request=%s status=%d reason=%s untold=%d",
                request_id, status, type(exc).__name__, untold,
            )  # fmt: skip
        error = ProxyError(kind) if kind is Kind.INTERNAL_ERROR else refusal_of(exc)
        return _refused(error, status, request_id)

    def log_exception(
        self, *_: object, exc_info: BaseException | None = None, **__: object
    ) -> None:
        untold = self._is_due()
        if untold is not None:
            _log.info("connection=failed reason=%s untold=%d", type(exc_info).__name__, untold)
