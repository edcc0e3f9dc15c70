"""The proxy in a thread of its own: started, asked and stopped from outside.

The thread that starts it is free for a tray. Two things cross over: `post` hands a coroutine to the
proxy's loop, and the control door's commands run in it.
"""

import asyncio
import gc
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from aiohttp import web

from .control import Control
from .door import Command, ControlDoor
from .house import House, Parts
from .listen import listen

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Service:
    """One proxy; `start` it once and `stop` it once, from any thread but its own."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.port = 0
        self.endpoint = ""
        """What a client's base URL is, once it runs."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready: Future[None] = Future()
        self._commands: dict[str, Command] = {}
        self._thread = threading.Thread(target=self._run, name="portico-proxy", daemon=True)

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
        return await self._commands[name](message)

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
        house = House(self.parts, self.port)
        self.endpoint = house.endpoint
        self._commands = Control(house).commands()
        door = ControlDoor(self.parts.door_path, self._commands) if self.parts.door_path else None
        runner = web.ServerRunner(house.server, shutdown_timeout=1.0)
        await runner.setup()
        try:
            for sock in sockets:
                await web.SockSite(runner, sock).start()
            if door is not None:
                await door.open()
            gc.collect()
            gc.freeze()
            self._ready.set_result(None)
            await self._stopping.wait()
            await house.drain(runner)
        finally:
            if door is not None:
                door.close()
            await runner.cleanup()
            await house.transport.close()
