"""The door for clients: one handler, in which every request passes the same checks in one order.

Target, host, upgrade, origin, key, route and method, type, length, body: a check that fails ends
the request before the next one is looked at, so that a web page learns nothing from what follows.
The routes are a table of exact paths; whatever is not in it does not exist.
"""

import asyncio
import logging
import re
from http import HTTPStatus
from urllib.parse import unquote

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Dialect
from tray_app.dialects import DIALECTS
from tray_app.dialects.openai_chat import OpenAIChat
from tray_app.dialects.openai_models import model_body, models_body, unknown_model
from tray_app.dialects.openai_refused import refusal_of

from .body import read_json
from .guard import ALWAYS, Guard, client_request_id, cors, refusal_headers
from .keys import LocalKey
from .listen import came_from_here
from .moment import new_id
from .relay import Desk, Relay
from .visitors import Visitors

_log = logging.getLogger(__name__)
_access = logging.getLogger("tray_app.access")

GREETING = "Portico is running. Point an AI client at this address, with /v1 at its end.\n"
_GZIP_FROM_BYTES = 1024
_SLASHES = re.compile(r"/{2,}")
_JSON = {"Content-Type": "application/json"}
_DEFAULT = OpenAIChat()


class Door:
    """The routes and the checks in front of them."""

    def __init__(self, guard: Guard, relay: Relay, desk: Desk, visitors: Visitors) -> None:
        self._guard = guard
        self._visitors = visitors
        self._relay = relay
        self._desk = desk
        self._dialects: dict[str, Dialect] = {
            path: dialect for dialect in DIALECTS for path in dialect.paths
        }

    def routes(self) -> dict[str, tuple[str, ...]]:
        """Every path with its methods; `{id}` stands for one segment."""
        reading = ("GET", "HEAD")
        return {
            "/": reading,
            "/health": reading,
            "/models": reading,
            "/models/{id}": reading,
            **dict.fromkeys(self._dialects, ("POST",)),
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever happens."""
        start_s = self._desk.clock()
        request_id = new_id()
        told = {**ALWAYS, "x-request-id": request_id}
        given = client_request_id(request.headers)
        if given is not None:
            told["x-client-request-id"] = given
        path = self._path(request)
        try:
            response = await self._admitted(request, path, told)
        except ProxyError as error:
            response = self._refusal(request, path, error, told)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # noqa: BLE001  the one door where a bug of ours becomes an answer
            _log.exception("request=%s bug", request_id)
            bug = ProxyError(Kind.INTERNAL_ERROR, f"Portico failed on request {request_id}")
            response = self._refusal(request, path, bug, told)
        ms = (self._desk.clock() - start_s) * 1000
        _access.info(
            "request=%s method=%s route=%s status=%d ms=%.0f",
            request_id, request.method, self._named(path), response.status, ms,
        )  # fmt: skip
        return response

    def _path(self, request: web.BaseRequest) -> str:
        """The path without query, prefix, `/v1` and doubled slashes; never decoded."""
        path = _SLASHES.sub("/", request.raw_path.partition("?")[0])
        prefix = self._desk.settings().path_prefix
        if prefix and path not in {"/", "/health"}:
            if path != prefix and not path.startswith(prefix + "/"):
                return "/outside-the-prefix"
            path = path.removeprefix(prefix)
        if path == "/v1" or path.startswith("/v1/"):
            path = path.removeprefix("/v1")
        return path.rstrip("/") or "/"

    def _named(self, path: str) -> str:
        if path in self.routes():
            return path
        return "/models/{id}" if path.startswith("/models/") else "unknown"

    async def _admitted(
        self, request: web.BaseRequest, path: str, told: dict[str, str]
    ) -> web.StreamResponse:
        guard, visitors, headers = self._guard, self._visitors, request.headers
        is_here = came_from_here(request.transport)
        guard.check_target(request.raw_path)
        guard.check_host(headers, is_http_1_1=request.version >= (1, 1))
        if "Upgrade" in headers and "websocket" in headers["Upgrade"].lower():
            raise ProxyError(Kind.INVALID_REQUEST, "Portico has no web sockets")
        # Another device must not fill the person's list, nor take the place of a question.
        origin = guard.origin(headers, visitors.turned_away if is_here else lambda _: False)
        told |= cors(origin)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in headers:
            if origin is None:
                raise ProxyError(Kind.ORIGIN_NOT_ALLOWED, "A preflight needs an origin")
            return web.Response(
                status=HTTPStatus.NO_CONTENT, headers={**told, **guard.preflight(origin, headers)}
            )
        if path in {"/health", "/"} and request.method in {"GET", "HEAD"}:
            guard.check_unkeyed(headers)
            return _open_answer(path, told)
        key = guard.key(headers, is_here=is_here, is_keyless=visitors.is_keyless)
        return await self._routed(request, path, key, told)

    async def _routed(
        self, request: web.BaseRequest, path: str, key: LocalKey, told: dict[str, str]
    ) -> web.StreamResponse:
        dialect = self._dialects.get(path)
        if dialect is not None:
            _check_method(request, ("POST",), told)
            return await self._relay.answer(
                request, dialect, key, await read_json(request, self._desk.limits()), told
            )
        if path == "/models" or path.startswith("/models/"):
            _check_method(request, ("GET", "HEAD"), told)
            return await self._models(request, path.removeprefix("/models"), told)
        refused = refusal_of(path)
        if refused is not None:
            raise refused
        if path in {"/", "/health"}:
            _check_method(request, ("GET", "HEAD"), told)
        raise ProxyError(Kind.NOT_FOUND, "Portico has nothing at this path")

    async def _models(
        self, request: web.BaseRequest, rest: str, told: dict[str, str]
    ) -> web.StreamResponse:
        desk = self._desk
        models = await desk.models.current()
        age_s = desk.models.age_s
        told["x-portico-models-age"] = "built-in" if age_s is None else str(age_s)
        if not rest:
            body = models_body(models, with_variants=desk.settings().show_variants)
            return _json_answer(request, body, told)
        name = unquote(rest[1:])
        model = desk.models.find(name, desk.settings().aliases)
        if model is None:
            raise unknown_model(name)
        return _json_answer(request, model_body(name, model), told)

    def _refusal(
        self, request: web.BaseRequest, path: str, error: ProxyError, told: dict[str, str]
    ) -> web.Response:
        dialect = self._dialects.get(path, _DEFAULT)
        response = web.Response(
            status=error.kind.row.status,
            body=dialect.error(error),
            headers={**told, **_JSON, **refusal_headers(error)},
        )
        if request.can_read_body and not request.content.at_eof():
            # What was not read must never be taken for the next request.
            response.force_close()
        return response


def _open_answer(path: str, told: dict[str, str]) -> web.Response:
    if path == "/health":
        return web.Response(body=b'{"status":"ok"}', headers={**told, **_JSON})
    return web.Response(text=GREETING, headers=told)


def _check_method(request: web.BaseRequest, methods: tuple[str, ...], told: dict[str, str]) -> None:
    if request.method not in methods:
        told["Allow"] = ", ".join(methods)
        raise ProxyError(Kind.METHOD_NOT_ALLOWED, f"This path takes {' and '.join(methods)} only")


def _json_answer(request: web.BaseRequest, body: bytes, told: dict[str, str]) -> web.Response:
    response = web.Response(body=body, headers={**told, **_JSON})
    if len(body) >= _GZIP_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
        response.headers["Vary"] = ", ".join(
            name for name in (response.headers.get("Vary"), "Accept-Encoding") if name
        )
    return response


class _Protocol(RequestHandler):
    """aiohttp's connection, with refusals of its parser in our shape and nothing of them logged.

    The library would answer in plain text and log the bytes it refused, keys included.
    """

    __slots__ = ()

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
        _log.info("connection=refused status=%d reason=%s", status, type(exc).__name__)
        error = ProxyError(kind, "This is no proper HTTP request")
        response = web.Response(
            status=status,
            body=_DEFAULT.error(error),
            headers={**ALWAYS, **_JSON, **refusal_headers(error)},
        )
        response.force_close()
        return response

    def log_exception(
        self, *_: object, exc_info: BaseException | None = None, **__: object
    ) -> None:
        _log.info("connection=failed reason=%s", type(exc_info).__name__)


class Server(web.Server):
    """aiohttp's server with our connections, and no more of them than the limits.

    Those from other devices are counted by themselves, so that none shuts out this computer, and
    have little time to ask for something.
    """

    def __init__(self, door: Door, desk: Desk) -> None:
        self._limits = desk.limits()
        self._answer = door.handle
        self._devices: dict[RequestHandler, asyncio.TimerHandle] = {}
        super().__init__(
            self._asked,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=self._limits.keepalive_s,
            lingering_time=2.0,
        )

    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)

    async def _asked(self, request: web.BaseRequest) -> web.StreamResponse:
        silence = self._devices.get(request.protocol)
        if silence is not None:
            silence.cancel()
        return await self._answer(request)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        limits = self._limits
        if came_from_here(transport):
            count, most = len(self.connections) - len(self._devices), limits.connections
        else:
            silence = self._loop.call_later(limits.device_head_s, transport.abort)
            self._devices[handler] = silence
            count, most = len(self._devices), limits.device_connections
        if count > most:
            _log.warning("connection=dropped open=%d", count)
            transport.abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        silence = self._devices.pop(handler, None)
        if silence is not None:
            silence.cancel()
