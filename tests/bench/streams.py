"""Streams through a proxy: CPU per event, delays, calls to the site, and clients that leave."""

import asyncio
from statistics import median, quantiles

from .load import Reading, ask, ask_many, begin, chat
from .ring import Contender, Load, Ring

_QUIET_S = 0.01
"""What a proxy may take to tidy up before it is asked again."""
_WHOLE = Load(16, 8)


def _counted(contender: Contender, load: Load, heard: list[Reading]) -> None:
    contender.count(len(heard) * load.events, sum(one.heard().events for one in heard))


def cpu_us(here: Ring, contender: Contender, load: Load, body: bytes = b"") -> float:
    """CPU of the proxy for each event of this load."""
    here.prepare(load, load.streams)
    before_s = contender.cpu_s()
    heard = asyncio.run(ask_many(contender.target, load.streams, load.apart_s, body))
    spent_s = contender.cpu_s() - before_s
    _counted(contender, load, heard)
    return spent_s * 1e6 / load.streams / load.events


def whole_us(here: Ring, contender: Contender, times: int) -> float:
    """CPU of the proxy for each request that is answered as a whole, sixteen beside each other."""
    load, body = _WHOLE, chat(stream=False)
    before_s = contender.cpu_s()
    for _ in range(times):
        here.prepare(load, load.streams)
        _counted(contender, load, asyncio.run(ask_many(contender.target, load.streams, body=body)))
    return (contender.cpu_s() - before_s) * 1e6 / load.streams / times


def firsts_ms(here: Ring, contender: Contender, times: int) -> list[float]:
    """Times to the first event, one stream after the other, with quiet between them."""
    load = Load(1, 1)
    here.prepare(load, times)

    async def all_of_them() -> list[Reading]:
        return [await ask(contender.target, chat(), _QUIET_S) for _ in range(times)]

    heard = asyncio.run(all_of_them())
    _counted(contender, load, heard)
    return [one.heard().first_s * 1000 for one in heard]


def p50_p99(times_ms: list[float]) -> tuple[float, float]:
    """The middle one, and the one that one in a hundred exceeds."""
    if len(times_ms) < 2:
        return median(times_ms), max(times_ms)
    return median(times_ms), quantiles(times_ms, n=100, method="inclusive")[98]


def calls(here: Ring, contender: Contender) -> tuple[int, int]:
    """Calls to the site before the first event of a chat, and in all."""

    async def look() -> tuple[int, Reading]:
        reading = await begin(contender.target, chat())
        await reading.begun
        before = await asyncio.to_thread(here.seen)
        await reading.over
        await asyncio.sleep(0.2)
        return before["calls"], reading

    load = Load(1, 20, 0.02, 1)
    here.prepare(load, 1)
    before, reading = asyncio.run(look())
    _counted(contender, load, [reading])
    return before, here.seen()["calls"]


def leaving_ms(here: Ring, contender: Contender, times: int, *, silent: bool) -> float:
    """How soon the site sees that a client has left in mid-answer, one after the other."""

    async def leave() -> float:
        reading = await begin(contender.target, chat())
        await reading.begun
        left_s = reading.leave()
        await reading.over
        return left_s

    took_ms = []
    for _ in range(times):
        if silent:
            here.prepare_silence(1)
        else:
            here.prepare(Load(1, 500, 0.02, 1), 1)
        left_s = asyncio.run(leave())
        seen_s: float = here.seen(leavers=1)["left_s"][0]
        took_ms.append((seen_s - left_s) * 1000)
    return median(took_ms)
