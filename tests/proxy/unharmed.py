"""What must hold after whatever was done to a proxy."""

import asyncio
import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.harness import Running
from tests.waiting import until

PROCESS = psutil.Process()
BAD = ("never retrieved", "never awaited", "Unclosed", "Traceback")


async def _tasks() -> int:
    return len(asyncio.all_tasks())


def tasks(proxy: Running) -> int:
    """How many there are in the proxy's loop."""
    return proxy.service.post(_tasks()).result(20)


def connections(proxy: Running) -> int:
    """How many clients have open, as the system counts them."""
    found = PROCESS.net_connections("tcp")
    return sum(one.laddr[1] == proxy.port and one.status != psutil.CONN_LISTEN for one in found)


def resident_bytes() -> int:
    """The memory of this process, in which the proxy serves as well."""
    return int(PROCESS.memory_info().rss)


class Ear(logging.Handler):
    """Hears everything that any thread logs, tracebacks and all."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def bad(self) -> list[str]:
        return [line for line in self.lines if any(word in line for word in BAD)]


@contextmanager
def hearing() -> Iterator[Ear]:
    """Hear what is logged in this context, at info and above."""
    root, ear = logging.getLogger(), Ear()
    level = root.level
    root.setLevel(logging.INFO)
    root.addHandler(ear)
    try:
        yield ear
    finally:
        root.removeHandler(ear)
        root.setLevel(level)


@contextmanager
def unharmed(proxy: Running) -> Iterator[Ear]:
    """Whatever is done in this context: the next is served, nothing stays, the log is clean."""
    until(lambda: not connections(proxy))
    before = tasks(proxy)
    with hearing() as ear:
        yield ear
        until(lambda: not connections(proxy))
        assert proxy.chat("good").status == 200
        until(lambda: tasks(proxy) <= before and not connections(proxy))
        gc.collect()
    assert ear.bad == []
    assert proxy.key not in "".join(ear.lines)
