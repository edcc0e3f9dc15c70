"""When the computer sleeps and wakes: logind says so on the system's bus of Linux."""

import asyncio
import contextlib
from collections.abc import Callable

from dbus_fast import BusType, Message

from .bus import BusError, connect, ended, listen

_RETRY_S = 60.0
_MANAGER = "org.freedesktop.login1.Manager"


async def watch_sleep(woke: Callable[[], None]) -> None:
    """Call `woke` after every sleep, until it is cancelled; where nobody tells, nothing happens."""

    def heard(message: Message) -> None:
        is_ours = message.interface == _MANAGER and message.member == "PrepareForSleep"
        if is_ours and message.body == [False]:
            woke()

    while True:
        with contextlib.suppress(BusError):
            bus = await connect(BusType.SYSTEM)
            try:
                await listen(bus, f"interface='{_MANAGER}',member='PrepareForSleep'", heard)
                await ended(bus)
            finally:
                bus.disconnect()
        await asyncio.sleep(_RETRY_S)
