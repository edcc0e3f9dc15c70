"""The proxy in a thread of its own: started, asked and stopped from outside.

The thread that starts it is free for others. Two things cross over: `post` hands a coroutine to
the proxy's loop, in which the control door's commands run, and `status` is a frozen snapshot.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from aiohttp import web

from tray_app.store.settings import Settings

from .control import Control
from .door import Command
from .house import House, Parts, network_of
from .listen import listen_as_asked
from .status import Status

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Service:
    """One proxy; `start` it once and `stop` it once, from any thread but its own.

    Args:
        parts: What it is made of.
        ended: Called at the end of its thread, whatever ended it.
    """

    def __init__(self, parts: Parts, ended: Callable[["Service"], None] = lambda _: None) -> None:
        self._parts = parts
        self._ended = ended
        self.was_stopped = False
        self.port = 0
        self.endpoint = ""
        """What a client's base URL is, once it runs."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready: Future[None] = Future()
        self._house: House | None = None
        self._commands: dict[str, Command] = {}
        self._thread = threading.Thread(target=self._run, name="portico-proxy", daemon=True)

    def start(self) -> None:
        """Return once clients are served.

        Raises `PortTakenError`, `AddressGoneError` and whatever else is wrong.
        """
        self._thread.start()
        self._ready.result()

    def stop(self) -> bool:
        """Let answers end and refuse the rest; returns whether the thread is gone, or hangs."""
        self.was_stopped = True
        if self._house is not None:
            # Who wants an end must not get a beginning.
            self._house.unwatch()
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            # It may have died by itself a moment ago.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stopping.set)
        self.join(self._parts.limits.gone_s)
        return not self.is_alive

    @property
    def is_alive(self) -> bool:
        """Whether its thread is there."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of its thread."""
        self._thread.join(timeout_s)

    def post(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the proxy's loop; raises `RuntimeError` where there is none."""
        try:
            if self._loop is None:
                raise RuntimeError("the service is not running")
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            raise

    @property
    def status(self) -> Status:
        """What there is to say at this moment, from any thread."""
        if self._house is None:
            raise RuntimeError("the service is not running")
        return self._house.status()

    @property
    def models(self) -> tuple[str, ...]:
        """The models as far as they are known, from any thread."""
        house = self._house
        return () if house is None else tuple(model.id for model in house.models.known())

    def wake(self) -> None:
        """Note that the computer slept; from any thread."""
        house, loop = self._house, self._loop
        if house is not None and loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(house.wake)

    async def control(self, name: str, message: dict[str, Any]) -> object:
        """Carry out a command of the control door; called in the loop."""
        return await self._commands[name](message)

    @property
    def begun_with(self) -> Settings:
        """The settings with which it was started."""
        return self._parts.settings

    @property
    def parts(self) -> Parts:
        """What it is made of, with the settings that are in force now."""
        return self._parts if self._house is None else self._house.parts

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._parts.new_loop) as runner:
                runner.run(self._main())
        except BaseException as error:  # noqa: BLE001  the thread's last word
            if self._ready.done():
                _log.exception("proxy=ended")
            else:
                self.was_stopped = True
                self._ready.set_exception(error)
        finally:
            self._ended(self)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            settings = self._parts.settings
            taken = listen_as_asked(self._parts.host, settings.network_host, settings.port)
            for sock in taken.sockets:
                stack.callback(sock.close)
            self.port = taken.sockets[0].getsockname()[1]
            network = network_of(self._parts, taken.address, self.port, taken.note)
            self._house = house = House(self._parts, self.port, network)
            stack.callback(house.unwatch)
            stack.callback(house.handoff.end)
            stack.push_async_callback(house.transport.close)
            self.endpoint = house.endpoint
            self._commands = Control(house).commands()
            runner = web.ServerRunner(house.server, shutdown_timeout=self._parts.limits.cut_s)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await house.begin()
            for sock in taken.sockets:
                await web.SockSite(runner, sock).start()
            self._ready.set_result(None)
            await self._stopping.wait()
            await house.drain(runner)
