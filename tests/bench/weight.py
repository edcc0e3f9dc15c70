"""What weighs on a proxy: many open streams, long histories, and others who wait meanwhile."""

import asyncio
import resource
from dataclasses import dataclass
from functools import cache

from .children import Child
from .load import Reading, ask, ask_many, chat, holding
from .ring import Contender, Load, Ring, ring
from .streams import p50_p99

_OTHERS = Load(20, 150, 0.02, 1)
_SHORT = Load(1, 8)
_WARM = Load(4, 20)
_FILES_PER_STREAM, _OTHER_FILES = 2, 200


@cache
def long_history() -> bytes:
    """A request of 250 messages, 2 MB."""
    return chat(messages=250, size=8000)


def open_kb(streams: int, *, tls: bool = False) -> tuple[float, float] | None:
    """Memory for each of so many open streams, of Portico and of the relay, both fresh.

    None where the system does not tell, or lets nobody have so many sockets.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY and most < streams * _FILES_PER_STREAM + _OTHER_FILES:
        return None
    with ring(tls=tls) as here:
        found = [_open_kb(here, contender, streams) for contender in here.pair]
    ours, theirs = found
    return None if ours is None or theirs is None else (ours, theirs)


def _open_kb(here: Ring, contender: Contender, streams: int) -> float | None:
    # What is made once and kept is no stream's.
    here.prepare(_WARM, _WARM.streams)
    asyncio.run(ask_many(contender.target, _WARM.streams))
    before_mb = contender.child.gauge.pss_mb()
    here.prepare_silence(streams)

    async def look() -> float | None:
        async with holding(contender.target, streams):
            return contender.child.gauge.pss_mb()

    open_mb = asyncio.run(look())
    if open_mb is None or before_mb is None:
        return None
    return (open_mb - before_mb) * 1000 / streams


def history_ms(here: Ring, contender: Contender, times: int) -> float:
    """CPU of the proxy for a history of 2 MB with a short answer."""
    here.prepare(_SHORT, times)
    before_s = contender.cpu_s()
    heard = asyncio.run(_histories(contender, times))
    contender.count(times * _SHORT.events, sum(one.heard().events for one in heard))
    return (contender.cpu_s() - before_s) * 1000 / times


async def _histories(contender: Contender, times: int, apart_s: float = 0.0) -> list[Reading]:
    return [await ask(contender.target, long_history(), apart_s) for _ in range(times)]


@dataclass(frozen=True)
class Meanwhile:
    """How long others wait while histories come."""

    p99_ms: float
    """That of the delay of their events."""
    worst_ms: float
    block_ms: float
    """The longest time for which the loop had no turn for anybody; 0 where there is no proxy."""


def meanwhile(here: Ring, contender: Contender, histories: int) -> Meanwhile:
    """Have paced streams answered, and histories of 2 MB beside them."""
    paced, child = _OTHERS, contender.child
    is_proxy = contender is not here.direct

    async def both() -> tuple[list[Reading], list[Reading]]:
        async with asyncio.TaskGroup() as group:
            streams = group.create_task(ask_many(contender.target, paced.streams, paced.apart_s))
            # Those must have got their answers before the site is told of others.
            await asyncio.sleep(paced.apart_s * paced.streams + 0.3)
            await asyncio.to_thread(here.prepare, _SHORT, histories)
            if is_proxy:
                await asyncio.to_thread(_watch, child, on=True)
            long = await _histories(contender, histories, 0.05)
        return streams.result(), long

    here.prepare(paced, paced.streams)
    streams, long = asyncio.run(both())
    block_ms = _watch(child, on=False) if is_proxy else 0.0
    events = sum(one.heard().events for one in streams) + sum(one.heard().events for one in long)
    contender.count(paced.streams * paced.events + histories * _SHORT.events, events)
    late_ms = [late * 1000 for one in streams for late in one.late_s(paced.interval_s)]
    return Meanwhile(p50_p99(late_ms)[1], max(late_ms), block_ms)


def _watch(child: Child, *, on: bool) -> float:
    found: float = child.tell({"watch": on})["ms"]
    return found
