"""The door for clients: one handler, in which every request passes the same checks in one order.

Target, host, upgrade, origin, key, route and method, type, length, body: a check that fails ends
the request before the next one is looked at, so that a web page learns nothing from what follows.
The routes are a table of exact paths; whatever is not in it does not exist.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from math import inf
from operator import itemgetter
from urllib.parse import unquote

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import FormField
from tray_app.core.ports import Asked, Dialect, FormDialect, Profile
from tray_app.dialects import DIALECTS
from tray_app.dialects.openai_models import model_body, models_body, named_in, unknown_model
from tray_app.dialects.openai_refused import refusal_of

from .activity import note_asked
from .body import FORM, JSON, check_type, read_body
from .budget import Budget, Share
from .connection import (
    DEFAULT,
    FIELD_BYTES,
    HEADERS,
    JSON_TYPE,
    LINE_BYTES,
    Connection,
    crowded_out,
)
from .desk import Desk
from .framing import UnclearError, check_end, is_spoken
from .guard import ALWAYS, Guard, client_request_id, cors, refusal_headers
from .joining import DIGEST, digest_of
from .keys import LocalKey
from .listen import came_from_here
from .logbook import ENTRY, Entry, Logbook, Sparing
from .moment import new_id
from .multipart import read_form
from .relay import Relay
from .stalling import Stall
from .visitors import Visitors

_log = logging.getLogger(__name__)

GREETING = "Portico is running. Point an AI client at this address, with /v1 at its end.\n"
_GZIP_FROM_BYTES = 1024
_SLASHES = re.compile(r"/{2,}")


class Door:
    """The routes and the checks in front of them."""

    def __init__(self, guard: Guard, relay: Relay, desk: Desk, visitors: Visitors) -> None:
        self._guard = guard
        self._visitors = visitors
        self._relay = relay
        self._desk = desk
        self._logbook = Logbook(desk.clock)
        self._budget = Budget(desk.limits)
        self._dialects: dict[str, Dialect] = {
            path: dialect for dialect in DIALECTS for path in dialect.paths
        }
        # To look at what one has takes longer than to understand a short body.
        self._forms: dict[Dialect, FormDialect] = {
            one: one for one in DIALECTS if isinstance(one, FormDialect)
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
        request_id = new_id()
        told = {**ALWAYS, "x-request-id": request_id}
        given = client_request_id(request.headers)
        if given is not None:
            told["x-client-request-id"] = given
        path = self._path(request)
        clock = self._desk.clock
        entry = Entry(request_id, request.method, self._named(path), clock())
        request[ENTRY] = entry
        fault = None
        try:
            response = await self._admitted(request, path, told)
        except ProxyError as error:
            fault = error
            if entry.deed is None:
                self._desk.activity.turn_away(error.kind)
            response = self._refusal(request, path, error, told)
        except (ConnectionError, asyncio.CancelledError):
            self._logbook.end(entry, None)
            raise
        except Exception:  # noqa: BLE001  the one door where a bug of ours becomes an answer
            _log.exception("request=%s bug", request_id)
            fault = ProxyError(Kind.INTERNAL_ERROR, f"Portico failed on request {request_id}")
            response = self._refusal(request, path, fault, told)
        if fault is not None:
            # What the line tells of must not keep the body that was being read.
            fault = fault.with_traceback(None)
        self._logbook.end(entry, response.status, fault)
        return response

    def _path(self, request: web.BaseRequest) -> str:
        """The path without query, prefix, `/v1` and doubled slashes; never decoded."""
        path = _SLASHES.sub("/", request.raw_path.partition("?")[0])
        prefix = self._desk.settings().path_prefix
        if prefix and path not in {"/", "/health"}:
            if path != prefix and not path.startswith(prefix + "/"):
                return "/outside-the-prefix"
            path = path.removeprefix(prefix)
        for _ in range(2):
            # Clients that put it there themselves double it behind a base URL that ends in it.
            if path == "/v1" or path.startswith("/v1/"):
                path = path.removeprefix("/v1")
        return path.rstrip("/") or "/"

    def _named(self, path: str) -> str:
        if path in self._dialects or path in self.routes():
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
            request[ENTRY].is_open = True
            guard.check_unkeyed(headers)
            return _open_answer(path, told)
        key = guard.key(headers, is_here=is_here, is_keyless=visitors.is_keyless)
        request[ENTRY].client = key.name
        return await self._routed(request, path, key, told)

    async def _routed(
        self, request: web.BaseRequest, path: str, key: LocalKey, told: dict[str, str]
    ) -> web.StreamResponse:
        dialect = self._dialects.get(path)
        if dialect is not None:
            _check_method(request, ("POST",), told)
            return await self._answered(request, dialect, key, told)
        if path == "/models" or path.startswith("/models/"):
            _check_method(request, ("GET", "HEAD"), told)
            return await self._models(request, path.removeprefix("/models"), told)
        refused = refusal_of(path)
        if refused is not None:
            raise refused
        if path in {"/", "/health"}:
            _check_method(request, ("GET", "HEAD"), told)
        raise ProxyError(Kind.NOT_FOUND, "Portico has nothing at this path")

    async def _answered(
        self, request: web.BaseRequest, dialect: Dialect, key: LocalKey, told: dict[str, str]
    ) -> web.StreamResponse:
        with self._budget.sharing() as share:
            parse = await self._read(request, dialect, key.profile, share)
            answer = self._relay.answer(request, key, parse, share, told)
            # It may be megabytes, and the answer lets go of them long before it is over.
            del parse
            return await answer

    async def _read(
        self, request: web.BaseRequest, dialect: Dialect, profile: Profile, share: Share
    ) -> Callable[[], Asked]:
        """A body, to be understood by its dialect."""
        limits = self._desk.limits()
        forms = self._forms.get(dialect)
        if forms is None:
            check_type(request, JSON)
        elif check_type(request, JSON, FORM) == FORM:
            form = await read_form(request, limits, share)
            return partial(_form_understood, forms, form, profile)
        body = await read_body(request, limits, share)
        if profile.join:
            request[DIGEST] = await digest_of(body)
        return partial(_understood, dialect, body, profile)

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
            raise desk.models.why_unknown(name) or unknown_model(name)
        return _json_answer(request, model_body(name, model), told)

    def _refusal(
        self, request: web.BaseRequest, path: str, error: ProxyError, told: dict[str, str]
    ) -> web.Response:
        dialect = self._dialects.get(path, DEFAULT)
        response = web.Response(
            status=error.row.status,
            body=dialect.error(error),
            headers={**told, **JSON_TYPE, **refusal_headers(error)},
        )
        if request.can_read_body and not request.content.at_eof():
            # What was not read must never be taken for the next request.
            response.force_close()
        return response


def _understood(dialect: Dialect, body: bytes, profile: Profile) -> Asked:
    """What a body means; the model that it names is noted, even if nothing else is understood."""
    try:
        asked = dialect.parse(body, profile)
    except ProxyError:
        note_asked(named_in(body))
        raise
    note_asked(asked.prompts[0].model)
    return asked


def _form_understood(dialect: FormDialect, form: tuple[FormField, ...], profile: Profile) -> Asked:
    """The same for a form."""
    named = (one.data.decode(errors="replace") for one in form if one.name == "model")
    note_asked(next(named, ""))
    return dialect.parse_form(form, profile)


def _open_answer(path: str, told: dict[str, str]) -> web.Response:
    if path == "/health":
        return web.Response(body=b'{"status":"ok"}', headers={**told, **JSON_TYPE})
    return web.Response(text=GREETING, headers=told)


def _check_method(request: web.BaseRequest, methods: tuple[str, ...], told: dict[str, str]) -> None:
    if request.method not in methods:
        told["Allow"] = ", ".join(methods)
        raise ProxyError(Kind.METHOD_NOT_ALLOWED, f"This path takes {' and '.join(methods)} only")


def _json_answer(request: web.BaseRequest, body: bytes, told: dict[str, str]) -> web.Response:
    response = web.Response(body=body, headers={**told, **JSON_TYPE})
    if len(body) >= _GZIP_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
        response.headers["Vary"] = ", ".join(
            name for name in (response.headers.get("Vary"), "Accept-Encoding") if name
        )
    return response


class Server(web.Server):
    """aiohttp's server with our connections, and no more of them than the limits.

    Those from other devices are counted by themselves, so that none shuts out this computer, and
    have little time to ask for something. Where all places are taken, whoever has asked for nothing
    for the longest time makes room. Where nobody can, a few of those who come are told so.
    """

    def __init__(self, door: Door, desk: Desk) -> None:
        self._limits = desk.limits()
        self._answer = door.handle
        self._devices: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._surplus: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._clock = desk.clock
        self._drops, self._refusals = Sparing(), Sparing()
        super().__init__(
            self._asked,
            handler_cancellation=True,
            access_log=None,
            # What is packed is refused: little must not become much.
            auto_decompress=False,
            keepalive_timeout=self._limits.keepalive_s,
            lingering_time=self._limits.linger_s,
            max_line_size=LINE_BYTES,
            max_field_size=FIELD_BYTES,
            max_headers=HEADERS,
        )

    def __call__(self) -> RequestHandler:
        stall = Stall(self._loop, self._limits.write_stall_s)
        # Anybody can bring any number that speak no HTTP.
        return Connection(
            stall, lambda: self._refusals.due(self._clock()), self, loop=self._loop, **self._kwargs
        )

    async def _asked(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        silence = self._devices.get(connection)
        if silence is not None:
            silence.cancel()
        if connection in self._surplus:
            return crowded_out()
        try:
            check_end(request)
        except UnclearError as error:
            if not is_spoken(request) and request.transport is not None:
                # The answer would have to be of that version.
                request.transport.close()
            return connection.handle_error(request, HTTPStatus.BAD_REQUEST, error)
        return await self._answer(request)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        limits = self._limits
        is_here = came_from_here(transport)
        if not is_here:
            silence = self._loop.call_later(limits.device_head_s, transport.abort)
            self._devices[handler] = silence
        most = limits.connections if is_here else limits.device_connections
        if len(self.connections) <= most:
            return
        taken = self._taken(is_here=is_here)
        if len(taken) <= most or self._has_made_room(taken):
            return
        untold = self._drops.due(self._clock())
        if untold is not None:
            _log.warning("connection=dropped open=%d untold=%d", len(taken), untold)
        if len(self._surplus) >= limits.surplus_connections:
            transport.abort()
            return
        self._surplus[handler] = self._loop.call_later(limits.surplus_s, transport.abort)

    def _taken(self, *, is_here: bool) -> list[Connection]:
        """The connections from this computer, or from devices, that have a place."""
        return [
            one
            for one in self.connections
            if isinstance(one, Connection)
            and (one not in self._devices) is is_here
            and one not in self._surplus
        ]

    def _has_made_room(self, taken: list[Connection]) -> bool:
        """Close the one that has asked for nothing for the longest time, if there is one."""
        before_s = self._loop.time() - self._limits.idle_connection_s
        silent = [one for one in taken if not one.has_asked]
        # Who never asked goes first. Where most are such, who did ask must not make room for more;
        # those count that have just come, or just made room: many may come in one turn of the loop.
        is_flood = len(silent) * 2 > len(taken)
        asked = [] if is_flood else [one for one in taken if one.has_asked]
        for those in (silent, asked):
            idle = ((since_s, one) for one in those if (since_s := one.idle_since_s) is not None)
            since_s, longest = min(idle, key=itemgetter(0), default=(inf, None))
            if longest is not None and since_s <= before_s:
                longest.force_close()
                return True
        return False

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        for timer in (self._devices.pop(handler, None), self._surplus.pop(handler, None)):
            if timer is not None:
                timer.cancel()
