"""The proxy in a thread of its own: built, started, asked and stopped from outside.

The thread that starts it is free for a tray. Two things cross over: `post` hands a coroutine to the
proxy's loop, and the control door's commands run in it.
"""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from aiohttp import web
from msgspec import Struct

from tray_app import __version__
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import Session
from tray_app.core.site import Site
from tray_app.store.outbound import outbound_proxy
from tray_app.store.settings import Settings

from .brakes import Brakes
from .control import Control
from .door import Command, ControlDoor
from .gate import Gate, Rules
from .guard import Guard
from .keys import Keys
from .limits import Limits
from .listen import listen
from .models import Models, Shelf
from .relay import Desk, Relay
from .runner import Runner
from .server import Door, Server
from .session import SessionOwner
from .status import QueueStatus, SessionStatus, Status
from .tasks import Tasks
from .transport import DirectTransport
from .watch import Watcher

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Parts(Struct, frozen=True, kw_only=True):
    """What a service is made of; the composition root chooses it."""

    site: Site
    upstream: Upstream
    session: Session | None
    settings: Settings
    save_settings: Callable[[Settings], None]
    keys: Keys
    learn_secrets: Callable[..., None] = lambda *_: None
    """Told every secret as it comes up, so that none reaches a log."""
    shelf: Shelf
    door_path: str | None = None
    """Where the control door is; None for none."""
    host: str | None = None
    """An address to listen on instead of both loopbacks."""
    limits: Limits = Limits()
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time


class Service:
    """One proxy; `start` it once and `stop` it once, from any thread but its own."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.port = 0
        self._settings = parts.settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready: Future[None] = Future()
        self._control: dict[str, Command] | None = None
        self._thread = threading.Thread(target=self._run, name="portico-proxy", daemon=True)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    @property
    def endpoint(self) -> str:
        """What a client's base URL is."""
        return f"http://127.0.0.1:{self.port}{self.parts.settings.path_prefix}/v1"

    def start(self) -> None:
        """Return once clients are served; raises `PortTakenError` and whatever else is wrong."""
        self._thread.start()
        self._ready.result()

    def stop(self) -> None:
        """Let answers end, refuse the rest, and return when the thread is gone."""
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(stopping.set)
        self._thread.join(timeout=15)

    def post(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the proxy's loop."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the service is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def control(self, name: str, message: dict[str, Any]) -> object:
        """Carry out a command of the control door; called in the loop."""
        if self._control is None:
            raise RuntimeError("the service is not running")
        return await self._control[name](message)

    def change(self, settings: Settings) -> None:
        """Put settings in force and save them; called in the loop."""
        self.parts.save_settings(settings)
        self._settings = settings

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            if self._ready.done():
                _log.exception("proxy=died")
                raise
            self._ready.set_exception(error)

    async def _main(self) -> None:
        sockets = listen(self.parts.host, self.parts.settings.port)
        self.port = sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        house = House(self)
        self._control = house.commands
        runner = web.ServerRunner(house.server, shutdown_timeout=1.0)
        await runner.setup()
        try:
            for sock in sockets:
                await web.SockSite(runner, sock).start()
            if house.door is not None:
                await house.door.open()
            gc.collect()
            gc.freeze()
            self._ready.set_result(None)
            await self._stopping.wait()
            await house.drain(runner)
        finally:
            if house.door is not None:
                house.door.close()
            await runner.cleanup()
            await house.transport.close()


class House:
    """The parts of a running service, put together; made in its loop."""

    def __init__(self, service: Service) -> None:
        parts = service.parts
        self._service = service
        self._limits_of = service.settings
        self.limits = parts.limits.under(service.settings)
        self.tasks = Tasks()
        self.brakes = Brakes(parts.clock)
        self.gate = Gate(self._rules, parts.clock)
        self.owner = SessionOwner(parts.session, parts.wall_clock, parts.learn_secrets)
        proxy = outbound_proxy(parts.settings.outbound_proxy, parts.site.chat_origin)
        self.transport = DirectTransport(parts.site, parts.upstream, self._limits, proxy)
        self.runner = Runner(self.transport, self.owner, self.tasks)
        self.owner.renew_by(lambda: self.runner.renew(parts.upstream.renew()))
        self.models = Models(parts.upstream, self.runner, parts.shelf, parts.wall_clock, self.tasks)
        desk = Desk(
            site=parts.site,
            upstream=parts.upstream,
            settings=lambda: service.settings,
            limits=self._limits,
            clock=parts.clock,
            owner=self.owner,
            runner=self.runner,
            models=self.models,
            gate=self.gate,
            brakes=self.brakes,
            watcher=Watcher(self._limits, parts.clock, self.tasks),
        )
        self.relay = Relay(desk)
        guard = Guard(lambda: service.settings, parts.keys)
        self.server = Server(Door(guard, self.relay, desk), desk)
        self.commands = Control(service, self).commands()
        self.door = ControlDoor(parts.door_path, self.commands) if parts.door_path else None
        self._closing = False

    def _limits(self) -> Limits:
        settings = self._service.settings
        if settings is not self._limits_of:
            self._limits_of = settings
            self.limits = self._service.parts.limits.under(settings)
        return self.limits

    def _rules(self) -> Rules:
        settings = self._service.settings
        return Rules(
            slots=settings.parallel_answers,
            spacing_s=self.brakes.spacing_s(settings.start_spacing_s),
            waiting=settings.queue_size,
        )

    def status(self) -> Status:
        """What there is to say at this moment."""
        session = self.owner.session
        hold = self.brakes.status()
        if self._closing:
            state = "stopping"
        elif self.owner.state != "signed_in":
            state = "signed_out"
        elif hold is not None:
            state = "holding"
        else:
            state = "busy" if self.gate.in_flight else "running"
        return Status(
            version=__version__,
            endpoint=self._service.endpoint,
            port=self._service.port,
            state=state,
            session=SessionStatus(
                state=self.owner.state,
                account=session.account if session else "",
                expires_at=session.expires_at if session else None,
            ),
            queue=QueueStatus(waiting=self.gate.waiting, in_flight=self.gate.in_flight),
            hold=hold,
        )

    async def drain(self, runner: web.ServerRunner) -> None:
        """Refuse what is new, give what runs a little time, then end it, and tidy up."""
        self._closing = True
        for site in tuple(runner.sites):
            await site.stop()
        self.gate.close()
        await self.relay.idle(self.limits.drain_s)
        self.relay.stop(ProxyError(Kind.SERVER_STOPPING))
        await self.relay.idle(1.0)
        await self.tasks.finish(self.limits.tidy_s)
