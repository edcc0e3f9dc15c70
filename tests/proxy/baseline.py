"""What a proxy holds on to, and that nothing is left of what happened to it.

Everything is looked at from inside the process in which the proxy, the site and the clients run:
their tasks, connections and descriptors come back to what they were.
"""

import asyncio
import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tests.harness import Running
from tests.waiting import WITHIN_S
from tray_app.proxy.house import House
from tray_app.proxy.transport import DirectTransport

_DESCRIPTORS = Path("/dev/fd")


class Held(Struct, frozen=True):
    """What is open at one moment; if it is more than before, something was left."""

    tasks: dict[str, int]
    """Those of the proxy's loop by what they run."""
    clients: int
    """Connections from clients."""
    calls: int
    """Those to the site that are not over."""
    descriptors: int
    """Of the whole process; 0 where that cannot be known."""
    waiting: int
    in_flight: int

    def is_no_more_than(self, before: "Held") -> bool:
        """Whether nothing came to what there was; the site may have closed its ends meanwhile."""
        return self.descriptors <= before.descriptors and before == replace(
            self, descriptors=before.descriptors
        )


class _Complaints(logging.Handler):
    """What the event loop and the HTTP library say of things that were left."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


def house_of(proxy: Running) -> House:
    """The inside of a proxy that runs."""
    house = proxy.service._house
    assert house is not None
    return house


def held(proxy: Running) -> Held:
    """What the proxy holds now; connections that only wait for their next use are closed first."""
    return proxy.service.post(_held(house_of(proxy))).result(10)


async def _held(house: House) -> Held:
    direct = house.transport.direct
    assert isinstance(direct, DirectTransport)
    calls = sum(pool.calls for pool in (direct._pool, *direct._retired))
    if not calls:
        await direct.forget()
        # Sockets are closed in the next turn of the loop.
        await asyncio.sleep(0)
    own = asyncio.current_task()
    running = [task for task in asyncio.all_tasks() if task is not own]
    return Held(
        tasks=dict(Counter(task.get_coro().__qualname__ for task in running)),  # type: ignore[union-attr]
        clients=len(house.server.connections),
        calls=calls,
        descriptors=_descriptors(),
        waiting=house.gate.waiting,
        in_flight=house.gate.in_flight,
    )


def _descriptors() -> int:
    return sum(1 for _ in _DESCRIPTORS.iterdir()) if _DESCRIPTORS.is_dir() else 0


def settle(proxy: Running) -> Held:
    """Have the proxy make what it makes once, and tell what it holds from then on."""
    forgive(proxy)
    proxy.check_sound()
    return _steady(proxy)


def _steady(proxy: Running) -> Held:
    """What is held once nothing goes on, and that has been the same twice."""
    end_s = time.monotonic() + WITHIN_S
    before = held(proxy)
    while (now := held(proxy)) != before or now.clients or now.calls or len(now.tasks) > 1:
        assert time.monotonic() < end_s, f"it does not settle: {now}"
        before = now
        time.sleep(0.02)
    return now


def forgive(proxy: Running) -> None:
    """End every pause, of the account, of models and of the network, as if long ago."""

    async def forget() -> None:
        house = house_of(proxy)
        house.brakes.release()
        house.brakes._careful_until_s = 0.0
        house.brakes._cool.clear()
        house.wake()
        house.breaker._failures.clear()
        house.breaker._until_s = None

    # Chats that could not be deleted in the pause are, when a person ends it.
    proxy.control("resume")
    proxy.service.post(forget()).result(10)


@contextmanager
def gives_all_back(proxy: Running, before: Held | None = None) -> Iterator[None]:
    """What happens in here leaves nothing behind, and whoever asks next gets a good answer."""
    before = before or settle(proxy)
    complaints = _Complaints()
    loggers = [logging.getLogger(name) for name in ("asyncio", "aiohttp")]
    for logger in loggers:
        logger.addHandler(complaints)
    try:
        yield
        _comes_back(proxy, before)
        forgive(proxy)
        proxy.check_sound()
        _comes_back(proxy, before)
        # What nobody looks at any more complains when it is collected.
        gc.collect()
        assert complaints.lines == []
    finally:
        for logger in loggers:
            logger.removeHandler(complaints)


def _comes_back(proxy: Running, before: Held) -> None:
    end_s = time.monotonic() + WITHIN_S
    while not (now := held(proxy)).is_no_more_than(before):
        assert time.monotonic() < end_s, f"left over: {now}, before: {before}"
        time.sleep(0.02)
