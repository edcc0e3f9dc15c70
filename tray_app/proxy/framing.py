"""Where a request ends: what could be read in two ways is refused, and a body must be mostly body.

A relay that reads such a request in another way than we do would take a part of it for a request
of its own. The library's parser refuses most of them; here is what it lets pass, and what it never
counts: the bytes between the pieces of a body (measured: 2026-11-22, aiohttp 3.14.5).
"""

from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, web
from aiohttp.web_protocol import RequestHandler

_SPOKEN = (HttpVersion10, HttpVersion11)
_LENGTH_DIGITS = 18
"""A longer number does not fit where others keep it."""
_PER_BYTE = 8
"""Pieces of one byte each take six."""
_SPARE_BYTES = 64 << 10


class UnclearError(Exception):
    """A request's end could be read in two ways."""


class Counting(RequestHandler):
    """The library's connection, which counts what comes with a body."""

    __slots__ = ("_body", "_came_bytes")

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._body: StreamReader | None = None
        self._came_bytes = 0

    def count(self, body: StreamReader) -> None:
        """Have the reading of a body fail once much more has come than it may take."""
        self._body, self._came_bytes = body, 0
        self._check()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._came_bytes += len(data)
        self._check()

    def _check(self) -> None:
        body = self._body
        if body is None:
            return
        if body.is_eof():
            # Some of this may be of the next request.
            self._body = None
            return
        if self._messages:
            # The library takes what it does not understand for the next request's, and waits on.
            self._body = None
            body.set_exception(ValueError("what comes is no piece of the body"))
            return
        if self._came_bytes > body.total_bytes * _PER_BYTE + _SPARE_BYTES:
            self._body = None
            body.set_exception(ValueError("hardly anything of what comes is the body"))


def count_what_comes(request: web.BaseRequest) -> None:
    """Bound what may come with a body that is in pieces; its reading may raise `ValueError`."""
    connection = request.protocol
    if isinstance(connection, Counting) and "Transfer-Encoding" in request.headers:
        connection.count(request.content)


def is_spoken(request: web.BaseRequest) -> bool:
    """Whether a request is of a version of HTTP in which it can be answered."""
    return request.version in _SPOKEN


def check_end(request: web.BaseRequest) -> None:
    """Raise `UnclearError` if there are two ways to read where a request ends, or none."""
    if not is_spoken(request):
        raise UnclearError
    codings = request.headers.getall("Transfer-Encoding", [])
    if codings:
        is_plain = [coding.strip().lower() for coding in codings] == ["chunked"]
        if not is_plain or request.version != HttpVersion11:
            raise UnclearError
    if len(request.headers.get("Content-Length", "")) > _LENGTH_DIGITS:
        raise UnclearError
