"""Looking up names in threads that nobody has to wait for.

The system's look-up can hang for tens of seconds and cannot be called off. In the event loop's own
threads it would hold up the end of the loop for as long; in a daemon thread it holds up nothing.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Resolver(AbstractResolver):
    """The system's look-up of names."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name; raises `OSError` where there are none."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any]] = loop.create_future()
        # Windows does not know `localhost` by this flag while it is offline.
        flags = 0 if host == "localhost" else socket.AI_ADDRCONFIG

        def look_up() -> None:
            try:
                infos = socket.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, family=family, flags=flags
                )
            except (OSError, UnicodeError) as error:
                tell(found.set_exception, OSError(str(error)))
            else:
                tell(found.set_result, infos)

        def tell(how: Callable[[Any], None], what: object) -> None:
            # Who asked may have left, and the loop may have ended.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(lambda: None if found.done() else how(what))

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return [
            ResolveResult(
                hostname=host, host=where[0], port=where[1], family=kind, proto=proto,
                flags=_NUMERIC,
            )
            for kind, _, proto, _, where in await found
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""
