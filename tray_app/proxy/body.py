"""Reading a request's body: only JSON, only so much, only so slowly."""

import asyncio
import re
from email.message import Message as HeaderMessage

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from tray_app.core.errors import Kind, ProxyError

from .limits import Limits

_UTF8 = re.compile(r"utf-?8", re.IGNORECASE)


async def read_json(request: web.BaseRequest, limits: Limits) -> bytes:
    """The body of a request that says it is JSON; raises `ProxyError`."""
    _check_type(request)
    length = request.content_length
    if length is not None and length > limits.body_bytes:
        raise _too_large(limits)
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The line above is no part of our answer, or errors could not be sent any more.
        request.writer.output_size = 0
    try:
        async with asyncio.timeout(limits.body_s):
            return await _read(request, limits)
    except TimeoutError:
        raise _too_slow() from None
    except (web.RequestPayloadError, HttpProcessingError, ClientError, ValueError):
        raise ProxyError(Kind.INVALID_REQUEST, "The body is broken off or badly encoded") from None


async def _read(request: web.BaseRequest, limits: Limits) -> bytes:
    loop = asyncio.get_running_loop()
    start = loop.time()
    pieces: list[bytes] = []
    size = 0
    while data := await request.content.readany():
        pieces.append(data)
        size += len(data)
        if size > limits.body_bytes:
            raise _too_large(limits)
        spent = loop.time() - start - limits.body_grace_s
        if spent > 0 and size < spent * limits.body_bytes_per_s:
            raise _too_slow()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _check_type(request: web.BaseRequest) -> None:
    told = request.headers.getall("Content-Type", [])
    if len(told) > 1:
        raise ProxyError(
            Kind.INVALID_REQUEST, "The request has two Content-Type headers", param="Content-Type"
        )
    header = HeaderMessage()
    header["Content-Type"] = told[0] if told else "none/none"
    if header.get_content_type() != "application/json":
        raise ProxyError(
            Kind.UNSUPPORTED_MEDIA_TYPE,
            "The Content-Type header does not say JSON",
            param="Content-Type",
        )
    charset = header.get_content_charset("utf-8")
    if not _UTF8.fullmatch(charset):
        raise ProxyError(
            Kind.INVALID_REQUEST, "The body's charset is not UTF-8", param="Content-Type"
        )


def _too_large(limits: Limits) -> ProxyError:
    return ProxyError(
        Kind.REQUEST_TOO_LARGE, f"The body is larger than {limits.body_bytes >> 20} MiB"
    )


def _too_slow() -> ProxyError:
    return ProxyError(Kind.REQUEST_TIMEOUT, "The body came too slowly")
