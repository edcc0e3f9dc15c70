"""Errors of the HTTP library, and what they are in ours."""

import errno
import ssl

import aiohttp

from tray_app.core.errors import NO_ROOM, Kind, ProxyError


class NoConnectionError(ProxyError):
    """No connection came about in time: nothing was sent."""

    def __init__(self) -> None:
        super().__init__(Kind.UPSTREAM_TIMEOUT, "No connection to Qwen came about in time")


class BegunError(ProxyError):
    """The connection broke in the head of an answer: the site had taken the request."""

    def __init__(self) -> None:
        super().__init__(Kind.UPSTREAM_DISCONNECTED, "The connection to Qwen broke in an answer")


class mapping:  # noqa: N801
    """The one place where errors of the HTTP library become ours; a context."""

    def __init__(self, *, answering: bool = False) -> None:
        self._answering = answering

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        found = None if error is None else mapped(error, answering=self._answering)
        if found is not None:
            try:
                raise found from None
            finally:
                # It and this frame would hold each other, and all of an answer.
                del found


def mapped(error: BaseException, *, answering: bool = False) -> ProxyError | None:
    """Our error for one of the HTTP library's; None for what is none of its.

    Args:
        error: As it was raised.
        answering: The head of the answer had come.
    """
    match error:
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            # It says nothing of the site, nor of the way there.
            return ProxyError(
                Kind.QUEUE_FULL,
                "This computer lets Portico open no more connections just now",
                row=NO_ROOM,
            )
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return ProxyError(
                Kind.UPSTREAM_UNREACHABLE,
                "Qwen's certificate is not valid here, so nothing was sent "
                "(is the clock right, or something on this network in between?)",
            )
        case aiohttp.ServerTimeoutError():
            return NoConnectionError()
        case aiohttp.ClientConnectorError() | aiohttp.ClientProxyConnectionError():
            return ProxyError(
                Kind.UPSTREAM_UNREACHABLE, "Qwen cannot be reached (is this computer offline?)"
            )
        case aiohttp.ServerDisconnectedError(message=begun) if not isinstance(begun, str):
            return BegunError()
        case aiohttp.ClientPayloadError():
            return ProxyError(Kind.UPSTREAM_DISCONNECTED, "The connection broke in mid-answer")
        case aiohttp.ClientConnectionError() | ConnectionError() | ssl.SSLError():
            where = "in mid-answer" if answering else "before an answer"
            return ProxyError(Kind.UPSTREAM_DISCONNECTED, f"The connection to Qwen broke {where}")
        case aiohttp.ClientError() | aiohttp.http_exceptions.HttpProcessingError():
            return ProxyError(Kind.UPSTREAM_BAD_RESPONSE, "Qwen's answer is no proper HTTP")
        case OSError() if not isinstance(error, TimeoutError):
            return ProxyError(
                Kind.UPSTREAM_UNREACHABLE, "Qwen cannot be reached (is this computer offline?)"
            )
        case _:
            return None
