"""Reading a request's body: only of a type that is taken, only so much, only so slowly."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message as HeaderMessage
from functools import lru_cache
from io import BytesIO

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from tray_app.core.errors import Kind, ProxyError

from .budget import Share
from .framing import count_what_comes
from .limits import Limits

JSON = "application/json"
FORM = "multipart/form-data"
_UNPACKED = frozenset({"", "identity"})
_TYPES = 16
"""So many headers are remembered: a client sends the same with every request."""
_UTF8 = re.compile(r"utf-?8", re.IGNORECASE)


def check_type(request: web.BaseRequest, *taken: str) -> str:
    """The type that a request's body says to be of, one of those that are taken here.

    Raises `ProxyError`.
    """
    told = request.headers.getall("Content-Type", [])
    if len(told) > 1:
        raise _wrong_type(Kind.INVALID_REQUEST, "The request has two Content-Type headers")
    found, charset = _type_of(told[0] if told else "")
    if found not in taken:
        types = " or ".join(taken)
        raise _wrong_type(
            Kind.UNSUPPORTED_MEDIA_TYPE, f"This path takes {types}, and Content-Type is another"
        )
    if not _UTF8.fullmatch(charset):
        raise _wrong_type(Kind.INVALID_REQUEST, "The body's charset is not UTF-8")
    return found


@lru_cache(maxsize=_TYPES)
def _type_of(told: str) -> tuple[str, str]:
    """The type and the charset that a header tells."""
    header = HeaderMessage()
    # The library has no answer for what no type is made of.
    header["Content-Type"] = told if told.isascii() else "none/none"
    return header.get_content_type(), header.get_content_charset("utf-8")


async def read_body(request: web.BaseRequest, limits: Limits, share: Share) -> bytes:
    """The whole body, which its share has room for; raises `ProxyError`."""
    # It grows in place and gives away what it has: pieces that are joined take twice the room.
    read = BytesIO()
    async with arriving(request, limits, share) as arrival:
        while data := await request.content.readany():
            read.write(data)
            arrival.check(read.tell())
    return read.getvalue()


class Arrival:
    """A body on its way here."""

    def __init__(self, limits: Limits, share: Share) -> None:
        self._limits = limits
        self._share = share
        self._clock = asyncio.get_running_loop().time
        self._steady_s = self._clock() + limits.body_grace_s

    def check(self, size: int) -> None:
        """Raise `ProxyError` if it is too large by now, or was too slow so far."""
        limits = self._limits
        if size > limits.body_bytes:
            raise _too_large(limits)
        self._share.reach(size)
        spent_s = self._clock() - self._steady_s
        if spent_s > 0 and size < spent_s * limits.body_bytes_per_s:
            raise _too_slow()


@asynccontextmanager
async def arriving(
    request: web.BaseRequest, limits: Limits, share: Share
) -> AsyncIterator[Arrival]:
    """A context in which a body is read; what goes wrong with that is a `ProxyError`.

    One that cannot be taken by what its head says is refused before any of it comes.
    """
    length = request.content_length
    if length is not None and length > limits.body_bytes:
        raise _too_large(limits)
    if ",".join(request.headers.getall("Content-Encoding", [])).strip().lower() not in _UNPACKED:
        raise ProxyError(
            Kind.UNSUPPORTED_MEDIA_TYPE,
            "The body is packed, which is not taken",
            param="Content-Encoding",
            advice="Send it without Content-Encoding.",
        )
    share.reach(length or 0)
    count_what_comes(request)
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The line above is no part of our answer, or errors could not be sent any more.
        request.writer.output_size = 0
    try:
        async with asyncio.timeout(limits.body_s):
            yield Arrival(limits, share)
    except TimeoutError:
        raise _too_slow() from None
    except (web.RequestPayloadError, HttpProcessingError, ClientError, ValueError):
        raise ProxyError(Kind.INVALID_REQUEST, "The body is broken off or badly encoded") from None


def _wrong_type(kind: Kind, why: str) -> ProxyError:
    return ProxyError(kind, why, param="Content-Type")


def _too_large(limits: Limits) -> ProxyError:
    return ProxyError(
        Kind.REQUEST_TOO_LARGE, f"The body is larger than {limits.body_bytes >> 20} MiB"
    )


def _too_slow() -> ProxyError:
    return ProxyError(Kind.REQUEST_TIMEOUT, "The body came too slowly")
