"""The program that runs: a supervised proxy, and the control door, which is there all the time.

The door has a thread and a loop of its own, so that it answers while the proxy is stopped, dies or
hangs. What says how things are is answered from a snapshot; everything else is the proxy's.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

import msgspec

from .door import Command, ControlDoor
from .house import Parts
from .memory import settle
from .status import Status
from .supervisor import Supervisor

PROXY_COMMANDS = ("resume", "models", "key", "settings", "session")


class Instance:
    """One running program; everything public may be called from any thread.

    Args:
        parts: What its proxy is made of.
        door_path: Where the control door is.
        changed: Called when the proxy was started, stopped or failed.
        more: Further commands of the door, carried out in its loop.
    """

    def __init__(
        self,
        parts: Parts,
        door_path: str,
        changed: Callable[[], None] = lambda: None,
        more: Mapping[str, Command] | None = None,
    ) -> None:
        self._changed = changed
        self.supervisor = Supervisor(parts, self._on_change)
        commands: dict[str, Command] = {
            name: partial(self._carry_out, name) for name in PROXY_COMMANDS
        }
        self._door = ControlDoor(door_path, {"status": self._status, **commands, **(more or {})})
        self._ready: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._serve, name="portico-door", daemon=True)

    @property
    def status(self) -> Status:
        """What there is to say at this moment."""
        return self.supervisor.status

    def open(self) -> None:
        """Open the door; returns once it can be reached, and raises what keeps it shut."""
        self._thread.start()
        self._ready.result()

    def carry_out(self, name: str, /, **message: Any) -> Future[Any]:
        """Have a command of the door carried out; its result may be a `DoorError`."""
        return self.supervisor.carry_out(name, message)

    def close(self) -> None:
        """Stop the proxy and close the door; returns when both are gone."""
        self.supervisor.close()
        loop, closing = self._loop, self._closing
        if loop is not None and closing is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(closing.set)
            self._thread.join(1.0)

    def _on_change(self) -> None:
        """The proxy was started, stopped or failed; called in the supervisor's thread."""
        if self.supervisor.run.kind == "running":
            settle()
        self._changed()

    def _serve(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # whoever opens it must be told
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _main(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        await self._door.open()
        self._ready.set_result(None)
        try:
            await self._closing.wait()
        finally:
            self._door.close()

    async def _status(self, _: dict[str, Any]) -> object:
        return msgspec.to_builtins(self.status)

    async def _carry_out(self, name: str, message: dict[str, Any]) -> object:
        return await asyncio.wrap_future(self.supervisor.carry_out(name, message))
